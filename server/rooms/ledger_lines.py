"""A line of the ledger, declared by the feature whose scripts write it; and all of them.

Scripts write lines and others read them as plain dicts, so that a line of any version can be read.
These classes say what other systems are told: webhooks name their types, and their JSON Schemas.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, get_args, get_origin

import msgspec
from msgspec import Struct

_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")


class LedgerLine(Struct, tag_field="k", frozen=True, kw_only=True, omit_defaults=True):
    """A line of the ledger of `room`, as it is told. `n` is its number there, gapless from 1; `at`
    is when it was written, in Unix ms by the clock of Redis.

    A line has one type of event: its kind `k`, with a dot and `what` where lines of that kind have
    one. A class with other types sets `types`, and `type_of` to choose among them.
    """

    types: ClassVar[tuple[str, ...]] = ()

    room: str
    n: int
    at: int

    @classmethod
    def type_of(cls, line: Mapping[str, Any]) -> str:  # noqa: ARG003  (those with several look)
        """The type of event that this line is."""
        return types_of(cls)[0]


def types_of(kind: type[LedgerLine]) -> tuple[str, ...]:
    """The types of events that lines of a class are."""
    return kind.types or (".".join(filter(None, _place_of(kind))),)


def _place_of(kind: type[LedgerLine]) -> tuple[str, str]:
    """Return what `k` and `what` are in lines of a class; `what` is empty if they have none."""
    what = ""
    for field in msgspec.structs.fields(kind):
        if field.name == "what" and get_origin(field.type) is Literal:
            what = str(get_args(field.type)[0])
    return str(kind.__struct_config__.tag), what


class LineBook:
    """All lines that features declare. Raises ValueError, naming both, if two declare one type."""

    def __init__(self, declared: Iterable[tuple[str, Iterable[type[LedgerLine]]]]) -> None:
        self.types: dict[str, type[LedgerLine]] = {}
        """The class of each type of event, by the type."""
        self._classes: dict[tuple[str, str], type[LedgerLine]] = {}
        for feature, kinds in declared:
            for kind in kinds:
                self._declare(feature, kind)

    def _declare(self, feature: str, kind: type[LedgerLine]) -> None:
        place = _place_of(kind)
        if place in self._classes:
            raise ValueError(
                f"{kind.__module__} and {self._classes[place].__module__} both declare the ledger "
                f"line `{'.'.join(filter(None, place))}`; rename one."
            )
        self._classes[place] = kind
        for name in types_of(kind):
            if not _TYPE.fullmatch(name) or name in self.types:
                raise ValueError(
                    f"The feature {feature} gives the ledger line {kind.__qualname__} the type "
                    f"`{name}`, which is taken or not of lower-case words and dots; rename it."
                )
            self.types[name] = kind

    def class_of(self, line: Mapping[str, Any]) -> type[LedgerLine] | None:
        """The class of a line as it is stored; None if no feature declares it."""
        kind = str(line.get("k", ""))
        return self._classes.get((kind, str(line.get("what", "")))) or self._classes.get((kind, ""))

    def type_of(self, line: Mapping[str, Any]) -> str:
        """The type of event that a line is. One that no feature declares has a type all the same,
        for it must not be lost: a newer server wrote it."""
        found = self.class_of(line)
        if found is None:
            return ".".join(str(line[name]) for name in ("k", "what") if line.get(name))
        return found.type_of(line)
