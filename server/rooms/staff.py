"""What only host and moderators are told of a room: to whom scripts say it, and all of it anew."""

from msgspec import Struct, msgpack

from server.protocol.community import Desk
from server.protocol.community_events import AsksEvent, QueueEvent, ReviewEvent
from server.protocol.message import Event
from server.store.scripts import Scripts

HELD_MAX = 50


class _Loaded(Struct):
    desk: Desk
    held_total: int


_LOADED = msgpack.Decoder(_Loaded)


async def read_staff_values(scripts: Scripts, room_id: str) -> list[Event]:
    """The values that keep a desk true, as of one instant. Raises CommandError."""
    args = {"held_max": HELD_MAX, "muted_max": 0}
    loaded = await scripts.run("desk_load", room_id, args, _LOADED)
    return [
        AsksEvent(counts=loaded.desk.asks),
        QueueEvent(questions=loaded.desk.queue),
        ReviewEvent(held=loaded.desk.held, total=loaded.held_total),
    ]
