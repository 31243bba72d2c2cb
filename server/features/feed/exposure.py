"""Exposure: how often a host and their notes were shown, where, and whether what a newcomer was
promised was kept."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.archive.tables import ROOMS as ARCHIVED
from server.features.feed.impressions import HOUR_MS
from server.features.feed.tables import EXPOSURE, HOURS, NEWCOMERS
from server.records.database import Database

MINUTE_MS = 60_000


class Shown(NamedTuple):
    """How often something was shown on a day (days since 1970, UTC) in a place: the code of the
    reason that its row gave."""

    day: int
    place: str
    shown: int


class Promise(NamedTuple):
    """What a newcomer was promised: so many impressions in the first day since `began` (Unix ms).
    `met`: when it had them, 0 if not. `verdict` is a sentence; `broken` if the day is over and it
    had fewer."""

    began: int
    promised: int
    shown: int
    met: int
    broken: bool
    verdict: str


class ItemExposure(NamedTuple):
    """A host or a note, such as `note:n1`; no promise if it was there before the feed."""

    item: str
    promise: Promise | None
    days: Sequence[Shown]


class _Day(NamedTuple):
    """The first day of a newcomer, as the feed was: rows shown to everybody, those of newcomers,
    and how many newcomers shared them; ms in which the host was live, None of a note."""

    rows: int
    given: int
    sharing: int
    live_ms: int | None


class ExposureBook:
    """Reads exposure. `window_ms` is a newcomer's first day, `percent_max` the most rows of a
    person's feed that newcomers get."""

    def __init__(self, records: Database, window_ms: int, percent_max: int) -> None:
        self._records = records
        self._window_ms = window_ms
        self._percent_max = percent_max

    async def of_host(self, host: str, now: int | None = None) -> list[ItemExposure]:
        """The exposure of a host, then of their notes, the newest first. Raises RecordsAway."""
        now = unix_ms() if now is None else now
        shown: dict[str, list[Shown]] = {}
        async with self._records.reading() as connection:
            asked = select(EXPOSURE).where(EXPOSURE.c.host == host)
            asked = asked.order_by(EXPOSURE.c.day, EXPOSURE.c.place)
            for row in await connection.execute(asked):
                shown.setdefault(row.item, []).append(Shown(row.day, row.place, row.shown))
            newcomers = select(NEWCOMERS).where(NEWCOMERS.c.host == host)
            newcomers = newcomers.order_by(NEWCOMERS.c.began.desc(), NEWCOMERS.c.item)
            promises = {
                row.item: await self._promise(connection, row, now)
                for row in (await connection.execute(newcomers)).all()
            }

        def place(item: str) -> tuple[bool, int, str]:
            promise = promises.get(item)
            return not item.startswith("host:"), -promise.began if promise else 0, item

        items = sorted({*promises, *shown}, key=place)
        return [ItemExposure(item, promises.get(item), shown.get(item, [])) for item in items]

    async def _promise(self, connection: AsyncConnection, row: Any, now: int) -> Promise:
        end = row.began + self._window_ms
        broken = not row.met and now >= end
        if row.met:
            verdict = f"Kept: it had all of them {_span(row.met - row.began)} after it began."
        elif not row.promised:
            verdict = "Nothing was promised."
        elif not broken:
            missing = row.promised - row.shown
            verdict = f"Under way: {missing} are missing, and {_span(end - now)} are left."
        else:
            verdict = self._why(row, await self._day(connection, row))
        return Promise(row.began, row.promised, row.shown, row.met, broken, verdict)

    async def _day(self, connection: AsyncConnection, row: Any) -> _Day:
        first, last = row.began // HOUR_MS, (row.began + self._window_ms) // HOUR_MS
        sums = select(func.sum(HOURS.c.rows), func.sum(HOURS.c.newcomers)).where(
            HOURS.c.hour.between(first, last)
        )
        rows, given = (await connection.execute(sums)).one()
        overlapping = NEWCOMERS.c.began.between(
            row.began - self._window_ms, row.began + self._window_ms
        )
        sharing = select(func.count()).select_from(NEWCOMERS).where(overlapping)
        is_host = row.item.startswith("host:")
        return _Day(
            int(rows or 0),
            int(given or 0),
            int(await connection.scalar(sharing) or 0),
            await self._live_ms(connection, row) if is_host else None,
        )

    async def _live_ms(self, connection: AsyncConnection, row: Any) -> int:
        end = row.began + self._window_ms
        asked = select(ARCHIVED.c.started, ARCHIVED.c.ended).where(
            ARCHIVED.c.host == row.host,
            ARCHIVED.c.started > 0,
            ARCHIVED.c.started < end,
            ARCHIVED.c.practice.is_(False),
            ARCHIVED.c.draft.is_(False),
        )
        spans = (await connection.execute(asked)).all()
        return sum(
            max(0, min(ended or end, end) - max(started, row.began)) for started, ended in spans
        )

    def _why(self, row: Any, day: _Day) -> str:
        """Return why a promise was not kept, in the order in which one would look."""
        most = day.rows * self._percent_max // 100
        said = f"Not kept: {row.shown} of {row.promised}."
        if most < row.promised:
            return (
                f"{said} All people together were shown {day.rows} rows of the feed in that day, "
                f"of which newcomers can get {most} ({self._percent_max} %)."
            )
        if most < row.promised * day.sharing:
            return (
                f"{said} {day.sharing} newcomers shared the {most} rows that newcomers could get "
                f"in that day ({self._percent_max} % of {day.rows}); they had {day.given}."
            )
        if day.live_ms is not None:
            return (
                f"{said} The host was live for {_span(day.live_ms)} of that day, and is shown only "
                "while live."
            )
        return (
            f"{said} There was room for more ({day.given} of {most} rows were given): the note was "
            "held or withdrawn for a while, or those who came had seen it or wanted less of it."
        )


def _span(ms: int) -> str:
    minutes = max(0, ms) // MINUTE_MS
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
