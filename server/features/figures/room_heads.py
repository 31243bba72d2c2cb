"""What the figures must know of a room before its ledger and timeline are read."""

from collections.abc import Sequence

from msgspec import Struct

from server.protocol.codes import CommandError
from server.store.reading import reading
from server.store.room_store import RoomStore

_FIELDS = ("host", "kind", "phase", "title", "epoch", "created", "started", "ended")


class RoomHead(Struct, frozen=True):
    """A room, and how far its ledger and timeline go. Times in Unix ms, 0 = not yet."""

    room: str
    host: str
    kind: str
    phase: str
    title: str
    epoch: str
    created: int
    started: int
    ended: int
    ledger: int
    timeline: str
    now: int


async def heads_of(store: RoomStore, rooms: Sequence[str]) -> list[RoomHead]:
    """The heads of those of these rooms that exist, in the same order; in one round trip."""
    if not rooms:
        return []
    keys = store.keys
    pipeline = store.redis.pipeline(transaction=False)
    for room_id in rooms:
        pipeline.hmget(keys.room(room_id, "room"), *_FIELDS)
        pipeline.hget(keys.room(room_id, "stats"), "entries")
        pipeline.xrevrange(keys.room(room_id, "timeline"), count=1)
    pipeline.time()
    with reading():
        *found, (seconds, micros) = await pipeline.execute()
    now = int(seconds) * 1000 + int(micros) // 1000
    heads = []
    for n, room_id in enumerate(rooms):
        fields, entries, newest = found[3 * n : 3 * n + 3]
        if fields[0] is None:
            continue
        host, kind, phase, title, epoch, *times = [(field or b"").decode() for field in fields]
        created, started, ended = (int(time or 0) for time in times)
        head = RoomHead(
            room=room_id,
            host=host,
            kind=kind,
            phase=phase,
            title=title,
            epoch=epoch,
            created=created,
            started=started,
            ended=ended,
            ledger=int(entries or 0),
            timeline=newest[0][0].decode() if newest else "",
            now=now,
        )
        heads.append(head)
    return heads


async def head_of(store: RoomStore, room_id: str) -> RoomHead:
    """One room's head. CommandError `not_found` if there is none."""
    heads = await heads_of(store, [room_id])
    if not heads:
        raise CommandError("not_found", f"There is no room `{room_id}`; check its id.")
    return heads[0]
