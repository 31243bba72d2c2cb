"""Weeks by the clock of a zone: whole ones meet, and the same time last week is the same hour."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.features.insights.settings import InsightSettings
from server.features.insights.weeks import (
    HOUR_MS,
    day_of,
    hour_of_day,
    starts_of_day,
    week_of_day,
    weeks_until,
)

ZONES = [UTC, *map(ZoneInfo, ("Asia/Shanghai", "Europe/Paris", "America/St_Johns"))]
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
"""It puts its clocks forward by half an hour."""
times = st.integers(min_value=1_500_000_000_000, max_value=2_500_000_000_000)


def local(at: int, zone: object) -> datetime:
    return datetime.fromtimestamp(at / 1000, zone)  # type: ignore[arg-type]


@given(times, st.sampled_from([*ZONES, LORD_HOWE]), st.integers(min_value=1, max_value=6))
def test_weeks_meet_begin_on_monday_and_end_by_then_at_the_same_wall_time(
    now: int, zone: ZoneInfo, count: int
) -> None:
    weeks = weeks_until(now, zone, count)
    assert weeks.now.starts <= now == weeks.now.ends
    whole = [weeks.now, *weeks.before]
    for span in whole:
        begins = local(span.starts, zone)
        assert (begins.weekday(), begins.hour, begins.minute, begins.second) == (0, 0, 0, 0)
    for later, earlier in pairwise(whole):
        assert later.starts == earlier.ends
        days = local(later.starts, zone).date() - local(earlier.starts, zone).date()
        assert days == timedelta(days=7)
    assert weeks.by_then.starts == weeks.before[0].starts <= weeks.by_then.ends <= weeks.now.starts
    wall = local(now, zone).replace(tzinfo=None) - timedelta(weeks=1)
    then = local(weeks.by_then.ends, zone).replace(tzinfo=None)
    assert abs(then - wall) <= timedelta(hours=1)  # an hour that the clocks skipped
    monday = weeks.now.starts
    assert week_of_day(day_of(now, zone)) == day_of(monday, zone)
    assert starts_of_day(day_of(now, zone), zone) <= now


def test_a_sunday_evening_in_shanghai_is_in_the_week_before_paris_monday() -> None:
    """23:30 on Sunday in Paris is Monday 06:30 in Shanghai: another week there."""
    at = int(datetime(2026, 11, 22, 22, 30, tzinfo=UTC).timestamp() * 1000)
    paris, shanghai = (
        weeks_until(at, ZoneInfo(name), 1) for name in ("Europe/Paris", "Asia/Shanghai")
    )
    assert shanghai.now.starts > paris.now.starts
    assert (at - shanghai.now.starts) // HOUR_MS == 6
    assert hour_of_day(at // HOUR_MS, ZoneInfo("Asia/Shanghai")) == 6


def test_by_then_is_the_same_hour_though_the_clocks_were_put_back() -> None:
    """Paris put its clocks back on 2026-10-25: the week before had 169 hours."""
    zone = ZoneInfo("Europe/Paris")
    now = int(datetime(2026, 10, 27, 20, 0, tzinfo=zone).timestamp() * 1000)
    weeks = weeks_until(now, zone, 1)
    assert weeks.now.starts - weeks.before[0].starts == 169 * HOUR_MS
    assert local(weeks.by_then.ends, zone) == datetime(2026, 10, 20, 20, 0, tzinfo=zone)


def test_a_zone_that_nobody_knows_is_refused_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="Asia/Shanghai"):
        InsightSettings(time_zone="Asia/Nowhere")
    for odd in ("", "../../etc/passwd", "Asia"):
        with pytest.raises(ValueError, match="time zone"):
            InsightSettings(time_zone=odd)
