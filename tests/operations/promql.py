"""What a query of Prometheus asks for: its metrics, the labels it looks at, those it groups by.

Enough of PromQL for our rules and dashboard; `promtool` and Prometheus itself read them whole.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_STRING = r'"(?:[^"\\]|\\.)*"'
_MATCHERS = re.compile(rf"\s*([a-zA-Z_]\w*)\s*(=~|!~|!=|=)\s*({_STRING})\s*(?:,|$)")
_SELECTOR = re.compile(rf'(?<![\w:$"])([a-zA-Z_:][\w:]*)\s*(?:\{{((?:[^"{{}}]|{_STRING})*)\}})?')
_GROUPED = re.compile(r"\b(?:by|on|ignoring|without)\s*\(([^()]*)\)\s*(?=\()")
_GROUPING = re.compile(r"\b(?:by|on|ignoring|without)\s*\([^()]*\)")
_WORDS = {"and", "or", "unless", "bool", "offset"}


class Matcher(NamedTuple):
    """`outcome=~"a|b"`."""

    label: str
    how: str
    value: str


class Selector(NamedTuple):
    """A metric that is asked for, with what its labels must be."""

    metric: str
    matchers: tuple[Matcher, ...]


class Grouping(NamedTuple):
    """`by (a, b) (...)`: the labels, and the selectors of what is grouped."""

    labels: tuple[str, ...]
    of: tuple[Selector, ...]


def selectors_in(query: str) -> list[Selector]:
    """Every metric of a query."""
    return list(_selectors(query))


def groupings_in(query: str) -> Iterator[Grouping]:
    """Every grouping of a query, with what it groups."""
    for found in _GROUPED.finditer(query):
        labels = tuple(label.strip() for label in found[1].split(",") if label.strip())
        inside = _balanced(query, found.end())
        yield Grouping(labels, tuple(_selectors(inside)))


def _selectors(query: str) -> Iterator[Selector]:
    # Ranges, and lists of labels, have words that are no metrics.
    query = re.sub(r"\[[^\]]*\]", "", _GROUPING.sub(" ", query))
    for found in _SELECTOR.finditer(query):
        if found[1] in _WORDS or query[found.end() :].lstrip().startswith("("):
            continue  # an operator, or a function
        yield Selector(found[1], tuple(_matchers(found[2] or "")))


def _matchers(text: str) -> Iterator[Matcher]:
    at = 0
    while at < len(text.rstrip()):
        found = _MATCHERS.match(text, at)
        assert found, f"can't read the labels {text!r}"
        yield Matcher(found[1], found[2], found[3][1:-1])
        at = found.end()


def _balanced(query: str, at: int) -> str:
    """What stands in the parentheses that open at a place."""
    depth = 0
    for end in range(at, len(query)):
        depth += (query[end] == "(") - (query[end] == ")")
        if depth == 0:
            return query[at + 1 : end]
    raise AssertionError(f"parentheses of {query!r} are not closed")
