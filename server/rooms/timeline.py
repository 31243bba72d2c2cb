"""Reads a room's timeline: the facts about everything in it except money, in order.

The scripts write it (`record` in `_timeline.lua`); docs/timeline.md lists the kinds of facts.
Sales are recorded in the ledger.
"""

from collections.abc import AsyncIterator, Collection
from typing import Any, NamedTuple

from msgspec import Struct, msgpack

from server.store.room_store import RoomStore

Fact = dict[str, Any]


class _Kind(Struct):
    k: str


class Part(NamedTuple):
    """A section of a timeline: (id, fact) in order, read up to the id `end`."""

    facts: list[tuple[str, Fact]]
    end: str


_FACT = msgpack.Decoder(Fact)
_KIND = msgpack.Decoder(_Kind)
_CHUNK = 500


async def read(
    store: RoomStore,
    room_id: str,
    *,
    after: str = "",
    from_ms: int = 0,
    to_ms: int | None = None,
    count: int = _CHUNK,
) -> AsyncIterator[list[tuple[str, Fact]]]:
    """Yield the facts in the order they happened, as (id, fact), read `count` at a time.

    `after` is the id of the last known fact (`<ms>-<n>`; "" for none); from_ms <= time < to_ms
    (when they were recorded, in Unix ms by the clock of Redis; None for no end). A room that does
    not exist has no facts.
    """
    parts = walk(store, room_id, after=after, from_ms=from_ms, to_ms=to_ms, count=count)
    async for part in parts:
        yield part.facts


async def walk(
    store: RoomStore,
    room_id: str,
    *,
    after: str = "",
    from_ms: int = 0,
    to_ms: int | None = None,
    kinds: Collection[str] | None = None,
    count: int = _CHUNK,
) -> AsyncIterator[Part]:
    """Yield the facts in parts; given some kinds, skip all others without decoding them.

    To continue later, pass the `end` of the last part, even if that part is empty.
    """
    key = store.keys.room(room_id, "timeline")
    start = f"({after}" if after else str(from_ms)
    end = "+" if to_ms is None else f"({to_ms}-0"
    while True:
        chunk = await store.redis.xrange(key, min=start, max=end, count=count)
        if not chunk:
            if await store.must_be_here(room_id):
                continue
            return
        facts = [
            (place.decode(), _FACT.decode(fields[b"e"]))
            for place, fields in chunk
            if kinds is None or _KIND.decode(fields[b"e"]).k in kinds
        ]
        last = chunk[-1][0].decode()
        yield Part(facts, last)
        start = f"({last}"
