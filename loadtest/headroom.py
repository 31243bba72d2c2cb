"""Finds the number of people at which a run bends, and asks `liveroom size` for its prediction."""

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

from loadtest.scenario import Scenario

Point = Mapping[str, Any]

_GROWS = 2.0
"""A run in which the crowd at least doubles, while it is there, says how many it can take."""
_SETTLE_S = 3
_POINTS_MIN = 3
_SIZE_S_MAX = 30


def plateaus(scenario: Scenario, curve: Sequence[Point]) -> list[tuple[int, list[Point]]]:
    """The stages in which the crowd had come: how many people, and the points of the curve.

    The first moments of each stage are the coming itself, and are left out.
    """
    found, from_s, before = [], 0.0, 0
    for stage in scenario.stage:
        comes_s = abs(stage.users - before) / stage.spawn_per_s + _SETTLE_S
        until_s = min(stage.until_s, scenario.lasts_s - scenario.calm_s)
        points = [it for it in curve if from_s + comes_s <= it["at_s"] < until_s]
        if len(points) >= _POINTS_MIN:
            found.append((stage.users, points))
        from_s, before = stage.until_s, stage.users
    return found


def headroom(scenario: Scenario, curve: Sequence[Point]) -> list[str]:
    """Sentences on where latencies pass their limits and how much CPU is left.

    None for a run whose crowd does not grow to at least twice its size.
    """
    steps = plateaus(scenario, curve)
    sizes = [users for users, _ in steps]
    if len(steps) < 2 or sizes != sorted(sizes) or sizes[-1] < _GROWS * sizes[0]:
        return []
    return [*_bends(scenario, steps), *_cpu_left(steps)]


def _bends(scenario: Scenario, steps: Sequence[tuple[int, list[Point]]]) -> Iterator[str]:
    held = 0
    for users, points in steps:
        over = list(_over(scenario, points))
        if over:
            where = f"It held at {held:,} people and b" if held else "B"
            yield f"{where}ends at {users:,}: {'; '.join(over)}."
            return
        held = users
    yield f"It did not bend up to {held:,} people: every p99 stayed within its limit."


def _over(scenario: Scenario, points: Sequence[Point]) -> Iterator[str]:
    criteria = scenario.criteria
    for prefix, limits in (("reply", criteria.reply_p99_ms), ("push", criteria.push_p99_ms)):
        for name, limit in limits.items():
            key = f"p99.{prefix}.{name}"
            seen = [point[key] for point in points if point.get(key) is not None]
            if seen and median(seen) > limit:
                yield f"{prefix} of {name} p99 {median(seen):.0f} ms, limit {limit:g}"


def _cpu_left(steps: Sequence[tuple[int, list[Point]]]) -> Iterator[str]:
    users, points = steps[-1]
    used = [point["server_cpu"] for point in points if point.get("server_cpu") is not None]
    if used and median(used) > 0.02:
        cpu = median(used)
        yield (
            f"At {users:,} people the server, its Redis left out, used {cpu:.0%} of a core. If "
            f"that grew in step, one worker would be at 60 % of its core with about "
            f"{users * 0.6 / cpu:,.0f} people like these."
        )


def said_by_size(curve: Sequence[Point], scenario: Scenario) -> str:
    """Return the prediction of `liveroom size` for the busiest seconds; empty if it fails."""
    if not curve:
        return ""
    asked = {
        "viewers": max(1, *(point["users"] for point in curve)),
        "comments": max(point.get("comments_per_s", 0.0) for point in curve),
        "orders": max(point["orders_per_s"] for point in curve),
        "rooms": scenario.rooms,
    }
    flags = [word for name, value in asked.items() for word in (f"--{name}", f"{value:g}")]
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "server", "size", *flags],
            capture_output=True, text=True, timeout=_SIZE_S_MAX, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout if ran.returncode == 0 else ""
