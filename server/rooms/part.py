"""A feature's part of a worker's copy of a room, and so of every snapshot.

A part declares its fields as structs without behaviour, and updates their values from events.
Field names share one flat namespace: two parts can't add the same name.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from msgspec import Struct

from server.protocol.message import Event


class NoFields(Struct):
    """The part adds no fields in this place."""


class Part:
    """The base of all parts. Each open room makes one of each kind from its loaded data."""

    Fields: ClassVar[type[Struct]] = NoFields
    """Fields of the room's hash in Redis, typed (numbers as numbers), with their defaults."""
    Loaded: ClassVar[type[Struct]] = NoFields
    """The fields that the feature's `load.lua` returns, with defaults."""
    Told: ClassVar[type[Struct]] = NoFields
    """Those of `Fields` that the `room` event carries when the host changes them."""
    View: ClassVar[type[Struct]] = NoFields
    """Fields that the part adds to a snapshot, with defaults. Those that `Fields` has too are shown
    as they are, unless `view` returns them."""

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:  # noqa: ARG002
        """`loaded` has all fields of `Loaded`, and in `fields` all of `Fields`; `args` are the
        arguments of the load (`Running.load_args`)."""
        self.fields = loaded.fields

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """Map each event to the method that applies it; leave out events that change nothing."""
        return {}

    def view(self) -> Mapping[str, Any]:
        """Return the values of `View` that are not shown as they are in `Fields`."""
        return {}

    def values(self) -> Iterable[Event]:
        """Yield the newest of each value that is not in the stream, as its event."""
        return ()

    def recovered(self, loaded: "Part", lost: int) -> Iterable[Event]:  # noqa: ARG002
        """Yield those of the `lost` counted events that never arrived and are still in `loaded`."""
        return ()
