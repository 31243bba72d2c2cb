"""The table of facts in docs/timeline.md, made from what the features declare."""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo

from server.rooms.fact_book import FactBook
from server.rooms.facts import Fact

_HEAD = "| `k` | fields | what happened | feature | shown in the replay |\n|---|---|---|---|---|\n"
_TABLE = re.compile(r"^\| `k` \|.*\n(?:\|.*\n)+", re.MULTILINE)
_OF_ALL = frozenset(Fact.__struct_fields__)


def timeline_md(book: FactBook, page: str) -> str:
    """The page with its table made anew. ValueError if it has none."""
    if len(_TABLE.findall(page)) != 1:
        raise ValueError("The page needs just one table whose first column is headed `k`.")
    return _TABLE.sub(lambda _: _HEAD + "".join(_rows(book)), page)


def _rows(book: FactBook) -> Iterator[str]:
    for kind, fact in book.kinds.items():
        fields = ", ".join(_field(field) for field in _own(fact))
        happened = " ".join((fact.__doc__ or "").split()).replace("|", "\\|")
        shown = " ".join(f"`{name}`" for name in fact.shown)
        yield f"| `{kind}` | {fields} | {happened} | {book.owners[kind]} | {shown} |\n"


def _own(kind: type[Struct]) -> list[FieldInfo]:
    """The fields that not every fact has."""
    return [field for field in msgspec.structs.fields(kind) if field.name not in _OF_ALL]


def _field(field: FieldInfo) -> str:
    name = f"`{field.name}`{_maybe(field)}"
    for kind in (field.type, *get_args(field.type)):
        if get_origin(kind) is Literal:
            return f"{name}: {' or '.join(f'`{each}`' for each in get_args(kind) if each)}"
        if get_origin(field.type) is list and _is_struct(kind):
            inner = ", ".join(f"{each.name}{_maybe(each)}" for each in msgspec.structs.fields(kind))
            return f"{name}: list of `{{{inner}}}`"
        if _is_struct(kind):
            return f"{name} ({kind.__name__})"
    return f"{name}: list" if get_origin(field.type) is list else name


def _maybe(field: FieldInfo) -> str:
    """A question mark for a field that may be absent."""
    given = field.default is not NODEFAULT or field.default_factory is not NODEFAULT
    return "?" if given else ""


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Struct)
