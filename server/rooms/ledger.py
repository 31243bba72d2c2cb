"""Reads a room's ledger: every change of an order, an allocation or a payment, in order."""

from collections.abc import AsyncIterator
from typing import Any

from msgspec import msgpack

from server.store.scripts import Scripts

Entry = dict[str, Any]
_ENTRY = msgpack.Decoder(Entry)
_CHUNK = 500


def entry_of(fields: dict[bytes, bytes]) -> Entry:
    """One entry out of the fields of its place in the stream."""
    return _ENTRY.decode(fields[b"e"])


def number_of(place: bytes) -> int:
    """The number of an entry out of its place `<number>-0`."""
    return int(place.split(b"-")[0])


async def read(
    scripts: Scripts, room_id: str, after: int = 0
) -> AsyncIterator[list[tuple[int, Entry]]]:
    """The entries after number `after`, a few hundred at a time, as (number, entry)."""
    key = scripts.keys.room(room_id, "ledger")
    while True:
        chunk = await scripts.redis.xrange(key, min=f"({after}-0", count=_CHUNK)
        if not chunk:
            return
        yield [(number_of(place), entry_of(fields)) for place, fields in chunk]
        after = number_of(chunk[-1][0])
