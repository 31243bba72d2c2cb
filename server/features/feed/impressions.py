"""Impressions: what pages report to have shown, counted once a viewer and day, and written in
batches to the records."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from cachetools import LRUCache
from sqlalchemy import case, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS, unix_ms
from server.features.feed.page_tokens import Given
from server.features.feed.serials import give_serials
from server.features.feed.tables import EXPOSURE, HOURS, NEWCOMERS, SEEN
from server.records.database import Database
from server.records.upsert import insert_into
from server.telemetry.metrics import Metrics

HOUR_MS = 3_600_000
VIEWERS_MAX = 50_000
"""Impressions (a viewer, an item) that a worker remembers, so that each counts once a day."""
UNWRITTEN_MAX = 50_000
"""Impressions kept while the records are away; later ones are not counted."""
_ROWS_A_WRITE = 1000


class Impressions:
    """Counts what was shown. `host_of` gives the host or author of an item, '' if it is gone;
    `window_ms` is how long a newcomer's first day is."""

    def __init__(
        self,
        records: Database,
        host_of: Callable[[str], str],
        metrics: Metrics,
        window_ms: int,
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self._records = records
        self._host_of = host_of
        self._metrics = metrics
        self._window_ms = window_ms
        self._clock = clock
        self._counted: LRUCache[tuple[str, str], int] = LRUCache(VIEWERS_MAX)
        self._shown: Counter[tuple[str, int, str]] = Counter()
        """(item, day, place) -> impressions that are not written yet."""
        self._seen: dict[tuple[str, str], tuple[int, str]] = {}
        """(person, item) -> when (ms) and in which place, likewise."""
        self._hours: Counter[int] = Counter()
        self._newcomers: Counter[int] = Counter()

    def count(self, viewer: str, person: str, given: Iterable[Given]) -> list[Given]:
        """Count rows that were shown to a viewer: a person, or ('') a guest. Return those that
        count: an item counts once a viewer and day."""
        now = self._clock()
        day, hour = now // DAY_MS, now // HOUR_MS
        fresh = []
        for each in given:
            key = (viewer, each.item)
            if self._counted.get(key) == day or not self._host_of(each.item):
                continue
            if len(self._shown) >= UNWRITTEN_MAX or len(self._seen) >= UNWRITTEN_MAX:
                self._metrics.feed_impressions.labels("dropped").inc()
                continue
            self._counted[key] = day
            self._shown[each.item, day, each.place] += 1
            self._hours[hour] += 1
            if each.place == "new":
                self._newcomers[hour] += 1
            if person:
                self._seen[person, each.item] = now, each.place
            self._metrics.feed_impressions.labels("counted").inc()
            fresh.append(each)
        return fresh

    def forget(self, person: str) -> None:
        """Forget what a person was shown."""
        for key in [key for key in self._counted if key[0] == person]:
            del self._counted[key]
        for key in [key for key in self._seen if key[0] == person]:
            del self._seen[key]

    async def write(self) -> None:
        """Write what waits, in one transaction. Raises RecordsAway; then it goes on waiting."""
        if not self._shown:
            return
        shown, seen = Counter(self._shown), dict(self._seen)
        hours, newcomers = Counter(self._hours), Counter(self._newcomers)
        now = self._clock()
        async with self._records.writing() as connection:
            new, more = Counter(shown), Counter(hours)
            of_newcomers = Counter(newcomers)
            for person, item in await _counted_elsewhere(connection, seen):
                at, place = seen[person, item]
                new[item, at // DAY_MS, place] -= 1
                more[at // HOUR_MS] -= 1
                of_newcomers[at // HOUR_MS] -= place == "new"
            await self._write_exposure(connection, +new)
            await self._write_newcomers(connection, +new, now)
            rows = [
                {"hour": hour, "rows": rows, "newcomers": of_newcomers[hour]}
                for hour, rows in sorted((+more).items())
            ]
            await _add_up(connection, HOURS, ("hour",), ("rows", "newcomers"), rows)
        self._shown.subtract(shown)
        self._hours.subtract(hours)
        self._newcomers.subtract(newcomers)
        for counter in (self._shown, self._hours, self._newcomers):
            for key in [key for key, count in counter.items() if count <= 0]:
                del counter[key]
        for seen_by, when in seen.items():
            if self._seen.get(seen_by) == when:
                del self._seen[seen_by]

    async def _write_exposure(
        self, connection: AsyncConnection, shown: dict[tuple[str, int, str], int]
    ) -> None:
        rows = [
            {"item": item, "day": day, "place": place, "host": self._host_of(item), "shown": count}
            for (item, day, place), count in sorted(shown.items())
        ]
        await _add_up(connection, EXPOSURE, ("item", "day", "place"), ("shown",), rows)

    async def _write_newcomers(
        self, connection: AsyncConnection, shown: dict[tuple[str, int, str], int], now: int
    ) -> None:
        """Count what newcomers were shown in their first day; note when a promise is kept."""
        by_item: Counter[str] = Counter()
        for (item, _, _), count in shown.items():
            by_item[item] += count
        shown_items, items = sorted(by_item), list[str]()
        for start in range(0, len(shown_items), _ROWS_A_WRITE):
            some = shown_items[start : start + _ROWS_A_WRITE]
            asked = select(NEWCOMERS.c.item).where(
                NEWCOMERS.c.item.in_(some), NEWCOMERS.c.began > now - self._window_ms
            )
            items += sorted((await connection.scalars(asked)).all())
        if not items:
            return
        serials = await give_serials(connection, "newcomers", len(items))
        for item, serial in zip(items, serials, strict=True):
            total = NEWCOMERS.c.shown + by_item[item]
            met = (NEWCOMERS.c.met == 0) & (total >= NEWCOMERS.c.promised)
            await connection.execute(
                update(NEWCOMERS)
                .where(NEWCOMERS.c.item == item)
                .values(shown=total, serial=serial, met=case((met, now), else_=NEWCOMERS.c.met))
            )


async def _counted_elsewhere(
    connection: AsyncConnection, seen: dict[tuple[str, str], tuple[int, str]]
) -> set[tuple[str, str]]:
    """Write what people (person, item) were shown; return those that another worker counted on that
    day already."""
    again = set(seen)
    rows = [
        {"person": person, "item": item, "times": 1, "at": at}
        for (person, item), (at, _) in sorted(seen.items())
    ]
    for start in range(0, len(rows), _ROWS_A_WRITE):
        put = insert_into(connection, SEEN).values(rows[start : start + _ROWS_A_WRITE])
        at = put.excluded["at"]
        put = put.on_conflict_do_update(
            index_elements=["person", "item"],
            set_={"times": SEEN.c.times + 1, "at": at},
            where=SEEN.c.at < at - at % DAY_MS,
        )
        written = await connection.execute(put.returning(SEEN.c.person, SEEN.c.item))
        again -= {(person, item) for person, item in written}
    return again


async def _add_up(
    connection: AsyncConnection,
    table: Any,
    keys: tuple[str, ...],
    sums: tuple[str, ...],
    rows: list[dict[str, Any]],
) -> None:
    """Add numbers to what the rows with these keys have."""
    put = insert_into(connection, table)
    more = {name: table.c[name] + put.excluded[name] for name in sums}
    put = put.on_conflict_do_update(index_elements=list(keys), set_=more)
    for start in range(0, len(rows), _ROWS_A_WRITE):
        await connection.execute(put, rows[start : start + _ROWS_A_WRITE])
