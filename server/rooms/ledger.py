"""Reads a room's ledger: every change of an order, an allocation or a payment, in order."""

from collections.abc import AsyncIterator
from typing import Any

from msgspec import msgpack

from server.store.scripts import Scripts

Entry = dict[str, Any]
_LINES = msgpack.Decoder(list[Entry])
_CHUNK = 100


def lines_of(place: bytes, fields: dict[bytes, bytes]) -> list[tuple[int, Entry]]:
    """The numbered lines of one entry of the stream.

    A script call writes one entry; its place is `<number of its last line>-0`.
    """
    lines = _LINES.decode(fields[b"e"])
    first = int(place.split(b"-")[0]) - len(lines) + 1
    return list(enumerate(lines, first))


async def read_back(scripts: Scripts, room_id: str) -> AsyncIterator[list[tuple[int, Entry]]]:
    """All lines, the last first, some hundreds at a time, as (number, line)."""
    key = scripts.keys.room(room_id, "ledger")
    before = "+"
    while True:
        chunk = await scripts.redis.xrevrange(key, max=before, count=_CHUNK)
        if not chunk:
            return
        yield [line for place, fields in chunk for line in reversed(lines_of(place, fields))]
        before = f"({chunk[-1][0].decode()}"


async def read(
    scripts: Scripts, room_id: str, after: int = 0
) -> AsyncIterator[list[tuple[int, Entry]]]:
    """The lines after number `after`, some hundreds at a time, as (number, line)."""
    key = scripts.keys.room(room_id, "ledger")
    while True:
        chunk = await scripts.redis.xrange(key, min=f"({after}-0", count=_CHUNK)
        if not chunk:
            return
        lines = [line for place, fields in chunk for line in lines_of(place, fields)]
        yield lines
        after = lines[-1][0]
