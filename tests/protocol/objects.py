"""Finds each object within a message, and gives it a field that nobody knows."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any

UNKNOWN = "zzz"
OPEN = {"does": "a command's fields, which its handler holds to that command, by `kind`"}
"""Fields whose maps are no objects of the message, with the reason."""


def each_with_an_unknown_field(message: Any) -> Iterator[Any]:
    """Copies of the message, each with one more field, the first, in another of its objects."""
    for path in _paths(message):
        bent = copy.deepcopy(message)
        place = _at(bent, path)
        # A value like the others: in a map it is an entry, not a field.
        fields = {UNKNOWN: next(iter(place.values()), 1)} | place
        place.clear()
        place.update(fields)
        yield bent


def _paths(node: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(node, dict):
        yield before
        inner = node.items()
    elif isinstance(node, list):
        inner = enumerate(node)
    for key, value in inner:
        if key in OPEN:
            continue
        yield from _paths(value, (*before, key))


def _at(node: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        node = node[key]
    return node
