"""Reads a room's ledger: every change of an order, an allocation or a payment, in order."""

from collections.abc import AsyncIterator
from typing import Any

from msgspec import msgpack

from server.store.room_store import RoomStore

Line = dict[str, Any]
_LINES = msgpack.Decoder(list[Line])
_CHUNK = 100


def lines_of(place: bytes, fields: dict[bytes, bytes]) -> list[tuple[int, Line]]:
    """The numbered lines of one entry of the stream.

    A script call writes one entry; its place is `<number of its last line>-0`.
    """
    lines = _LINES.decode(fields[b"e"])
    first = int(place.split(b"-")[0]) - len(lines) + 1
    return list(enumerate(lines, first))


async def read(
    store: RoomStore, room_id: str, after: int = 0, *, count: int = _CHUNK
) -> AsyncIterator[list[tuple[int, Line]]]:
    """The lines after number `after`, of `count` script calls at a time, as (number, line).

    A part ends where a script call ended, so its last number is a place to go on from.
    """
    key = store.keys.room(room_id, "ledger")
    while True:
        chunk = await store.redis.xrange(key, min=f"({after}-0", count=count)
        if not chunk:
            if await store.must_be_here(room_id):
                continue
            return
        lines = [line for place, fields in chunk for line in lines_of(place, fields)]
        yield lines
        after = lines[-1][0]
