"""Which feature owns what: for messages that name the feature and the piece."""

from collections.abc import Iterator
from typing import Any

import msgspec

from server.feature import defined_in
from server.house import HOUSE
from server.protocol.message import Command, Event
from server.rooms.facts import Fact


def tag(kind: type[Any]) -> str:
    """The name of a command or an event on the wire."""
    return str(kind.__struct_config__.tag)


def commands_of(feature: str) -> list[type[Command]]:
    """The commands that a feature declares."""
    return defined_in(HOUSE.features[feature].messages, Command)


def events_of(feature: str) -> list[type[Event]]:
    """The events that a feature declares."""
    return defined_in(HOUSE.features[feature].messages, Event)


def facts_of(feature: str) -> list[type[Fact]]:
    """The facts that a feature declares."""
    return defined_in(HOUSE.features[feature].facts, Fact)


TALKING = sorted(
    name for name in HOUSE.features if commands_of(name) or events_of(name) or facts_of(name)
)
"""Features that have a story to tell."""

_OWNERS = {
    field.name: f"{name} ({feature.part.__module__}.{feature.part.__name__})"
    for name, feature in HOUSE.features.items()
    if feature.part is not None
    for field in msgspec.structs.fields(feature.part.View)
}
_TELLERS = {tag(event): name for name in HOUSE.features for event in events_of(name)}


def field_of(name: str) -> str:
    """A field of a snapshot, with the feature and the part it belongs to."""
    return f"`{name}` of {_OWNERS.get(name, 'the engine')}"


def event_of(name: str) -> str:
    """An event, with the feature that tells it."""
    return f"`{name}` of {_TELLERS.get(name, 'the engine')}"


def differences(ours: Any, theirs: Any) -> Iterator[tuple[str, Any, Any]]:
    """The fields of two snapshots that differ, and their values."""
    for field in msgspec.structs.fields(type(theirs)):
        one, other = getattr(ours, field.name), getattr(theirs, field.name)
        if one != other:
            yield field.name, one, other
