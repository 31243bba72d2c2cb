"""The desk: what only the host and moderators see of a room, read when they sit down.

From then on `asks`, `queue` and `review` keep it true.
"""

from collections.abc import Awaitable, Callable

from msgspec import Struct, msgpack

from server.protocol.community import Desk
from server.protocol.community_commands import DeskOpen
from server.protocol.events import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.staff import HELD_MAX
from server.rooms.talk.questions import Due
from server.store.scripts import Scripts

MUTED_MAX = 500


class _Loaded(Struct):
    desk: Desk
    due: list[Due]


_LOADED = msgpack.Decoder(_Loaded)


class Desks:
    """Opens desks. `settle` tells the host's answers what they missed of a room."""

    def __init__(
        self, scripts: Scripts, settle: Callable[[str, list[Due]], Awaitable[None]]
    ) -> None:
        self._scripts = scripts
        self._settle = settle

    def handlers(self) -> Handlers:
        """The command to read the desk."""
        return {DeskOpen: Handler(self.open, Role.MODERATOR)}

    async def open(self, call: Call, cmd: DeskOpen) -> Ok:
        """Read all of it, as of one instant."""
        args = {"held_max": HELD_MAX, "muted_max": MUTED_MAX}
        loaded = await self._scripts.run("desk_load", call.room_id, args, _LOADED)
        await self._settle(call.room_id, loaded.due)
        return Ok(ref=cmd.ref, desk=loaded.desk)
