"""Comments: cleaned, limited by user, judged by the room's rules, sent to Redis in room batches.

A held or shadowed comment has no effect on the room. The listener (`Heed`) gives only its author a
private answer, until a moderator passes it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Protocol

import msgspec

from server.access.auth import Identity
from server.access.rate import BucketsByName
from server.features.circles.belonging import Belonging
from server.features.circles.group_ids import is_group
from server.features.circles.settings import GroupSettings
from server.features.comments.messages import (
    Badge,
    Comment,
    CommentOk,
    CommentView,
    Quoted,
)
from server.features.comments.settings import CommentSettings
from server.features.rules.rules import RoomRules, Rules
from server.features.rules.settings import ModerationSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import plain_text
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.reading import asked
from server.store.request_key import new_id
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from server.text.folding import plain, squeezed

BATCH_MAX = 500
WAITING_MAX = 20_000
USERS_REMEMBERED_MAX = 100_000
SYSTEM = "system"
"""The role of an author who is another server, by its token: the shop's own system."""


class Reading(Protocol):
    """The meaning read from a text."""

    @property
    def asks(self) -> bool:
        """Whether it asks for something; the flood limit does not apply to asks."""
        ...


class Heed(Protocol):
    """A listener: reads viewers' comments, and hears of each accepted one."""

    def read(self, text: str) -> Reading:
        """Read what a text asks for."""
        ...

    async def heed(
        self, call: Call, reading: Any, text: str, ok: CommentOk, *, seen: bool = True
    ) -> Ok:
        """Return the reply to send instead of `ok`.

        `seen` is whether the room sees the comment. If not, only its author may notice any effect.
        """
        ...


class _Outcome(msgspec.Struct):
    """The outcome of one comment of a batch: `held` for review, or said in a `shadow` mute; `staff`
    if its author moderates here."""

    err: str = ""
    msg: str = ""
    retry_ms: int | None = None
    held: bool = False
    shadow: bool = False
    staff: bool = False


_OUTCOMES = msgspec.msgpack.Decoder(list[_Outcome])


@dataclass(slots=True)
class _Draft:
    """A comment on its way, and the version of the rules that judged it; -1: none yet."""

    comment: dict[str, Any]
    ver: int = -1

    def judge(self, rules: RoomRules) -> None:
        """Note the verdict of the rules' words, unless this version has judged it already."""
        if self.ver != rules.ver:
            self.comment["word"] = rules.verdict(self.comment["text"])
            self.ver = rules.ver


class Comments:
    """Takes comments. This class finds words in them; the script decides each outcome."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        metrics: Metrics,
        rules: Rules,
        belonging: Belonging,
        gathering: Callable[[str], float],
        quoted: Callable[[str, str], Awaitable[Quoted | None]],
        moderates: Callable[[str, str], bool],
    ) -> None:
        """`gathering` gives the part of `bus.publish_interval_ms` that holds for a room now,
        `quoted` (room, comment) what is known of a comment that is answered, `moderates` (room,
        user) whether somebody is known here as one of the room's own moderators."""
        self._quoted = quoted
        self._moderates = moderates
        self._rules = rules
        self._belonging = belonging
        self.badges: Callable[[str, str], Sequence[Badge]] | None = None
        """(room, user) -> the badges of a comment; set it before the first comment arrives."""
        self.heed: Heed | None = None
        """The listener to comments; set it before the first comment arrives."""
        self._store = store
        self._settings = settings
        self._limits = settings.section(CommentSettings)
        self._moderation = settings.section(ModerationSettings)
        self._bounds = {
            "review_max": settings.section(ModerationSettings).review_max,
            "review_per_user_max": settings.section(ModerationSettings).review_per_user_max,
            "new_ms": settings.section(ModerationSettings).new_s * 1000,
            "duplicate_ms": int(settings.section(ModerationSettings).duplicate_s * 1000),
            "flood_ms": int(settings.section(ModerationSettings).flood_s * 1000),
            "flood_users_max": settings.section(ModerationSettings).flood_users_max,
        }
        self._spoken = BucketsByName(
            settings.section(CommentSettings).comments_per_user_per_s,
            settings.section(CommentSettings).comments_burst,
            USERS_REMEMBERED_MAX,
        )
        self.batches: GroupCommit[_Draft, _Outcome] = GroupCommit(
            "comments.add",
            self._add,
            metrics,
            batch_max=BATCH_MAX,
            waiting_max=WAITING_MAX,
            interval_s=settings.bus.publish_interval_ms / 1000,
            part=gathering,
            keyed=True,
        )

    def handlers(self) -> Handlers:
        """The command to speak."""
        return {Comment: Handler(self.comment, Role.VIEWER)}

    async def comment(self, call: Call, cmd: Comment) -> Ok:
        """Say it to the room; `ok` carries the comment's id, and whether it waits for review."""
        text = self._clean(cmd.text)
        self._must_not_flood(call)
        comment: dict[str, Any] = {
            "id": new_id("c"),
            "user": call.who.user,
            "name": call.who.name,
            "role": SYSTEM if call.who.scopes is not None else call.who.role.value,
            "text": text,
        }
        if self.badges is not None and (badges := self.badges(call.room_id, call.who.user)):
            comment["badges"] = badges
        if cmd.reply_to is not None:
            comment["reply"] = await self._reply(call, cmd.reply_to)
        draft, reading = _Draft(comment), None
        if call.who.role is Role.VIEWER:
            comment["digest"] = self._digest(text)
            if self.heed is not None:
                reading = self.heed.read(text)
                comment["asks"] = reading.asks
            if (rules := self._rules.known(call.room_id)) is not None:
                draft.judge(rules)  # now, not for the whole batch at once
        outcome = await self.batches.submit(call.room_id, draft)
        if outcome.err:
            raise CommandError(outcome.err, outcome.msg, outcome.retry_ms)
        ok = CommentOk(ref=cmd.ref, id=comment["id"], held=outcome.held or None)
        if self.heed is None or reading is None or outcome.staff:
            return ok  # those who moderate want nothing of the host
        seen = not (outcome.held or outcome.shadow)
        return await self.heed.heed(call, reading, text, ok, seen=seen)

    async def passed(self, room_id: str, comment: CommentView) -> None:
        """Tell the listener about a held comment that a moderator has shown."""
        if self.heed is not None and comment.role == Role.VIEWER:
            author = Identity(comment.user, comment.name, Role.VIEWER)
            reading = self.heed.read(comment.text)
            ok = CommentOk(ref=None)
            await self.heed.heed(Call(room_id, author), reading, comment.text, ok)

    async def _reply(self, call: Call, comment: str) -> dict[str, str]:
        """What a reply says of the comment that it answers; CommandError if that is not known.

        Whoever is in the shadow may answer their own comment as everybody may: a refusal would
        tell them that the room never saw it.
        """
        found = await self._quoted(call.room_id, comment)
        if found is None and await self._said_in_shadow(call, comment):
            found = Quoted(comment, call.who.user, call.who.name)
        if found is None:
            raise CommandError(
                "not_found",
                "The comment you answer is gone, or too old; say it as a comment of its own.",
            )
        return msgspec.structs.asdict(found)

    async def _said_in_shadow(self, call: Call, comment: str) -> bool:
        key = self._store.keys.room(call.room_id, "shadowed")
        place: Any = self._store.redis.lpos(key, f"{comment}/{call.who.user}")
        return await asked(place) is not None

    def _digest(self, text: str) -> str | None:
        """A hash of the text as compared; None if it is too short to count as a repetition."""
        letters = squeezed(plain(text))
        if len(letters) < self._moderation.repeat_chars_min:
            return None
        return blake2b(letters.encode(), digest_size=8).hexdigest()

    def _clean(self, text: str) -> str:
        """The text as `plain_text`; CommandError if the result is empty or too long."""
        clean = plain_text(text)
        if not clean:
            raise CommandError("bad_message", "The comment is empty.")
        if len(clean) > self._limits.comment_chars_max:
            raise CommandError(
                "too_long",
                f"A comment can have {self._limits.comment_chars_max} characters; "
                f"this one has {len(clean)}.",
            )
        return clean

    def _must_not_flood(self, call: Call) -> None:
        who = call.who
        if who.role is not Role.VIEWER or self._moderates(call.room_id, who.user):
            return
        now = asyncio.get_running_loop().time()
        wait_s = self._spoken.wait_s((call.room_id, who.user), now)
        if wait_s > 0:
            raise CommandError(
                "rate_limited", "You comment faster than this room allows.", int(wait_s * 1000) + 1
            )

    async def _add(self, room_id: str, drafts: list[_Draft]) -> list[_Outcome]:
        async def by(rules: RoomRules) -> list[_Outcome] | None:
            return await self._add_by(rules, room_id, drafts)

        return await self._rules.judged(room_id, by)

    async def _add_by(
        self, rules: RoomRules, room_id: str, drafts: list[_Draft]
    ) -> list[_Outcome] | None:
        """The outcomes under these rules; None if the room's rules have changed since."""
        comments = [draft.comment for draft in drafts]
        for draft in drafts:
            if draft.comment["role"] == Role.VIEWER:
                draft.judge(rules)
        if rules.followers_only:
            users = {comment["user"] for comment in comments}
            followers = await self._belonging.users_in(room_id, "followers", users)
            for comment in comments:
                comment["follows"] = comment["user"] in followers
        args = {
            "comments": comments,
            "rules_ver": rules.ver,
            "recent_max": recent_comments_max(self._settings, room_id),
            "events_max": self._settings.rooms.event_stream_len_max,
        }
        outcomes = await self._store.run_script(
            "comments.add", room_id, args | self._bounds, _OUTCOMES
        )
        return None if outcomes and outcomes[0].err == "stale" else outcomes


def recent_comments_max(settings: Settings, room_id: str) -> int:
    """How many recent comments a join to this room shows; a group's lasting chat keeps more."""
    if is_group(room_id):
        return settings.section(GroupSettings).recent_comments_max
    return settings.section(CommentSettings).recent_comments_max
