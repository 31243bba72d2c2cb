"""Reads what the figures must know of a room before its ledger and timeline are read."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct

from server.protocol.codes import CommandError
from server.rooms.left_out import LeftOut
from server.store.reading import reading
from server.store.room_store import RoomStore

_FIELDS = (
    "host", "kind", "phase", "title", "epoch", "created", "started", "ended",
    "practice", "left_entries", "left_timeline",
)  # fmt: skip


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
    practice: bool = False
    """Nobody is told of it, and its orders are void: no number of its host has it."""


class Heads(NamedTuple):
    """Heads of rooms, and the ids of those that could not be read."""

    read: list[RoomHead]
    unread: list[str]


async def heads_of(store: RoomStore, rooms: Sequence[str], left_out: LeftOut) -> Heads:
    """The heads of those of these rooms that exist, in the same order; in one round trip.

    Raises CommandError if Redis does not answer at all.
    """
    heads = Heads([], [])
    for room_id, found in await _read(store, rooms):
        try:
            head = found()
        except Exception as error:  # its shard is down, or its data are damaged
            left_out.say(room_id, error)
            heads.unread.append(room_id)
        else:
            if head is not None:
                heads.read.append(head)
    return heads


async def head_of(store: RoomStore, room_id: str) -> RoomHead:
    """One room's head. CommandError `not_found` if there is none."""
    [(_, found)] = await _read(store, [room_id])
    with reading():
        head = found()
    if head is None:
        raise CommandError("not_found", f"There is no room `{room_id}`; check its id.")
    return head


Found = Callable[[], RoomHead | None]
"""Returns a room's head, None if it does not exist; raises why it can't be read."""


async def _read(store: RoomStore, rooms: Sequence[str]) -> list[tuple[str, Found]]:
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
        *answers, time_now = await pipeline.execute(raise_on_error=False)
        if isinstance(time_now, Exception):
            raise time_now
    now = int(time_now[0]) * 1000 + int(time_now[1]) // 1000
    parts = zip(rooms, answers[0::3], answers[1::3], answers[2::3], strict=True)
    return [(room_id, partial(_head, room_id, now, *part)) for room_id, *part in parts]


def _head(room_id: str, now: int, *found: Any) -> RoomHead | None:
    for answer in found:
        if isinstance(answer, Exception):
            raise answer
    fields, entries, newest = found
    if fields[0] is None:
        return None
    texts = [(field or b"").decode() for field in fields]
    host, kind, phase, title, epoch, *times, left_entries, left_timeline = texts
    created, started, ended, practice = (int(number or 0) for number in times)
    return RoomHead(
        room=room_id,
        host=host,
        kind=kind,
        phase=phase,
        title=title,
        epoch=epoch,
        created=created,
        started=started,
        ended=ended,
        ledger=int(entries or left_entries or 0),
        timeline=newest[0][0].decode() if newest else left_timeline,
        now=now,
        practice=bool(practice),
    )
