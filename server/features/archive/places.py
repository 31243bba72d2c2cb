"""Keeps how far each room's streams are copied."""

from collections.abc import Iterable, Sequence
from hashlib import blake2s
from typing import NamedTuple, Self

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.archive.tables import POSITIONS, ROOMS
from server.records.projection import Entry, RoomHead
from server.records.upsert import insert_into


class Position(NamedTuple):
    """The last copied entry of a stream, and how many are copied."""

    ms: int = 0
    n: int = 0
    digest: bytes = b""
    """What the entry is recognised by; empty if Redis need not have it any more."""
    entries: int = 0

    @property
    def start(self) -> str:
        """Where the next reading begins: with this entry if it is to be recognised."""
        return f"{'' if self.digest else '('}{self.ms}-{self.n}"

    def after(self, entries: Sequence[Entry]) -> Self:
        """The position once these are copied, too."""
        last = entries[-1]
        return type(self)(last.ms, last.n, digest_of(last.body), self.entries + len(entries))

    def is_before_or_at(self, place: bytes) -> bool:
        """Whether the last copied entry is not behind a place of the stream."""
        ms, _, n = place.partition(b"-")
        return (self.ms, self.n) <= (int(ms), int(n))

    def is_at(self, entry: Entry) -> bool:
        """Whether this entry is the last copied one."""
        return (entry.ms, entry.n, digest_of(entry.body)) == (self.ms, self.n, self.digest)


class Place(NamedTuple):
    """A room in the records, with the positions of its streams."""

    life: int
    head: RoomHead
    streams: dict[str, Position]


def digest_of(body: bytes) -> bytes:
    """Return what an entry is recognised by."""
    return blake2s(body, digest_size=8).digest()


async def places_of(
    connection: AsyncConnection, heads: Iterable[RoomHead], *, to_write: bool = False
) -> dict[tuple[str, int], Place]:
    """Return the places of the rooms that are in the records, by (room, made).

    With `to_write` no other transaction can move them until this one ends.
    """
    wanted = {(head.room, head.made): head for head in heads}
    asked = select(ROOMS.c.life, ROOMS.c.room, ROOMS.c.made, *_HEAD).where(
        ROOMS.c.room.in_({room for room, _ in wanted})
    )
    if to_write and connection.dialect.name == "postgresql":
        asked = asked.with_for_update()
    found = {
        (row.room, row.made): Place(row.life, RoomHead(*row), {})
        for row in await connection.execute(asked)
        if (row.room, row.made) in wanted
    }
    by_life = {place.life: place for place in found.values()}
    positions = select(POSITIONS).where(POSITIONS.c.life.in_(by_life))
    for row in await connection.execute(positions):
        position = Position(row.ms, row.n, bytes(row.digest), row.entries)
        by_life[row.life].streams[row.stream] = position
    return found


_HEAD = (
    ROOMS.c.host, ROOMS.c.kind, ROOMS.c.title, ROOMS.c.phase, ROOMS.c.scheduled, ROOMS.c.started,
    ROOMS.c.ended, ROOMS.c.practice, ROOMS.c.host_name, ROOMS.c.draft, ROOMS.c.cancelled,
)  # fmt: skip


async def write_head(connection: AsyncConnection, head: RoomHead) -> RoomHead:
    """Enter a room, or what is new of it; return it with its number."""
    values = head._asdict()
    del values["life"]
    insert = insert_into(connection, ROOMS).values(**values)
    life = await connection.scalar(
        insert.on_conflict_do_update(
            index_elements=["room", "made"],
            set_={name: insert.excluded[name] for name in values},
        ).returning(ROOMS.c.life)
    )
    return head._replace(life=int(life or 0))


async def write_position(
    connection: AsyncConnection, life: int, stream: str, position: Position, now_ms: int
) -> None:
    """Store how far a stream is copied now."""
    insert = insert_into(connection, POSITIONS).values(
        life=life, stream=stream, at=now_ms, **position._asdict()
    )
    moved = {name: insert.excluded[name] for name in ("ms", "n", "digest", "entries", "at")}
    await connection.execute(
        insert.on_conflict_do_update(index_elements=["life", "stream"], set_=moved)
    )
