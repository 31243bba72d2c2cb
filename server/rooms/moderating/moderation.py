"""Moderation: taking comments back and keeping them, muting, slow mode, notices."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from server.protocol.codes import CommandError
from server.protocol.commands import CommentRemove, Mute, Notice, Slow
from server.protocol.community_commands import CommentKeep
from server.protocol.events import Ok
from server.protocol.message import Command
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import plain_text
from server.settings import Settings
from server.store.scripts import Scripts

_ANY = msgspec.msgpack.Decoder(Any)


class Moderation:
    """What hosts and moderators may do about what is said. `host_of` names a room's host."""

    def __init__(
        self,
        scripts: Scripts,
        settings: Settings,
        host_of: Callable[[str], Awaitable[str]],
    ) -> None:
        self._scripts = scripts
        self._host_of = host_of
        self._limits = settings.rooms

    def handlers(self) -> Handlers:
        """The commands of a moderator."""
        return {
            CommentRemove: Handler(self.remove, Role.MODERATOR),
            CommentKeep: Handler(self.keep, Role.MODERATOR),
            Mute: Handler(self.mute, Role.MODERATOR),
            Slow: Handler(self.slow, Role.MODERATOR),
            Notice: Handler(self.notice, Role.MODERATOR),
        }

    async def remove(self, call: Call, cmd: CommentRemove) -> Ok:
        """Take a comment back for everybody, also where it has not been shown yet."""
        return await self._run("comment_remove", call, cmd, {"id": cmd.id})

    async def keep(self, call: Call, cmd: CommentKeep) -> Ok:
        """Keep a recent comment for the replay."""
        return await self._run("comment_keep", call, cmd, {"id": cmd.id})

    async def mute(self, call: Call, cmd: Mute) -> Ok:
        """Silence a user for a time, in the shadow without telling them; 0 lifts it."""
        _at_most("seconds", cmd.seconds, self._limits.mute_s_max)
        if cmd.user == call.who.user:
            raise CommandError("conflict", "You can't mute yourself.")
        if cmd.user == await self._host_of(call.room_id):
            raise CommandError("forbidden", "The host can't be muted in their own room.")
        args = {"user": cmd.user, "seconds": cmd.seconds, "shadow": cmd.shadow}
        return await self._run("mute_set", call, cmd, args)

    async def slow(self, call: Call, cmd: Slow) -> Ok:
        """Set the seconds between two comments of a viewer; 0 lifts it."""
        _at_most("seconds", cmd.seconds, self._limits.slow_s_max)
        return await self._run("slow_set", call, cmd, {"seconds": cmd.seconds})

    async def notice(self, call: Call, cmd: Notice) -> Ok:
        """Show a line to everybody; an empty one takes the last away."""
        text = plain_text(cmd.text)
        if len(text) > self._limits.text_chars_max:
            raise CommandError(
                "too_long", f"A notice can have {self._limits.text_chars_max} characters."
            )
        return await self._run("notice_put", call, cmd, {"text": text})

    async def _run(self, script: str, call: Call, cmd: Command, args: dict[str, Any]) -> Ok:
        args |= {"by": call.who.user, "events_max": self._limits.event_stream_len_max}
        await self._scripts.run(script, call.room_id, args, _ANY)
        return Ok(ref=cmd.ref)


def _at_most(name: str, value: int, most: int) -> None:
    if value > most:
        raise CommandError("limit_reached", f"`{name}` can be at most {most} here.")
