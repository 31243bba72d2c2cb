"""Reads what clients send: a field that the server doesn't know is refused, never ignored.

Otherwise a misspelt field, or one of a newer version, would silently be left out of what is done:
a sale would open at once, a whole order be refunded. In stored data, in messages between workers
and in what clients read, unknown fields are ignored: workers of two versions share one store. So a
struct is for the one or for the other. Where both need the same fields, the input is a subclass
that says `forbid_unknown_fields=True`.
"""

import difflib
import functools
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, ValidationError, inspect, structs

_UNKNOWN = re.compile(r"Object contains unknown field `(.*?)`(?: - at `(\$[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[[^\]]*\]")
_SHOWN_CHARS_MAX = 64
_NEAR = 0.6  # difflib's own default


class Input(Struct, frozen=True, forbid_unknown_fields=True):
    """The base of commands, of structs inside them, of request bodies and of queries."""


class NoInput(Input, frozen=True):
    """The body or query of a request that takes none."""


def tolerant_in(kind: Any) -> list[str]:
    """The names of the types within `kind`, itself included, that ignore unknown fields."""
    return sorted(name for name, forbids in _objects_in(kind) if not forbids)


def strict_in(kind: Any) -> list[str]:
    """The names of the types within `kind`, itself included, that refuse unknown fields."""
    return sorted(name for name, forbids in _objects_in(kind) if forbids)


def unknown_field(error: Exception, kind: Any, whole: str, what: str = "field") -> str | None:
    """Say which field nobody knows, and the nearest that is known, as one sentence.

    `error` was raised when `kind` was decoded; `whole` names it, and `what` its fields. None if the
    error is about something else.
    """
    found = _UNKNOWN.fullmatch(str(error)) if isinstance(error, ValidationError) else None
    if found is None:
        return None
    name, path = found[1][:_SHOWN_CHARS_MAX], found[2] or "$"
    place = whole if path == "$" else f"`{path[1:].lstrip('.')}` of {whole}"
    known = _names_at(kind, path)
    begun = f"{place[0].upper()}{place[1:]} has no {what} `{name}`"
    if near := _nearest(name, known):
        return f"{begun}: did you mean `{near}`?"
    listed = " ".join(f"`{each}`" for each in known)
    return f"{begun}; it takes {listed or 'none'}."


def _nearest(name: str, known: list[str]) -> str | None:
    by_look = {_look(each): each for each in known}
    near = difflib.get_close_matches(_look(name), by_look, n=1, cutoff=_NEAR)
    return by_look[near[0]] if near else None


def _look(name: str) -> str:
    """The name without what differs between ways of writing it, such as `startsIn`."""
    return name.lower().replace("_", "").replace("-", "")


@functools.lru_cache(maxsize=512)
def _info(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _names_at(kind: Any, path: str) -> list[str]:
    """The names of the fields that the object at `path` may have; a path as msgspec writes it."""
    nodes = list(_alternatives(_info(kind)))
    for step in _STEP.finditer(path):
        inner = [each for node in nodes for each in _after(node, step[1])]
        nodes = [end for each in inner for end in _alternatives(each)]
    names: list[str] = []
    for node in nodes:
        if isinstance(node, inspect.StructType):
            names += [node.tag_field] if node.tag_field else []
            names += [field.encode_name for field in node.fields]
    return list(dict.fromkeys(names))


def _alternatives(node: inspect.Type) -> Iterator[inspect.Type]:
    if isinstance(node, inspect.Metadata):
        yield from _alternatives(node.type)
    elif isinstance(node, inspect.UnionType):
        for each in node.types:
            yield from _alternatives(each)
    else:
        yield node


def _after(node: inspect.Type, field: str | None) -> Iterator[inspect.Type]:
    """The types of a field, or of the elements if `field` is None."""
    if field is None:
        yield from _parts(node)
    elif isinstance(node, inspect.StructType):
        yield from (each.type for each in node.fields if each.encode_name == field)


def _parts(node: inspect.Type) -> Iterator[inspect.Type]:
    """The types that stand directly in a type."""
    for value in structs.asdict(node).values():
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, inspect.Type):
                yield each
            elif isinstance(each, inspect.Field):
                yield each.type


@functools.lru_cache(maxsize=1024)  # each worker of a process asks about the same routes
def _objects_in(kind: Any) -> list[tuple[str, bool]]:
    """The name of each type with named fields in `kind`, and whether it forbids unknown ones."""
    seen: dict[Any, bool] = {}
    waiting = [_info(kind)]
    while waiting:
        node = waiting.pop()
        cls = getattr(node, "cls", None)
        if hasattr(node, "fields"):
            if cls in seen:
                continue
            seen[cls] = bool(getattr(node, "forbid_unknown_fields", False))
        waiting += _parts(node)
    return [(cls.__name__, forbids) for cls, forbids in seen.items()]
