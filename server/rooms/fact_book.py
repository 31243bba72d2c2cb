"""All facts that features declare, and what they add to the figures: one list, folded by the house.

The timeline's page, the figures and the replay are made from it; no other file lists facts.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec.structs import FieldInfo

from server.rooms.facts import Fact
from server.rooms.retelling import Retelling
from server.rooms.tally import Tally
from server.store.script_library import LuaFile

RECORDER = "_timeline.lua"
"""The script that defines `record`."""
_OF_ALL = frozenset(Fact.__struct_fields__)
_COMMENT = re.compile(r"--.*")
_RECORD = re.compile(r"\brecord\b(?:\(\{ k = '(\w+)')?")


class Declared(NamedTuple):
    """The definitions of one feature's `facts.py`."""

    feature: str
    facts: Sequence[type[Fact]]
    tallies: Sequence[type[Tally]]
    retellings: Sequence[type[Retelling]]


class Number(NamedTuple):
    """A number of the figures: the tally that counts it, and its type."""

    tally: type[Tally]
    kind: Any


class FactBook:
    """All facts and tallies, in the features' order.

    Raises ValueError, naming both, if two declare the same fact or number, or show a field of one
    name with two types.
    """

    def __init__(self, declared: Iterable[Declared]) -> None:
        self.kinds: dict[str, type[Fact]] = {}
        """Each fact by its kind."""
        self.owners: dict[str, str] = {}
        """The feature that declares a kind."""
        self.moderating: frozenset[str] = frozenset()
        """The kinds of those that are acts of moderation."""
        self.tallies: list[type[Tally]] = []
        self.retellings: list[type[Retelling]] = []
        for each in declared:
            for fact in each.facts:
                self._declare(each.feature, fact)
            self.tallies += each.tallies
            self.retellings += each.retellings
        self.moderating = frozenset(name for name, fact in self.kinds.items() if fact.moderates)
        self.numbers: dict[str, Number] = self._numbers()
        """The numbers that tallies add to the figures; the lowest feature's come last."""
        self.shown: dict[str, FieldInfo] = self._shown()
        """The fields of facts that a replay shows, as one flat space."""

    def _declare(self, feature: str, fact: type[Fact]) -> None:
        kind = fact.kind()
        if kind in self.owners:
            raise ValueError(
                f"The features {self.owners[kind]} and {feature} both declare the fact `{kind}`; "
                "rename one."
            )
        self.kinds[kind], self.owners[kind] = fact, feature

    def _numbers(self) -> dict[str, Number]:
        found: dict[str, Number] = {}
        for tally in reversed(self.tallies):
            for field in msgspec.structs.fields(tally.Numbers):
                if field.name in found:
                    raise ValueError(
                        f"{called(tally)} and {called(found[field.name].tally)} both have the "
                        f"number `{field.name}`; rename one."
                    )
                found[field.name] = Number(tally, field.type)
        return found

    def _shown(self) -> dict[str, FieldInfo]:
        found: dict[str, FieldInfo] = {}
        owner: dict[str, type[Fact]] = {}
        for fact in self.kinds.values():
            fields = {field.name: field for field in msgspec.structs.fields(fact)}
            for name in fact.shown:
                if name not in fields or name in _OF_ALL:
                    raise ValueError(f"{called(fact)} shows `{name}`, no field of its own.")
                if name in found and found[name].type != fields[name].type:
                    raise ValueError(
                        f"{called(fact)} and {called(owner[name])} show `{name}` with two types; "
                        "rename one."
                    )
                found[name], owner[name] = fields[name], fact
        return found

    def must_be_recorded_by(self, scripts: Sequence[LuaFile]) -> None:
        """Raise ValueError, naming the piece, unless these scripts record just the declared facts.

        Only scripts write to the timeline.
        """
        recorded: set[str] = set()
        for file in scripts:
            for kind in facts_in(file):
                if kind not in self.kinds:
                    raise ValueError(
                        f"{file.path} records the fact `{kind}`, and no feature declares it: write "
                        "its class in the feature's facts.py, and name that in Feature(facts=...)."
                    )
                recorded.add(kind)
        for kind, owner in self.owners.items():
            if kind not in recorded:
                raise ValueError(
                    f"The feature {owner} declares the fact `{kind}`, and no script records it: "
                    "record it, or take it out of the feature's facts.py."
                )


def facts_in(file: LuaFile) -> list[str]:
    """The kinds of facts that a script's text records.

    ValueError, naming the file, where the text uses `record` and does not show the kind.
    """
    if file.path.endswith(RECORDER):
        return []
    kinds: list[str] = _RECORD.findall(_COMMENT.sub("", file.text))
    if "" in kinds:
        raise ValueError(
            f"{file.path} uses `record` without showing the kind of the fact: call it as "
            "record({ k = 'kind', ... })."
        )
    return kinds


def called(kind: type[Any]) -> str:
    """The name of a class, with its module: for sentences about it."""
    return f"{kind.__module__}.{kind.__qualname__}"
