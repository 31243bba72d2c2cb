"""Counts searches by day: what was looked for, and what was not found. Nobody's name is kept.

The search tells each query to `heard`, which only notes it. A query that its writer goes on typing
counts once, when it has settled. Every `FLUSH_S` what has settled goes to the records.
"""

import asyncio
import contextlib
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple, Self

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.features.insights.queries import goes_on, kept_query
from server.features.insights.search_marks import mark_of, query_id
from server.features.insights.secret_book import (
    MARKS,
    drop_secrets_before,
    name_of_week,
    secret_of,
    secrets_of_weeks,
)
from server.features.insights.settings import InsightSettings
from server.features.insights.tables import SEARCHED_WEEKS, SEARCHERS, SEARCHES
from server.features.insights.weeks import day_of, week_of_day
from server.features.search.searching import Heard
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.upsert import insert_into

_log = logging.getLogger(__name__)

SETTLED_S = 8.0
"""After so long without a further letter a query is one that was meant."""
FLUSH_S = 2.0
WAITING_MAX = 20_000
"""Searches that wait on a worker; later ones are not counted until there is room again."""
LAST_WRITE_S = 2.0
LATE_MS = 3_600_000
"""How much later than its week a search may be written, as when the records were away."""


class _Search(NamedTuple):
    """A search that may still be typed further. `since` is the clock's, in seconds."""

    query: str
    user: str
    found: bool
    at: int
    since: float


class _Counted(NamedTuple):
    """A search that is to be counted."""

    day: int
    query: str
    user: str
    found: bool


class SearchLog:
    """Counts searches of one worker. An async context manager. `clock` is any that never goes back,
    in seconds."""

    def __init__(
        self,
        records: Database,
        settings: InsightSettings,
        clock: Callable[[], float] = time.monotonic,
        *,
        every_s: float = FLUSH_S,
    ) -> None:
        self._records = records
        self._settings = settings
        self._clock = clock
        self._typed: dict[str, _Search] = {}
        """By who types."""
        self._settled: list[_Counted] = []
        self._writing = asyncio.Lock()
        self._key = b""
        self._week = 0
        """The week before which nothing tells people apart any more."""
        self._full_day = 0
        """The day of which it was said last that it has no place for further searches."""
        self._repeating = Repeating("search counts", self._round, every_s, first_s=0.0)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._repeating.stop()
        if not (self._typed or self._settled):
            return
        with contextlib.suppress(RecordsAway, TimeoutError):
            async with asyncio.timeout(LAST_WRITE_S):
                await self.flush()

    def heard(self, search: Heard) -> str:
        """Note a search; return the mark by which links say that it brought somebody."""
        query = kept_query(search.text)
        if not query:
            return ""
        if search.is_first and search.kind in ("", "all"):
            self._note(query, search)
        return mark_of(query_id(query), self._key, search.user) if self._key else ""

    def _note(self, query: str, search: Heard) -> None:
        who, now = search.user or f" {search.client}", self._clock()
        before = self._typed.pop(who, None)
        if before is not None and not (
            goes_on(before.query, query) and now - before.since < SETTLED_S
        ):
            self._settle(before)
        if len(self._typed) + len(self._settled) < WAITING_MAX:
            self._typed[who] = _Search(query, search.user, search.found, unix_ms(), now)

    def _settle(self, search: _Search) -> None:
        day = day_of(search.at, self._settings.zone)
        self._settled.append(_Counted(day, search.query, search.user, search.found))

    async def _round(self) -> None:
        now = self._clock()
        for who, search in list(self._typed.items()):
            if now - search.since >= SETTLED_S:
                self._settle(self._typed.pop(who))
        await self._write()
        await self._end_weeks()

    async def _end_weeks(self) -> None:
        """Drop what tells people apart as soon as their week is over."""
        week = week_of_day(day_of(unix_ms() - LATE_MS, self._settings.zone))
        if week != self._week:
            async with self._records.writing() as connection:
                await drop_searchers_before(connection, week)
            self._week = week

    async def flush(self) -> None:
        """Count all that was noted, settled or not. Raises RecordsAway."""
        for search in self._typed.values():
            self._settle(search)
        self._typed.clear()
        await self._write()

    async def _write(self) -> None:
        async with self._writing:
            if not self._key:
                async with self._records.writing() as connection:
                    self._key = await secret_of(connection, MARKS)
            some = self._settled[:WAITING_MAX]
            if not some:
                return
            async with self._records.writing() as connection:
                await self._count(connection, some)
            del self._settled[: len(some)]

    async def _count(self, connection: AsyncConnection, some: list[_Counted]) -> None:
        searches = Counter((each.day, each.query) for each in some)
        empty = Counter((each.day, each.query) for each in some if not each.found)
        kept = set[tuple[int, str]]()
        for day in {day for day, _ in searches}:
            queries = [query for each, query in searches if each == day]
            kept |= {(day, query) for query in await self._with_place(connection, day, queries)}
        if not kept:
            return
        rows = [
            {"day": day, "query": query_id(query), "text": query,
             "searches": searches[day, query], "empty": empty[day, query]}
            for day, query in sorted(kept)
        ]  # fmt: skip
        put = insert_into(connection, SEARCHES)
        more = {name: SEARCHES.c[name] + put.excluded[name] for name in ("searches", "empty")}
        await connection.execute(
            put.on_conflict_do_update(index_elements=["day", "query"], set_=more), rows
        )
        people = {(week_of_day(each.day), each.query, each.user) for each in some
                  if (each.day, each.query) in kept}  # fmt: skip
        await _count_people(connection, people)

    async def _with_place(
        self, connection: AsyncConnection, day: int, queries: list[str]
    ) -> list[str]:
        """Those of a day's queries that are counted already, or for which there is still place."""
        ids = {query_id(query): query for query in queries}
        of_day = SEARCHES.c.day == day
        known = set(
            await connection.scalars(
                select(SEARCHES.c.query).where(of_day, SEARCHES.c.query.in_(sorted(ids)))
            )
        )
        new = [query for id_, query in ids.items() if id_ not in known]
        if not new:
            return queries
        count = await connection.scalar(select(func.count()).select_from(SEARCHES).where(of_day))
        left = max(0, self._settings.searches_per_day_max - int(count or 0))
        if left < len(new) and self._full_day != day:
            self._full_day = day
            _log.warning(
                "Today has insights.searches_per_day_max = %d different searches; further ones are "
                "not counted.",
                self._settings.searches_per_day_max,
            )
        return [ids[id_] for id_ in known] + new[:left]


async def _count_people(connection: AsyncConnection, people: set[tuple[int, str, str]]) -> None:
    """Count who searched for something in a week for the first time."""
    keys = {
        week: await secret_of(connection, name_of_week(week))
        for week in {each[0] for each in people}
    }
    for week, query, user in sorted(people):
        made = insert_into(connection, SEARCHERS).values(
            week=week, query=query_id(query), person=_digest(user, keys[week])
        )
        made = made.on_conflict_do_nothing().returning(SEARCHERS.c.week)
        if await connection.scalar(made) is None:
            continue
        put = insert_into(connection, SEARCHED_WEEKS).values(
            week=week, query=query_id(query), people=1
        )
        one_more = {"people": SEARCHED_WEEKS.c.people + 1}
        await connection.execute(
            put.on_conflict_do_update(index_elements=["week", "query"], set_=one_more)
        )


def _digest(user: str, key: bytes) -> bytes:
    return hashlib.blake2s(user.encode(errors="replace"), key=key, digest_size=8).digest()


async def forget_searches(connection: AsyncConnection, user: str) -> None:
    """Remove a user's digests; the counts name nobody."""
    for week, key in (await secrets_of_weeks(connection)).items():
        which = (SEARCHERS.c.week == week) & (SEARCHERS.c.person == _digest(user, key))
        await connection.execute(delete(SEARCHERS).where(which))


async def drop_searchers_before(connection: AsyncConnection, week: int) -> int:
    """Drop the digests of weeks that are over, with their keys; return how many digests."""
    await drop_secrets_before(connection, week)
    gone = await connection.execute(delete(SEARCHERS).where(SEARCHERS.c.week < week))
    return int(gone.rowcount)
