"""Diversity: at most so many rows of one host, or of one tag, in a window of the feed. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar


class Kinds(NamedTuple):
    """Of which host and tags a row is."""

    host: str
    tags: Sequence[str] = ()


class Window(NamedTuple):
    """Among any `rows` rows, one after the other, at most so many are of one host or one tag."""

    rows: int = 10
    host_max: int = 2
    tag_max: int = 5


R = TypeVar("R")
LOOK_MAX = 100
"""Rows among which the next one is looked for; the best of them comes if none fits."""


def diversified(
    ranked: Sequence[tuple[R, Kinds]], most: int, window: Window, before: Sequence[Kinds] = ()
) -> list[R]:
    """Return at most so many rows in the order of their rank, but for those that must wait.

    `before` are the rows above, such as those of earlier pages. Rows of too few hosts come
    nevertheless: an empty feed is not more diverse.
    """
    return list(_rows(list(ranked), most, window, list(before)))


def _rows(
    left: list[tuple[R, Kinds]], most: int, window: Window, given: list[Kinds]
) -> Iterator[R]:
    for _ in range(min(most, len(left))):
        hosts, tags = _counted(given[max(0, len(given) - window.rows + 1) :])
        place = next(
            (
                n
                for n, (_, kinds) in enumerate(left[:LOOK_MAX])
                if _fits(kinds, hosts, tags, window)
            ),
            0,
        )
        row, kinds = left.pop(place)
        given.append(kinds)
        yield row


def _counted(rows: Sequence[Kinds]) -> tuple[Counter[str], Counter[str]]:
    hosts, tags = Counter[str](), Counter[str]()
    for row in rows:
        hosts[row.host] += 1
        tags.update(set(row.tags))
    return hosts, tags


def _fits(kinds: Kinds, hosts: Counter[str], tags: Counter[str], window: Window) -> bool:
    return hosts[kinds.host] < window.host_max and all(
        tags[tag] < window.tag_max for tag in kinds.tags
    )
