"""Newcomers: which new hosts and notes are shown to whom, so that each gets its first impressions
and none takes more than its share of a feed. Pure.

Slots are places of a feed: with a share of 20 % each fifth row, so that of any first rows of a feed
at most a fifth are newcomers' by right. What else they get they have earned by their score.
"""

import random
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, TypeVar

R = TypeVar("R")
HOUR_MS = 3_600_000
LIVE_LEFT_MS = HOUR_MS // 6
"""A host can only be shown while live, and may leave at any time: what is owed is due so soon."""
LEFT_MS_MIN = 60_000


class Newcomer(NamedTuple):
    """A new host or note: since when (Unix ms), how many impressions it was promised in its first
    day, and how many it had."""

    item: str
    host: str
    began: int
    promised: int
    shown: int


def slots(first: int, rows: int, percent: int) -> list[int]:
    """The places (from 0) that newcomers get among `rows` rows of a feed, of which `first` rows
    came before: at most so many percent of any first rows."""
    return [
        place
        for place in range(first, first + rows)
        if (place + 1) * percent // 100 > place * percent // 100
    ]


def chosen(
    newcomers: Iterable[Newcomer],
    known: Collection[str],
    most: int,
    now: int,
    window_ms: int,
    rng: random.Random,
) -> list[str]:
    """Choose at most so many items, each at most once, not those that the person knows.

    The more impressions an item is owed for each hour that it has left, the likelier it is chosen;
    who is owed nothing, or whose day is over, is not. So all who wait at a time come forward at the
    rate that they need, whichever worker chooses.
    """
    drawn: list[tuple[float, str]] = []
    for each in newcomers:
        need = _need(each, now, window_ms)
        if need > 0 and each.item not in known:
            # Efraimidis and Spirakis 2006: the greatest of these are a weighted sample.
            drawn.append((rng.random() ** (1.0 / need), each.item))
    drawn.sort(reverse=True)
    return [item for _, item in drawn[:most]]


def placed(rows: Sequence[R], newcomers: Sequence[R], places: Sequence[int], first: int) -> list[R]:
    """Put newcomers at their places among rows, of which the first has the place `first`.

    A place that the rows do not reach stays free, with its newcomer: a feed that is too short has
    none.
    """
    left, page = list(newcomers), list[R]()
    rest = iter(rows)
    taken = set(places)
    while True:
        if left and first + len(page) in taken:
            page.append(left.pop(0))
            continue
        row = next(rest, None)
        if row is None:
            return page
        page.append(row)


def _need(newcomer: Newcomer, now: int, window_ms: int) -> float:
    """Impressions an hour that a newcomer needs from now on."""
    owed = newcomer.promised - newcomer.shown
    left = newcomer.began + window_ms - now
    if owed <= 0 or left <= 0:
        return 0.0
    if newcomer.item.startswith("host:"):
        left = min(left, LIVE_LEFT_MS)
    return owed / max(left, LEFT_MS_MIN) * HOUR_MS
