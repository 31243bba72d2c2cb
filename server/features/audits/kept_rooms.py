"""Reads what an audit needs of a room: from Redis, or from the snapshot of one that left.

A room that left is audited where it is: nothing brings it back.
"""

from typing import Any, NamedTuple

from msgspec import msgpack

from server.features.archive.source import entry_of, has_left
from server.features.books.audit import READ, ZSETS, Audit, State, audit, audit_of
from server.features.books.books import Books
from server.features.ledger import ledger
from server.records.database import Database
from server.records.projection import Entry
from server.records.retired import Part, read_parts
from server.store.room_store import RoomStore

_FIELDS = msgpack.Decoder(list[bytes])
_CHUNK = 500


class SnapshotLost(Exception):
    """A room left Redis, and its snapshot is not in the records."""


class Kept(NamedTuple):
    """A room's own audit, and the entries of its ledger."""

    audit: Audit
    ledger: list[Entry]
    away: bool
    """Whether it left Redis."""


async def left_of(store: RoomStore, room: str) -> bytes | None:
    """Return the field `left` of a room, None if it is in Redis."""
    left: bytes | None = await store.redis.hget(store.keys.room(room, "room"), "left")
    return left if has_left(left) else None


async def read_kept(store: RoomStore, records: Database, room: str, left: bytes | None) -> Kept:
    """Audit a room where it is. Raises SnapshotLost, RecordsAway, RedisError or OSError."""
    if left is not None:
        return await _from_snapshot(store, records, room, left.decode())
    own = await audit(store, room)
    return Kept(own, await _ledger_in_redis(store, room), False)


async def _ledger_in_redis(store: RoomStore, room: str) -> list[Entry]:
    entries: list[Entry] = []
    start = "-"
    while page := await store.redis.xrange(
        store.keys.room(room, "ledger"), min=start, count=_CHUNK
    ):
        entries += [entry_of(place, fields) for place, fields in page]
        start = f"({entries[-1].place}"
    return entries


async def _from_snapshot(store: RoomStore, records: Database, room: str, snapshot: str) -> Kept:
    state: State = {name: [] if name in ZSETS else {} for name in READ}
    books, entries, seen = Books(), list[Entry](), False
    async for part in read_parts(records, snapshot):
        seen = True
        if part.key == "ledger" and part.kind == "stream":
            for place, fields in _stream(part):
                entries.append(entry_of(place, fields))
                for number, line in ledger.lines_of(place, fields):
                    books.add_line(number, line)
        elif part.key in READ:
            _add_part(state, part)
    if not seen:
        raise SnapshotLost(f"it left Redis, and its snapshot {snapshot} is not in the records")
    state["room"] = await store.redis.hgetall(store.keys.room(room, "room"))
    return Kept(audit_of(books, state), entries, True)


def _stream(part: Part) -> list[tuple[bytes, dict[bytes, bytes]]]:
    found = []
    for place, packed in zip(part.items[::2], part.items[1::2], strict=True):
        fields = _FIELDS.decode(packed)
        found.append((place, dict(zip(fields[::2], fields[1::2], strict=True))))
    return found


def _add_part(state: dict[str, Any], part: Part) -> None:
    pairs = zip(part.items[::2], part.items[1::2], strict=False)
    if part.kind == "hash":
        state[part.key].update(pairs)
    elif part.kind == "zset":
        state[part.key] += [(member, float(score)) for member, score in pairs]
