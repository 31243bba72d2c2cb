"""Reads the counts of searches: their words, and what was not found."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import tzinfo
from typing import Any

from msgspec import Struct
from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.insights.numbers import SoughtDay, SoughtRow
from server.features.insights.tables import SEARCHED_WEEKS, SEARCHES
from server.features.insights.weeks import Weeks, day_of, starts_of_day, week_of_day
from server.records.database import Database

SOUGHT_MAX = 50


class DaySearch(Struct, frozen=True, kw_only=True):
    """A query on a day: how often it was searched for, how often that found nothing, and the same
    seven days before; by how many people in the day's week so far (those who did not sign in are
    one)."""

    text: str
    searches: int
    empty: int
    searches_before: int
    empty_before: int
    people: int


class DaySearches(Struct, frozen=True, kw_only=True):
    """Queries of a day of `zone` (from `starts`, Unix ms), those first that found nothing most
    often. `next` is the `cursor` of the following page; null at the end."""

    zone: str
    starts: int
    searches: list[DaySearch]
    next: str | None = None


async def texts_of(connection: AsyncConnection, queries: Collection[str]) -> dict[str, str]:
    """The words of queries by name."""
    asked = select(SEARCHES.c.query, func.min(SEARCHES.c.text).label("text"))
    asked = asked.where(SEARCHES.c.query.in_(sorted(queries))).group_by(SEARCHES.c.query)
    return {row.query: row.text for row in await connection.execute(asked)}


async def sought_in(
    connection: AsyncConnection, weeks: Weeks, zone: tzinfo, people_min: int
) -> list[SoughtRow]:
    """Return what at least so many people sought within a week, and did not find in these weeks."""
    starts = [week_of_day(day_of(span.starts, zone)) for span in (weeks.now, *weeks.before)]
    people = func.max(SEARCHED_WEEKS.c.people)
    by_many = (
        select(SEARCHED_WEEKS.c.query, people.label("people"))
        .where(SEARCHED_WEEKS.c.week.in_(starts), SEARCHED_WEEKS.c.people >= people_min)
        .group_by(SEARCHED_WEEKS.c.query)
        .subquery()
    )
    rows = await connection.execute(
        select(SEARCHES, by_many.c.people)
        .join(by_many, by_many.c.query == SEARCHES.c.query)
        .where(SEARCHES.c.day >= starts[-1], SEARCHES.c.empty > 0)
        .order_by(SEARCHES.c.day.desc())
    )
    days: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        days[row.query].append(row)
    found = [_sought_row(of, starts, zone) for of in days.values()]
    found.sort(key=lambda row: (-row.now, -sum(row.before), row.text))
    return found[:SOUGHT_MAX]


def _sought_row(days: Sequence[Any], starts: Sequence[int], zone: tzinfo) -> SoughtRow:
    in_week = dict.fromkeys(starts, 0)
    for row in days:
        week = week_of_day(row.day)
        if week in in_week:
            in_week[week] += row.empty
    now, *before = in_week.values()
    return SoughtRow(
        text=days[0].text, now=now, before=before, people=int(days[0].people),
        days=[SoughtDay(starts_of_day(row.day, zone), row.searches, row.empty) for row in days],
    )  # fmt: skip


class Sought:
    """Reads searches by day for the operator, and removes old ones. Methods may raise
    RecordsAway."""

    def __init__(self, records: Database, zone: tzinfo, zone_name: str) -> None:
        self._records = records
        self._zone = zone
        self._zone_name = zone_name

    async def day(self, at: int, offset: int, limit: int, *, empty: bool) -> DaySearches:
        """The searches of the day of a time (Unix ms); with `empty` those that found nothing."""
        day = day_of(at, self._zone)
        before = SEARCHES.alias("before")
        people = func.coalesce(SEARCHED_WEEKS.c.people, 0).label("people")
        asked = (
            select(
                SEARCHES, people,
                func.coalesce(before.c.searches, 0).label("searches_before"),
                func.coalesce(before.c.empty, 0).label("empty_before"),
            )
            .outerjoin(
                before, (before.c.query == SEARCHES.c.query) & (before.c.day == day - 7)
            )
            .outerjoin(
                SEARCHED_WEEKS,
                (SEARCHED_WEEKS.c.query == SEARCHES.c.query)
                & (SEARCHED_WEEKS.c.week == week_of_day(day)),
            )
            .where(SEARCHES.c.day == day)
            .order_by(SEARCHES.c.empty.desc(), SEARCHES.c.searches.desc(), SEARCHES.c.query)
        )  # fmt: skip
        if empty:
            asked = asked.where(SEARCHES.c.empty > 0)
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked.offset(offset).limit(limit + 1))).all()
        names = DaySearch.__struct_fields__
        return DaySearches(
            zone=self._zone_name,
            starts=starts_of_day(day, self._zone),
            searches=[
                DaySearch(**{name: getattr(row, name) for name in names}) for row in rows[:limit]
            ],
            next=str(offset + limit) if len(rows) > limit else None,
        )

    async def count_old(self, before: int) -> int:
        """Return how many counts are of days before a time (ms)."""
        old = SEARCHES.c.day < day_of(before, self._zone)
        async with self._records.reading() as connection:
            return int(await connection.scalar(select(func.count()).where(old)) or 0)

    async def remove_old(self, before: int, most: int) -> int:
        """Remove some of them; return how many."""
        old = SEARCHES.c.day < day_of(before, self._zone)
        some = select(SEARCHES.c.day, SEARCHES.c.query).where(old).limit(most)
        async with self._records.writing() as connection:
            keys = [tuple(row) for row in await connection.execute(some)]
            which = tuple_(SEARCHES.c.day, SEARCHES.c.query).in_(keys)
            gone = int((await connection.execute(delete(SEARCHES).where(which))).rowcount)
            weeks = SEARCHED_WEEKS.c.week < week_of_day(day_of(before, self._zone))
            await connection.execute(delete(SEARCHED_WEEKS).where(weeks))
        return gone
