"""The rules for a room's comments: blocked words, who may comment, which comments are held.

A worker keeps a room's rules as compiled words and their version. Every batch of comments carries
the version to its script, which refuses a batch judged by another version (`comments/add.lua`). So
once a moderator is answered `ok`, no worker lets a comment pass that breaks the new rule.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple, TypeVar

import msgspec
from cachetools import LRUCache

from server.features.rules.matching import Matcher, must_have_letters
from server.features.rules.messages import Review, WordAction, WordsOk, WordsPut, WordsRemove
from server.features.rules.messages import Rules as RulesCommand
from server.features.rules.server_words import ServerWords, strictest
from server.features.rules.settings import ModerationSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore

ROOMS_REMEMBERED_MAX = 2000
CHARS_REMEMBERED_MAX = 1_000_000
"""Most characters of compiled words, over all remembered rooms; about 130 bytes each."""
VARIANTS_CHARS_MAX = 200_000
"""Characters that the variants may add to the words of one room."""
CHARS_AT_ONCE_MAX = 32
"""Most characters of words that are compiled on the loop (about 1 ms); more go to a thread."""

TRIES_MAX = 5
"""How often the rules may change while one batch is on its way."""

T = TypeVar("T")


class _Changed(msgspec.Struct):
    """What every script that changes the rules returns, and more; `total` counts words."""

    total: int | None = None


_CHANGED = msgspec.msgpack.Decoder(_Changed)


class Loaded(msgspec.Struct):
    """The result of `rules_load`; `words` alternates words and actions."""

    ver: int
    followers_only: bool
    review: Review
    words: list[str]

    def actions(self) -> dict[str, WordAction]:
        """The action for each word."""
        pairs = zip(self.words[::2], self.words[1::2], strict=True)
        return {word: "hold" if action == "hold" else "block" for word, action in pairs}


_LOADED = msgspec.msgpack.Decoder(Loaded)


class RoomRules(NamedTuple):
    """The rules of one room at one version, ready to judge.

    `server` has the words of all rooms, `own` finds the room's, which `actions` has; `chars` are
    the characters looked for because of these.
    """

    ver: int
    followers_only: bool
    server: ServerWords
    own: tuple[Matcher[WordAction], ...]
    actions: dict[str, WordAction]
    chars: int

    def verdict(self, text: str) -> WordAction | None:
        """The strictest action for the words in `text`; None if it has none of them."""
        return strictest((*self.server.finders, *self.own), text)


def _size(rules: RoomRules) -> int:
    """Return the characters that a room counts as: so many at least that
    `ROOMS_REMEMBERED_MAX` rooms fit into `CHARS_REMEMBERED_MAX`."""
    least = CHARS_REMEMBERED_MAX // ROOMS_REMEMBERED_MAX
    return min(max(rules.chars, least), CHARS_REMEMBERED_MAX)


class Rules:
    """Changes the rules of rooms, and knows them."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        self._store = store
        self._limits = settings.section(ModerationSettings)
        self._events_max = settings.rooms.event_stream_len_max
        self.server = ServerWords(store, self._limits)
        self._rooms: LRUCache[str, RoomRules] = LRUCache(CHARS_REMEMBERED_MAX, _size)
        self._making = asyncio.Lock()

    def handlers(self) -> Handlers:
        """The commands with which moderators change the rules."""
        return {
            WordsPut: Handler(self.put, Role.MODERATOR),
            WordsRemove: Handler(self.remove, Role.MODERATOR),
            RulesCommand: Handler(self.set, Role.MODERATOR),
        }

    # What comments ask

    def known(self, room_id: str) -> RoomRules | None:
        """The rules as this worker last read them; None if it has not."""
        return self._rooms.get(room_id)

    async def rules_in(self, room_id: str) -> RoomRules:
        """The rules as this worker knows them. Raises CommandError."""
        return self._rooms.get(room_id) or await self.load(room_id)

    def server_verdict(self, text: str) -> WordAction | None:
        """The strictest action for the server's own words in a text, whatever rules a room has."""
        return self.server.verdict(text)

    async def load(self, room_id: str) -> RoomRules:
        """Read them anew. Raises CommandError."""
        await self.server.must_be_known()
        loaded = await self.read(room_id)
        actions = loaded.actions()
        rules = self._with_same_words(room_id, loaded, actions)
        if rules is None and sum(map(len, actions)) <= CHARS_AT_ONCE_MAX:
            rules = self._made(loaded, actions)
        if rules is None:
            async with self._making:  # one at a time: they share the interpreter with the loop
                rules = self._with_same_words(room_id, loaded, actions)
                if rules is None:
                    rules = await asyncio.to_thread(self._made, loaded, actions)
        self._rooms[room_id] = rules
        return rules

    def _with_same_words(
        self, room_id: str, loaded: Loaded, actions: dict[str, WordAction]
    ) -> RoomRules | None:
        known = self._rooms.get(room_id)
        if known is None or known.actions != actions:
            return None
        return known._replace(ver=loaded.ver, followers_only=loaded.followers_only)

    def _made(self, loaded: Loaded, actions: dict[str, WordAction]) -> RoomRules:
        own = Matcher(
            actions, variants=self.server.file.variants, variants_chars_max=VARIANTS_CHARS_MAX
        )
        found = (own,) if own else ()
        return RoomRules(loaded.ver, loaded.followers_only, self.server, found, actions, own.chars)

    async def judged(self, room_id: str, by: Callable[[RoomRules], Awaitable[T | None]]) -> T:
        """Call `by` with the room's rules; if it returns None they are stale: reload and repeat.

        Raises CommandError.
        """
        rules = await self.rules_in(room_id)
        for _ in range(TRIES_MAX):
            outcome = await by(rules)
            if outcome is not None:
                return outcome
            rules = await self.load(room_id)
        raise CommandError("unavailable", "The rules of this room change; try again.", 500)

    async def read(self, room_id: str) -> Loaded:
        """The rules as they stand in the store. Raises CommandError."""
        return await self._store.run_script("rules.load_rules", room_id, {}, _LOADED)

    # What moderators change

    async def put(self, call: Call, cmd: WordsPut) -> Ok:
        """Block words, or hold comments with them."""
        words = _clean(cmd.words)
        args = {"words": words, "action": cmd.action, "words_max": self._limits.words_max}
        return await self._run_script("rules.put_words", call, cmd.ref, args)

    async def remove(self, call: Call, cmd: WordsRemove) -> Ok:
        """Let words pass again."""
        return await self._run_script(
            "rules.remove_words", call, cmd.ref, {"words": _trimmed(cmd.words)}
        )

    async def set(self, call: Call, cmd: RulesCommand) -> Ok:
        """Say who may comment and what waits for review."""
        args: dict[str, Any] = {}
        if cmd.followers_only is not None:
            args["followers_only"] = cmd.followers_only
        if cmd.review is not None:
            args["review"] = cmd.review
        return await self._run_script("rules.set", call, cmd.ref, args)

    async def _run_script(self, script: str, call: Call, ref: int, args: dict[str, Any]) -> Ok:
        args |= {"by": call.who.user, "events_max": self._events_max}
        changed = await self._store.run_script(script, call.room_id, args, _CHANGED)
        return WordsOk(ref=ref, total=changed.total)


def _trimmed(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(" ".join(word.split()) for word in words))


def _clean(words: Iterable[str]) -> list[str]:
    """Words that can be looked for, each once. Raises CommandError."""
    clean = _trimmed(words)
    try:
        for word in clean:
            must_have_letters(word)
    except ValueError as error:
        raise CommandError("bad_message", str(error)) from None
    return clean
