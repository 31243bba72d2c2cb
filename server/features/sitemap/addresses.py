"""Addresses of the pages that everybody may find, as the records have them, part by part."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from sqlalchemy import Select, case, func, select

from server.features.notes.tables import NOTES
from server.features.search.tables import ROOMS
from server.records.database import Database

PART_MAX: Final = 5000
"""Addresses of a part. The protocol allows 50,000; so many at once would keep others waiting."""
PARTS_MAX: Final = 1000
"""Parts of a kind; what is older than they reach is left out."""


class Address(NamedTuple):
    """The path of a page, and when it changed last (Unix ms; 0: not known)."""

    path: str
    changed: int


def _rooms() -> Select[Any]:
    last = case((ROOMS.c.ended > 0, ROOMS.c.ended), else_=ROOMS.c.started)
    return select(ROOMS.c.room, last).where(ROOMS.c.shown).order_by(ROOMS.c.life.desc())


def _hosts() -> Select[Any]:
    last = func.max(ROOMS.c.started)
    shown = select(ROOMS.c.host, last).where(ROOMS.c.shown).group_by(ROOMS.c.host)
    return shown.order_by(func.max(ROOMS.c.life).desc())


def _notes() -> Select[Any]:
    public = select(NOTES.c.note, NOTES.c.changed).where(NOTES.c.status == "public")
    return public.order_by(NOTES.c.published.desc(), NOTES.c.note.desc())


KINDS: Final[Mapping[str, tuple[str, Select[Any]]]] = {
    "notes": ("/note/", _notes()),
    "rooms": ("/watch/", _rooms()),
    "hosts": ("/h/", _hosts()),
}
"""Kind of page -> the beginning of its path, and what lists ids with the last change, the newest
first."""


class Addresses:
    """Reads addresses. Methods raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def parts(self) -> list[tuple[str, int]]:
        """The parts that there are: kind and number, from 1."""
        found = []
        async with self._records.reading() as connection:
            for kind, (_, listed) in KINDS.items():
                counted = select(func.count()).select_from(listed.order_by(None).subquery())
                count = await connection.scalar(counted)
                parts = min(PARTS_MAX, -(-int(count or 0) // PART_MAX))
                found += [(kind, number) for number in range(1, parts + 1)]
        return found

    async def part(self, kind: str, number: int) -> list[Address]:
        """The addresses of a part; [] if there are none."""
        begins, listed = KINDS[kind]
        some = listed.limit(PART_MAX).offset((number - 1) * PART_MAX)
        async with self._records.reading() as connection:
            rows = (await connection.execute(some)).all()
        return [Address(begins + quote(row[0], safe=""), int(row[1] or 0)) for row in rows]
