"""The rows that were set aside: which there are, of whom, and what must wait for them."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.archive.tables import ROOMS, SET_ASIDE
from server.records.projection import HEAD
from server.records.upsert import insert_into


class Aside(Struct, frozen=True, kw_only=True):
    """A row that a projection could not fold, see the table. Times in Unix ms."""

    projection: str
    stream: str
    ms: int
    n: int
    why: str
    since: int
    tried: int
    room: str = ""

    @property
    def row(self) -> str:
        """Which row it is, for people."""
        return "the room's head" if self.stream == HEAD else f"{self.stream} {self.ms}-{self.n}"

    @property
    def place(self) -> tuple[str, int, int]:
        """What it is known by in its room and projection."""
        return self.stream, self.ms, self.n


_ROW = ("projection", "stream", "ms", "n", "why", "since", "tried")


def lives_aside(projection: str) -> Select[int]:
    """The rooms of which a projection lacks a row."""
    return select(SET_ASIDE.c.life).where(SET_ASIDE.c.projection == projection)


async def rows_aside(
    connection: AsyncConnection, *, room: str = "", life: int = 0, projection: str = ""
) -> list[Aside]:
    """Return the rows that are set aside, of all rooms or of one, of all projections or of one."""
    row = SET_ASIDE.c
    asked = select(ROOMS.c.room, *(row[name] for name in _ROW))
    asked = asked.join(ROOMS, ROOMS.c.life == row.life)
    if room:
        asked = asked.where(ROOMS.c.room == room)
    if life:
        asked = asked.where(row.life == life)
    if projection:
        asked = asked.where(row.projection == projection)
    order = row.life, row.projection, row.stream, row.ms, row.n
    found = await connection.execute(asked.order_by(*order))
    return [Aside(**each) for each in found.mappings()]


async def count_aside(connection: AsyncConnection, room: str = "") -> int:
    """Count them, of all rooms or of one."""
    asked = select(func.count()).select_from(SET_ASIDE)
    if room:
        asked = asked.join(ROOMS, ROOMS.c.life == SET_ASIDE.c.life).where(ROOMS.c.room == room)
    return int(await connection.scalar(asked) or 0)


async def put_aside(connection: AsyncConnection, life: int, rows: Sequence[Aside]) -> None:
    """Enter rows of one room; of one that is known, why it fails now."""
    if not rows:
        return
    put = insert_into(connection, SET_ASIDE)
    put = put.on_conflict_do_update(
        index_elements=[column.name for column in SET_ASIDE.primary_key],
        set_={name: put.excluded[name] for name in ("why", "tried")},
    )
    values = [{"life": life} | {name: getattr(each, name) for name in _ROW} for each in rows]
    await connection.execute(put, values)


async def take_back(connection: AsyncConnection, life: int, projection: str) -> None:
    """Forget what is set aside of a room in a projection: it is folded again."""
    which = SET_ASIDE.c.life == life, SET_ASIDE.c.projection == projection
    await connection.execute(delete(SET_ASIDE).where(*which))
