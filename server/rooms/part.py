"""What a feature adds to the copy that a worker keeps of a room, and so to every snapshot.

A part declares the fields it adds, as structs without behaviour, and changes its values as events
say. Field names are flat: two parts can't add the same one.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from msgspec import Struct

from server.protocol.message import Event


class NoFields(Struct):
    """The part adds none here."""


class Part:
    """The base of all parts. One is made for each open room, from what was loaded."""

    Fields: ClassVar[type[Struct]] = NoFields
    """Fields of the room's hash in Redis, with their defaults; numbers where they are numbers."""
    Loaded: ClassVar[type[Struct]] = NoFields
    """What the feature's `load.lua` returns, with defaults."""
    Told: ClassVar[type[Struct]] = NoFields
    """Of `Fields`, those that the `room` event tells when the host changes them."""
    View: ClassVar[type[Struct]] = NoFields
    """Fields it adds to a snapshot, with defaults."""

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:  # noqa: ARG002
        """`loaded` has `fields`, with all of `Fields`, and all of `Loaded`; `args` are those it was
        loaded with (`Running.load_args`)."""
        self.fields = loaded.fields

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """What each event changes; events that change nothing are left out."""
        return {}

    def view(self) -> Mapping[str, Any]:
        """The values of `View`."""
        return {}

    def values(self) -> Iterable[Event]:
        """The newest of each value that the stream does not hold, as events that tell it."""
        return ()

    def recovered(self, loaded: "Part", lost: int) -> Iterable[Event]:  # noqa: ARG002
        """Of the `lost` counted events that never came, those that `loaded` still has."""
        return ()
