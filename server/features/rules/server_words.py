"""The words and patterns of the whole server: those of its file, and those put there as it runs.

Workers keep them compiled, and look twice a second whether there is a new version: a change counts
on all of them within a second, and after a restart. A worker that has not read them yet reads them
before it judges the first comment.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol, Self

import msgspec
from msgspec import Struct
from redis.exceptions import RedisError

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.features.rules.matching import Matcher, must_have_letters
from server.features.rules.messages import WordAction
from server.features.rules.patterns import (
    PATTERN_CHARS_MAX,
    TOGETHER_MAX,
    Patterns,
    must_be_pattern,
)
from server.features.rules.settings import ModerationSettings
from server.features.rules.words import WORD_CHARS_MAX, WordList, read_words
from server.protocol.codes import CommandError
from server.store.action_log import ACTIONS_MAX, Action, packed
from server.store.reading import asked
from server.store.room_store import RoomStore
from server.text.readings import readings

INTERVAL_S = 0.5
VARIANTS_CHARS_MAX = 200_000
"""Characters that the variants may add to the words that were put as the server runs."""

Form = Literal["word", "pattern"]


class ServerWord(Struct, frozen=True, kw_only=True):
    """A word or pattern of the whole server: `by` put it `at` (Unix ms) for the reason `why`."""

    id: str
    word: str
    form: Form
    action: WordAction
    why: str
    by: str
    at: int


class _Done(Struct):
    done: bool


class _Finds(Protocol):
    def find_in(self, reading: str) -> Iterator[WordAction]: ...


_MUST: Mapping[Form, tuple[int, Callable[[str], None]]] = {
    "word": (WORD_CHARS_MAX, must_have_letters),
    "pattern": (PATTERN_CHARS_MAX, must_be_pattern),
}
"""By form, how many characters there may be, and what refuses the rest."""
_DONE = msgspec.msgpack.Decoder(_Done)
_WORD = msgspec.json.Decoder(ServerWord)


class ServerWords:
    """Changes the server's words, and knows them. An async context manager that follows them."""

    def __init__(self, store: RoomStore, limits: ModerationSettings) -> None:
        self._store = store
        self._most: Mapping[Form, int] = {
            "word": limits.server_words_max, "pattern": limits.server_patterns_max,
        }  # fmt: skip
        self.file: WordList = read_words(limits.words_file)
        self._of_file = tuple(filter(None, [self.file.matcher()]))
        self.finders: tuple[_Finds, ...] = self._of_file
        """What finds a word of the server in a reading of a text."""
        self.version = -1
        """The version that was read last; -1: none yet."""
        self._reading = asyncio.Lock()
        self._repeating = Repeating("server words", self.follow, INTERVAL_S)

    async def __aenter__(self) -> Self:
        with contextlib.suppress(RedisError, OSError):  # they are read when it works
            await self.follow()
        self._repeating.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._repeating.stop()

    def verdict(self, text: str) -> WordAction | None:
        """The strictest action for the server's words in a text; None if it has none of them."""
        return strictest(self.finders, text)

    async def must_be_known(self) -> None:
        """Read them if they never were. Raises CommandError `unavailable`."""
        if self.version < 0:
            await asked(self.follow())

    async def follow(self) -> None:
        """Read what changed. Raises RedisError or OSError."""
        version = await self._version()
        if version == self.version:
            return
        async with self._reading:
            version = await self._version()  # before the words: what is newer is read again
            if version != self.version:
                self.finders = await self._finders()
                self.version = version

    async def all(self) -> list[ServerWord]:
        """Every word that was put, the newest first. Raises CommandError `unavailable`."""
        return sorted(await asked(self._stored()), key=lambda word: (-word.at, word.id))

    async def put(
        self, words: Iterable[str], form: Form, action: WordAction, why: str, by: str
    ) -> list[ServerWord]:
        """Put words or patterns on the list, or change what these do. Raises CommandError."""
        clean = _clean(words, form)
        if form == "pattern":
            await self._must_fit_together(clean, action)
        now = unix_ms()
        put = [
            ServerWord(
                id=word_id(form, text), word=text, form=form, action=action, why=why, by=by, at=now
            )
            for text in clean
        ]
        texts = [msgspec.json.encode(word).decode() for word in put]
        await self._write(form, put, texts, "put_word", by)
        return put

    async def remove(self, id_: str, by: str) -> None:
        """Take a word off the list. Raises CommandError `not_found`."""
        word = next((each for each in await self.all() if each.id == id_), None)
        if word is None:
            raise CommandError("not_found", f"The server has no word `{id_[:64]}`.")
        await self._write(word.form, [word], [""], "remove_word", by)

    async def _write(
        self, form: Form, words: Sequence[ServerWord], texts: Sequence[str], what: str, by: str
    ) -> None:
        args = {
            "form": form, "ids": [word.id for word in words], "words": texts,
            "words_max": self._most[form],
            "actions": [packed(_action(word, what, by)) for word in words],
            "actions_max": ACTIONS_MAX,
        }  # fmt: skip
        await self._store.run_script("rules.put_server_words", "", args, _DONE)
        await asked(self.follow())

    async def _must_fit_together(self, patterns: Iterable[str], action: WordAction) -> None:
        known = {word.word: word.action for word in await self.all() if word.form == "pattern"}
        together = known | dict.fromkeys(patterns, action)
        try:
            made = await asyncio.to_thread(Patterns, together)
            if made.program > TOGETHER_MAX:
                raise ValueError("each comment would take too long.")
        except ValueError as error:
            why = f"With this the server's patterns are too many to look for together: {error}"
            raise CommandError("limit_reached", why) from None

    async def _version(self) -> int:
        return int(await self._store.redis.get(self._store.keys.shared("server_words_ver")) or 0)

    async def _stored(self) -> list[ServerWord]:
        keys, redis = self._store.keys, self._store.redis
        words = await redis.hvals(keys.shared("server_words"))
        patterns = await redis.hvals(keys.shared("server_patterns"))
        return [word for text in (*words, *patterns) if (word := self._read(text))]

    def _read(self, text: bytes) -> ServerWord | None:
        """Read a word; None if it can't be read: then the log names it, and the others count."""
        try:
            return _WORD.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._store.note_damaged("", f"server_words {text[:80]!r}", str(error))
            return None

    async def _finders(self) -> tuple[_Finds, ...]:
        words = await self._stored()
        return await asyncio.to_thread(self._made, words) if words else self._of_file

    def _made(self, words: Iterable[ServerWord]) -> tuple[_Finds, ...]:
        by_form: dict[Form, dict[str, WordAction]] = {"word": {}, "pattern": {}}
        for word in words:
            by_form[word.form][word.word] = word.action
        own = Matcher(
            by_form["word"], variants=self.file.variants, variants_chars_max=VARIANTS_CHARS_MAX
        )
        patterns = Patterns(by_form["pattern"])
        found: list[_Finds] = [each for each in (own, patterns) if each]
        return (*self._of_file, *found)


def strictest(finders: Iterable[_Finds], text: str) -> WordAction | None:
    """The strictest action of what these find in a text; None if they find nothing."""
    finders = tuple(finders)
    if not finders:
        return None
    verdict: WordAction | None = None
    for reading in readings(text):
        for finder in finders:
            for action in finder.find_in(reading):
                if action == "block":
                    return "block"
                verdict = "hold"
    return verdict


def _action(word: ServerWord, what: str, by: str) -> Action:
    details = {"word": word.word, "form": word.form, "action": word.action, "why": word.why}
    return Action(unix_ms(), by, what, ref=word.id, details=details)


def word_id(form: Form, word: str) -> str:
    """The id of a word of the server: that of a word, and of a pattern, of one text differ."""
    return f"w{hashlib.blake2s(f'{form}/{word}'.encode(), digest_size=8).hexdigest()}"


def _clean(words: Iterable[str], form: Form) -> list[str]:
    """Words or patterns that can be looked for, each once. Raises CommandError."""
    is_word = form == "word"
    most, must = _MUST[form]
    clean = list(dict.fromkeys(" ".join(word.split()) if is_word else word for word in words))
    try:
        for word in clean:
            if len(word) > most:
                raise CommandError("too_long", f"A {form} can have {most} characters.")
            must(word)
    except ValueError as error:
        raise CommandError("bad_message", str(error)) from None
    return clean
