"""Comments: cleaned, limited by user, and sent to Redis one batch a room at a time."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from server.metrics import Metrics
from server.protocol.codes import CommandError
from server.protocol.commands import Comment
from server.protocol.events import Ok
from server.protocol.roles import Role
from server.rate import BucketsByName
from server.rooms.call import Call, Handler, Handlers
from server.rooms.group_ids import recent_comments_max
from server.rooms.plain_text import plain_text
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.scripts import Scripts

BATCH_MAX = 500
WAITING_MAX = 20_000
USERS_REMEMBERED_MAX = 100_000

Heed = Callable[[Call, str, Ok], Awaitable[Ok]]
"""Told of each comment that was accepted, its text and the reply; gives back the reply to send."""


class _Outcome(msgspec.Struct):
    """What became of one comment of a batch."""

    err: str = ""
    msg: str = ""
    retry_ms: int | None = None


_OUTCOMES = msgspec.msgpack.Decoder(list[_Outcome])


class Comments:
    """Takes comments. Whether a user is muted or a room is slow is decided by the script."""

    def __init__(
        self, scripts: Scripts, settings: Settings, metrics: Metrics, heed: Heed | None = None
    ) -> None:
        self._heed = heed
        self._scripts = scripts
        self._settings = settings
        self._limits = settings.rooms
        self._spoken = BucketsByName(
            settings.rooms.comments_per_user_per_s,
            settings.rooms.comments_burst,
            USERS_REMEMBERED_MAX,
        )
        self.batches: GroupCommit[dict[str, Any], _Outcome] = GroupCommit(
            "comment_add",
            self._add,
            metrics,
            batch_max=BATCH_MAX,
            waiting_max=WAITING_MAX,
            interval_s=settings.bus.publish_interval_ms / 1000,
        )

    def handlers(self) -> Handlers:
        """The command to speak."""
        return {Comment: Handler(self.comment, Role.VIEWER)}

    async def comment(self, call: Call, cmd: Comment) -> Ok:
        """Say it to the room; `ok` carries the comment's id."""
        text = self._clean(cmd.text)
        self._must_not_flood(call)
        comment = {
            "id": f"c{secrets.token_hex(8)}",
            "user": call.who.user,
            "name": call.who.name,
            "role": call.who.role.value,
            "text": text,
        }
        outcome = await self.batches.submit(call.room_id, comment)
        if outcome.err:
            raise CommandError(outcome.err, outcome.msg, outcome.retry_ms)
        ok = Ok(ref=cmd.ref, id=comment["id"])
        return await self._heed(call, text, ok) if self._heed else ok

    def _clean(self, text: str) -> str:
        """The text as `plain_text`; CommandError if none is left or too much."""
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
        if call.who.role is not Role.VIEWER:
            return
        now = asyncio.get_running_loop().time()
        wait_s = self._spoken.wait_s((call.room_id, call.who.user), now)
        if wait_s > 0:
            raise CommandError(
                "rate_limited", "You comment faster than this room allows.", int(wait_s * 1000) + 1
            )

    async def _add(self, room_id: str, comments: list[dict[str, Any]]) -> list[_Outcome]:
        args = {
            "comments": comments,
            "recent_max": recent_comments_max(self._settings, room_id),
            "events_max": self._limits.event_stream_len_max,
        }
        return await self._scripts.run("comment_add", room_id, args, _OUTCOMES)
