"""Weeks, days and hours by the clock of one zone. Pure: times in, times out, all in Unix ms.

A week begins on Monday at midnight. It can have an hour more or less than others where clocks are
put forward or back.
"""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

HOUR_MS = 3_600_000


class Span(NamedTuple):
    """A time from `starts` to before `ends`."""

    starts: int
    ends: int


class Weeks(NamedTuple):
    """The week that is on, up to now; the week before, up to the same time by the clock; and whole
    earlier weeks, the newest first."""

    now: Span
    by_then: Span
    before: list[Span]

    @property
    def all(self) -> Span:
        """From the first week to now."""
        return Span(self.before[-1].starts, self.now.ends)


def weeks_until(now: int, zone: tzinfo, count: int) -> Weeks:
    """Return the week of a time, and `count` weeks before it."""
    local = _local(now, zone)
    monday = local.date() - timedelta(days=local.weekday())
    starts = [_midnight(monday - timedelta(weeks=n), zone) for n in range(count + 1)]
    # Wall time minus wall time: at the same hour, though clocks were changed in between.
    same_time = (local.replace(tzinfo=None) - timedelta(weeks=1)).replace(tzinfo=zone)
    by_then = max(starts[1], min(_ms(same_time), starts[0]))
    return Weeks(
        Span(starts[0], now),
        Span(starts[1], by_then),
        [Span(starts[n + 1], starts[n]) for n in range(count)],
    )


def day_of(at: int, zone: tzinfo) -> int:
    """The day of a time, as days since the year 1."""
    return _local(at, zone).date().toordinal()


def week_of_day(day: int) -> int:
    """The Monday of a day's week, likewise."""
    return day - date.fromordinal(day).weekday()


def starts_of_day(day: int, zone: tzinfo) -> int:
    """Return when a day begins."""
    return _midnight(date.fromordinal(day), zone)


def hour_of_day(hour: int, zone: tzinfo) -> int:
    """Return which hour of the day (0 to 23) an hour since 1970 is."""
    return _local(hour * HOUR_MS, zone).hour


def _local(at: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at / 1000, zone)


def _midnight(day: date, zone: tzinfo) -> int:
    return _ms(datetime.combine(day, time.min, zone))


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
