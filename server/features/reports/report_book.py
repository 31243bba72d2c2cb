"""Reads reports: the queue of the operator, what waits at a room's desk, and all of one thing."""

from collections.abc import Collection, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.reports.messages import About, DeskReport
from server.features.reports.tables import REPORTS, THINGS
from server.records.database import Database

DESK_MAX = 50
WORDS_MAX = 3
"""Texts of reports that the queue and the desk show of one thing."""

Order = Literal["most", "oldest"]


class ReportedThing(DeskReport, frozen=True, kw_only=True):
    """The same for the operator. `user` answers for it: the author, the user, or the host.

    `said`: when a comment or review was written. `open`: it waits for a decision; else `outcome`,
    `note` and `by` say what was decided, at `decided`. If it was opened again, they are of the
    time before.
    """

    room: str
    host: str
    said: int
    open: bool
    outcome: str = ""
    note: str = ""
    by: str = ""
    decided: int = 0


class ReportView(Struct, frozen=True):
    """A report as the operator sees it: who reported what, with which words. `at` in Unix ms."""

    user: str
    kind: str
    text: str
    at: int


class ReportsPage(Struct, frozen=True):
    """Reported things; `open` is how many wait in all rooms. `next` is the `cursor` of the
    following page; null at the end."""

    things: list[ReportedThing]
    open: int
    next: str | None = None


class AuthorReports(Struct, frozen=True):
    """Reported comments on an author's notes. `next` is the `cursor` of the following page."""

    reports: list[DeskReport]
    next: str | None = None


class ThingView(Struct, frozen=True):
    """One thing with its reports, the newest first; those from before it was last opened too."""

    thing: ReportedThing
    reports: list[ReportView]


class Wanted(NamedTuple):
    """Which things: those of which each of these holds, if it is not empty."""

    open: bool = True
    kind: str = ""
    about: str = ""
    room: str = ""
    user: str = ""


class ReportBook:
    """Reads reports. Methods raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def page(self, wanted: Wanted, order: Order, cursor: str, limit: int) -> ReportsPage:
        """Things that are wanted, in this order, after the place that an earlier page named."""
        query = select(THINGS).where(*_which(wanted))
        if cursor:
            query = query.where(_after(order, cursor))
        columns = THINGS.c
        by_age = columns.opened, columns.thing
        places = (columns.count.desc(), *by_age) if order == "most" else by_age
        waiting = select(func.count()).select_from(THINGS).where(THINGS.c.open)
        async with self._records.reading() as connection:
            found = (await connection.execute(query.order_by(*places).limit(limit + 1))).all()
            shown = found[:limit]
            told = await _told(connection, shown)
            total = int(await connection.scalar(waiting) or 0)
        return ReportsPage([_thing(row, told) for row in shown], total, _place_after(found, limit))

    async def one(self, thing: str, limit: int) -> ThingView | None:
        """A thing with its newest reports."""
        reports = select(REPORTS).where(REPORTS.c.thing == thing).order_by(REPORTS.c.at.desc())
        async with self._records.reading() as connection:
            row = await row_of(connection, thing)
            if row is None:
                return None
            told = await _told(connection, [row])
            found = (await connection.execute(reports.limit(limit))).all()
        names = ReportView.__struct_fields__
        views = [ReportView(**{name: getattr(each, name) for name in names}) for each in found]
        return ThingView(_thing(row, told), views)

    async def of_author(self, author: str, cursor: str, limit: int) -> AuthorReports:
        """Comments of others on an author's notes that are reported and wait, the most reported
        first."""
        which = (THINGS.c.host == author, THINGS.c.at_desk, THINGS.c.open, THINGS.c.room == "")
        query = select(THINGS).where(*which, THINGS.c.user != author)
        if cursor:
            query = query.where(_after("most", cursor))
        places = THINGS.c.count.desc(), THINGS.c.opened, THINGS.c.thing
        async with self._records.reading() as connection:
            found = (await connection.execute(query.order_by(*places).limit(limit + 1))).all()
            told = await _told(connection, found[:limit])
        reports = [DeskReport(**_shown(row, told)) for row in found[:limit]]
        return AuthorReports(reports, _place_after(found, limit))

    async def at_desk(self, room: str, reader: str) -> tuple[list[DeskReport], int]:
        """Return what waits at a room's desk, the most reported first, and how many; nothing of the
        reader's own."""
        which = (*waits_at_desk(room), THINGS.c.user != reader)
        query = select(THINGS).where(*which).order_by(THINGS.c.count.desc(), THINGS.c.opened)
        async with self._records.reading() as connection:
            rows = (await connection.execute(query.limit(DESK_MAX))).all()
            told = await _told(connection, rows)
            total = await _count(connection, which)
        return [DeskReport(**_shown(row, told)) for row in rows], total


def waits_at_desk(room: str) -> tuple[ColumnElement[bool], ...]:
    """Return which things wait at a room's desk."""
    return THINGS.c.room == room, THINGS.c.open, THINGS.c.at_desk


async def desk_total(connection: AsyncConnection, room: str) -> int:
    """Return how many things wait at a room's desk."""
    return await _count(connection, waits_at_desk(room))


async def row_of(connection: AsyncConnection, thing: str, *, to_write: bool = False) -> Any:
    """The row of a thing, or None."""
    asked = select(THINGS).where(THINGS.c.thing == thing)
    return (await connection.execute(asked.with_for_update() if to_write else asked)).first()


async def thing_view(connection: AsyncConnection, row: Any) -> ReportedThing:
    """A thing as the operator sees it."""
    return _thing(row, await _told(connection, [row]))


class _Told(NamedTuple):
    """The kinds and the words of reports, by the thing they are about."""

    kinds: dict[str, dict[str, int]]
    words: dict[str, list[str]]


async def _count(connection: AsyncConnection, which: Collection[ColumnElement[bool]]) -> int:
    asked = select(func.count()).select_from(THINGS).where(*which)
    return int(await connection.scalar(asked) or 0)


async def _told(connection: AsyncConnection, rows: Sequence[Any]) -> _Told:
    things = [row.thing for row in rows]
    counting = (REPORTS.c.thing == THINGS.c.thing) & (REPORTS.c.at >= THINGS.c.opened)
    counted = select(REPORTS.c.thing, REPORTS.c.kind, func.count().label("n")).join(
        THINGS, counting
    )
    counted = counted.where(REPORTS.c.thing.in_(things)).group_by(REPORTS.c.thing, REPORTS.c.kind)
    told = _Told({}, {})
    for row in await connection.execute(counted.order_by(REPORTS.c.kind)):
        told.kinds.setdefault(row.thing, {})[row.kind] = int(row.n)
    for thing in things:
        said = select(REPORTS.c.text).join(THINGS, counting)
        said = said.where(REPORTS.c.thing == thing, REPORTS.c.text != "")
        said = said.order_by(REPORTS.c.at.desc()).limit(WORDS_MAX)
        told.words[thing] = list((await connection.scalars(said)).all())
    return told


def _which(wanted: Wanted) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [THINGS.c.open == wanted.open]
    found += [
        THINGS.c[name] == value
        for name in ("about", "room", "user")
        if (value := getattr(wanted, name))
    ]
    if wanted.kind:
        of_kind = (REPORTS.c.thing == THINGS.c.thing) & (REPORTS.c.kind == wanted.kind)
        found.append(exists().where(of_kind & (REPORTS.c.at >= THINGS.c.opened)))
    return found


def _after(order: Order, cursor: str) -> ColumnElement[bool]:
    count, opened, thing = cursor.split("-")
    older = tuple_(THINGS.c.opened, THINGS.c.thing) > (int(opened), thing)
    if order == "oldest":
        return older
    return or_(THINGS.c.count < int(count), and_(THINGS.c.count == int(count), older))


def _place_after(found: Sequence[Any], limit: int) -> str | None:
    """The cursor of the page after the first `limit` of what was found; None at the end."""
    if len(found) <= limit:
        return None
    last = found[limit - 1]
    return f"{last.count}-{last.opened}-{last.thing}"


def _shown(row: Any, told: _Told) -> dict[str, Any]:
    about: About = row.about
    names = ("thing", "user", "name", "text", "count", "opened", "last", "of_note")
    return {name: getattr(row, name) for name in names} | {
        "about": about, "id": row.ref, "kinds": told.kinds.get(row.thing, {}),
        "words": told.words.get(row.thing, []),
    }  # fmt: skip


def _thing(row: Any, told: _Told) -> ReportedThing:
    names = ("room", "host", "said", "open", "outcome", "note", "by", "decided")
    return ReportedThing(**_shown(row, told), **{name: getattr(row, name) for name in names})
