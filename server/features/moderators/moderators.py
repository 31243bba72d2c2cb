"""Moderators by room: viewers whom the host lets moderate this room, whatever their token says.

Each command asks the store, so a removed moderator is refused at once. Delivery of events to
moderators follows the worker's copy of the room (`Room`), which learns of changes over the bus.
"""

from collections.abc import Awaitable, Callable

import msgspec

from server.features.moderators.messages import ModeratorAdd, ModeratorRemove, ModeratorsOk
from server.features.moderators.settings import ModeratorSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.reading import asked
from server.store.room_store import RoomStore


class _Total(msgspec.Struct):
    """The result of `moderator_set`."""

    total: int


_TOTAL = msgspec.msgpack.Decoder(_Total)


class Moderators:
    """Adds and removes them. `host_of` names a room's host."""

    def __init__(
        self, store: RoomStore, settings: Settings, host_of: Callable[[str], Awaitable[str]]
    ) -> None:
        self._store = store
        self._host_of = host_of
        self._most = settings.section(ModeratorSettings).moderators_max
        self._events_max = settings.rooms.event_stream_len_max

    def handlers(self) -> Handlers:
        """The commands with which hosts make moderators and take that back."""
        return {
            ModeratorAdd: Handler(self.add, Role.HOST),
            ModeratorRemove: Handler(self.remove, Role.HOST),
        }

    async def has(self, room_id: str, user: str) -> bool:
        """Whether the host of the room made this user a moderator. Raises CommandError."""
        key = self._store.keys.room(room_id, "moderators")
        return bool(await asked(self._store.redis.hexists(key, user)))

    async def add(self, call: Call, cmd: ModeratorAdd) -> Ok:
        """Make a user a moderator of this room; `total` counts them."""
        if cmd.user == await self._host_of(call.room_id):
            raise CommandError("conflict", "The host may do all that moderators may.")
        return await self._set(call, cmd, on=True)

    async def remove(self, call: Call, cmd: ModeratorRemove) -> Ok:
        """Make a moderator a viewer again."""
        return await self._set(call, cmd, on=False)

    async def _set(self, call: Call, cmd: ModeratorAdd | ModeratorRemove, *, on: bool) -> Ok:
        args = {
            "user": cmd.user,
            "on": on,
            "moderators_max": self._most,
            "by": call.who.user,
            "events_max": self._events_max,
        }
        done = await self._store.run_script("moderators.set", call.room_id, args, _TOTAL)
        return ModeratorsOk(ref=cmd.ref, total=done.total)
