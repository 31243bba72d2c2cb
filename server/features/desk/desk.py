"""The desk: the values of a room that only host and moderators see, read once by command.

After that, the events `asks`, `queue` and `review` keep it up to date.
"""

from collections.abc import Awaitable, Callable

from msgspec import Struct, msgpack

from server.features.asks.messages import AsksEvent, QueueEvent
from server.features.asks.questions import Due
from server.features.comments.messages import ReviewEvent
from server.features.desk.messages import Desk, DeskOk, DeskOpen
from server.protocol.message import Event, Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.store.room_store import RoomStore

HELD_MAX = 50
MUTED_MAX = 500


class _Loaded(Struct):
    desk: Desk
    due: list[Due]
    held_total: int


_LOADED = msgpack.Decoder(_Loaded)


class Desks:
    """Opens desks. `settle` copies a room's due changes to the host's answers, `carry` brings in
    what earlier streams of the host left open."""

    def __init__(
        self,
        store: RoomStore,
        settle: Callable[[str, list[Due]], Awaitable[None]],
        carry: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._settle = settle
        self._carry = carry

    def handlers(self) -> Handlers:
        """The command to read the desk."""
        return {DeskOpen: Handler(self.open, Role.MODERATOR)}

    async def open(self, call: Call, cmd: DeskOpen) -> Ok:
        """Read all of it, as of one instant."""
        await self._carry(call.room_id)
        args = {"held_max": HELD_MAX, "muted_max": MUTED_MAX}
        loaded = await self._store.run_script("desk.load_desk", call.room_id, args, _LOADED)
        await self._settle(call.room_id, loaded.due)
        return DeskOk(ref=cmd.ref, desk=loaded.desk)


async def read_staff_values(store: RoomStore, room_id: str) -> list[Event]:
    """The events that bring a desk up to date, as of one instant. Raises CommandError."""
    args = {"held_max": HELD_MAX, "muted_max": 0}
    loaded = await store.run_script("desk.load_desk", room_id, args, _LOADED)
    return [
        AsksEvent(counts=loaded.desk.asks),
        QueueEvent(questions=loaded.desk.queue),
        ReviewEvent(held=loaded.desk.held, total=loaded.held_total),
    ]
