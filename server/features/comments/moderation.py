"""Moderation: taking comments back and keeping them, muting, slow mode."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from server.features.comments.messages import CommentKeep, CommentRemove, Mute, Slow
from server.features.comments.settings import CommentSettings
from server.protocol.codes import CommandError
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore

_ANY = msgspec.msgpack.Decoder(Any)


class Moderation:
    """The commands of hosts and moderators about comments. `host_of` names a room's host."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        host_of: Callable[[str], Awaitable[str]],
    ) -> None:
        self._store = store
        self._host_of = host_of
        self._limits = settings.section(CommentSettings)
        self._events_max = settings.rooms.event_stream_len_max

    def handlers(self) -> Handlers:
        """The commands of a moderator."""
        return {
            CommentRemove: Handler(self.remove, Role.MODERATOR),
            CommentKeep: Handler(self.keep, Role.MODERATOR),
            Mute: Handler(self.mute, Role.MODERATOR),
            Slow: Handler(self.slow, Role.MODERATOR),
        }

    async def remove(self, call: Call, cmd: CommentRemove) -> Ok:
        """Take a comment back for everybody, also where it has not been shown yet."""
        return await self._run_script("comments.remove", call, cmd, {"id": cmd.id})

    async def keep(self, call: Call, cmd: CommentKeep) -> Ok:
        """Keep a recent comment for the replay."""
        return await self._run_script("comments.keep", call, cmd, {"id": cmd.id})

    async def mute(self, call: Call, cmd: Mute) -> Ok:
        """Silence a user for a time, in the shadow without telling them; 0 lifts it."""
        _at_most("seconds", cmd.seconds, self._limits.mute_s_max)
        if cmd.user == call.who.user:
            raise CommandError("conflict", "You can't mute yourself.")
        if cmd.user == await self._host_of(call.room_id):
            raise CommandError("forbidden", "The host can't be muted in their own room.")
        args = {"user": cmd.user, "seconds": cmd.seconds, "shadow": cmd.shadow}
        return await self._run_script("comments.mute", call, cmd, args)

    async def slow(self, call: Call, cmd: Slow) -> Ok:
        """Set the seconds between two comments of a viewer; 0 lifts it."""
        _at_most("seconds", cmd.seconds, self._limits.slow_s_max)
        return await self._run_script("comments.slow", call, cmd, {"seconds": cmd.seconds})

    async def _run_script(self, script: str, call: Call, cmd: Command, args: dict[str, Any]) -> Ok:
        args |= {"by": call.who.user, "events_max": self._events_max}
        await self._store.run_script(script, call.room_id, args, _ANY)
        return Ok(ref=cmd.ref)


def _at_most(name: str, value: int, most: int) -> None:
    if value > most:
        raise CommandError("limit_reached", f"`{name}` can be at most {most} here.")
