"""Reads a room's timeline: what happened in it besides money, fact after fact.

The scripts write it (`record` in `_timeline.lua`); docs/timeline.md has the kinds of facts. What
was sold stands in the ledger.
"""

from collections.abc import AsyncIterator
from typing import Any

from msgspec import msgpack

from server.store.scripts import Scripts

Fact = dict[str, Any]
_FACT = msgpack.Decoder(Fact)
_CHUNK = 500


async def read(
    scripts: Scripts,
    room_id: str,
    *,
    after: str = "",
    from_ms: int = 0,
    to_ms: int | None = None,
) -> AsyncIterator[list[tuple[str, Fact]]]:
    """The facts in the order they happened, some hundreds at a time, as (id, fact).

    `after` is the id of the last fact known (`<ms>-<n>`; "" for none); from_ms <= time < to_ms
    (Unix ms by the clock of Redis, None for no end). A room that is not there has no facts.
    """
    key = scripts.keys.room(room_id, "timeline")
    start = f"({after}" if after else str(from_ms)
    end = "+" if to_ms is None else f"({to_ms}-0"
    while True:
        chunk = await scripts.redis.xrange(key, min=start, max=end, count=_CHUNK)
        if not chunk:
            return
        yield [(place.decode(), _FACT.decode(fields[b"e"])) for place, fields in chunk]
        start = "(" + chunk[-1][0].decode()


def place_ms(place: str) -> int:
    """When the fact of this id was recorded (Unix ms)."""
    return int(place.split("-", maxsplit=1)[0])
