"""Reads what is new in rooms' streams, from Redis."""

import itertools
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from server.features.archive.places import Place, Position
from server.records.projection import Entry, RoomHead
from server.store.room_store import RoomStore

_FIELDS = (
    "created", "host", "kind", "title", "phase", "scheduled", "started", "ended", "practice",
    "host_name", "draft", "cancelled", "left",
)  # fmt: skip


class Found(NamedTuple):
    """What is new in a room: entries behind the position of each stream."""

    head: RoomHead
    new: dict[str, list[Entry]]
    rewound: list[str]
    """Streams whose last copied entry is not in Redis any more, or is another one."""
    more: bool
    """Whether a stream has further entries."""
    short: Sequence[str] = ()
    """Streams that end before their last copied entry: Redis lost it, or the room is leaving."""


async def heads_of(store: RoomStore, rooms: Sequence[str]) -> list[RoomHead | Exception]:
    """Read what identifies each room; an exception where a room can't be read, none where there is
    no such room or it left Redis."""
    pipeline = store.redis.pipeline(transaction=False)
    for room in rooms:
        pipeline.hmget(store.keys.room(room, "room"), _FIELDS)
    answers = await pipeline.execute(raise_on_error=False)
    heads: list[RoomHead | Exception] = []
    for room, answer in zip(rooms, answers, strict=True):
        if isinstance(answer, Exception):
            heads.append(answer)
        elif answer[0] is not None and not has_left(answer[-1]):
            heads.append(_head(room, answer))
    return heads


def has_left(left: bytes | None) -> bool:
    """Whether the field `left` of a room says that it is gone; one that is leaving is there."""
    return left is not None and not left.startswith(b"leaving:")


def _head(room: str, answer: Sequence[bytes | None]) -> RoomHead:
    def text(n: int) -> str:
        return (answer[n] or b"").decode(errors="replace")

    def number(n: int) -> int:
        found = answer[n]
        return int(float(found)) if found else 0

    return RoomHead(
        0, room, number(0), text(1), text(2), text(3), text(4), number(5), number(6), number(7),
        bool(number(8)), text(9), bool(number(10)), bool(number(11)),
    )  # fmt: skip


async def new_entries(
    store: RoomStore,
    streams: Sequence[str],
    places: Mapping[RoomHead, Place | None],
    count: int,
    bytes_max: int = sys.maxsize,
) -> list[tuple[RoomHead, Found | Exception]]:
    """Read up to `count` new entries of each stream of each room, in one round trip; of a stream no
    more than `bytes_max`, but one entry in any case.

    Each reading begins at the last copied entry, to see that Redis still has that very one: a
    Redis that lost its last second gives the same places to other entries.
    """
    pipeline = store.redis.pipeline(transaction=False)
    for head, place in places.items():
        for stream in streams:
            at = _position(place, stream)
            key = store.keys.room(head.room, stream)
            pipeline.xrange(key, min=at.start, count=count + 1)
    answers = iter(await pipeline.execute(raise_on_error=False))
    return [
        (head, _found(head, {stream: next(answers) for stream in streams}, place, count, bytes_max))
        for head, place in places.items()
    ]


def _position(place: Place | None, stream: str) -> Position:
    return (place.streams.get(stream) if place else None) or Position()


def _found(
    head: RoomHead, answers: Mapping[str, Any], place: Place | None, count: int, bytes_max: int
) -> Found | Exception:
    new: dict[str, list[Entry]] = {}
    rewound, short = [], []
    more = False
    for stream, answer in answers.items():
        if isinstance(answer, Exception):
            return answer
        entries = [entry_of(at, fields) for at, fields in answer]
        position = _position(place, stream)
        if position.digest and entries:
            if not position.is_at(entries[0]):
                rewound.append(stream)
                continue
            del entries[0]
        elif position.digest:
            short.append(stream)
        more |= len(answer) > count
        if entries:
            new[stream] = _within(entries[:count], bytes_max)
            more |= len(new[stream]) < len(entries)
    return Found(head, new, rewound, more, short)


def _within(entries: list[Entry], bytes_max: int) -> list[Entry]:
    """The first entries that are not larger together; one in any case."""
    sizes = itertools.accumulate(len(entry.body) for entry in entries)
    return entries[: max(1, sum(size <= bytes_max for size in sizes))]


def entry_of(place: bytes, fields: Mapping[bytes, bytes]) -> Entry:
    """Return an entry as the archive keeps it."""
    ms, _, n = place.partition(b"-")
    return Entry(int(ms), int(n), fields.get(b"e", b""))


async def ends_before(
    store: RoomStore, room: str, stream: str, position: Position, *, alone: bool = False
) -> bool:
    """Whether Redis has a room, and a stream of it that ends before this position.

    False if the stream has cut off all entries; and while the room leaves Redis or comes back,
    unless nobody can do that now because we are `alone` with Redis.
    """
    key = store.keys.room(room, stream)
    pipeline = store.redis.pipeline(transaction=True)  # at one instant: the room may be leaving
    pipeline.hmget(store.keys.room(room, "room"), "created", "left")
    pipeline.xrevrange(key, count=1)
    pipeline.exists(key)
    (made, left), newest, exists = await pipeline.execute()
    if made is None or (left is not None and not alone):
        return False
    return not position.is_before_or_at(newest[0][0]) if newest else not exists


async def first_entry(store: RoomStore, room: str, stream: str) -> Entry | None:
    """Return the oldest entry of a stream in Redis."""
    found = await store.redis.xrange(store.keys.room(room, stream), count=1)
    return entry_of(*found[0]) if found else None
