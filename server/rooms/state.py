"""A worker's copy of a room. Applying every event keeps it current; snapshots are made from it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, TypeVar, cast

from server.protocol.codec import CODECS, Encoding
from server.protocol.message import Event
from server.protocol.room import RoomView
from server.rooms.part import Part
from server.rooms.shape import OWN_TOLD, RoomFields, RoomSettings, RoomShape
from server.store.bus import Position

P = TypeVar("P", bound=Part)


class RoomState:
    """One room: the engine's own fields, and the parts of the features."""

    def __init__(self, shape: RoomShape, loaded: Any, args: Mapping[str, Any]) -> None:
        fields: RoomFields = loaded.fields
        self.fields = fields
        """The room's hash as loaded; parts keep the current values of their fields themselves."""
        self.epoch = fields.epoch
        self.position = Position(fields.seq, fields.sub)
        self.moderators = set(loaded.moderators)
        """Users whom the host made moderators of this room, independent of their tokens."""
        self.counted = fields.comments
        """The number of counted events so far."""
        self._shape = shape
        self._parts: dict[type[Part], Part] = {kind: kind(loaded, args) for kind in shape.parts}
        self._more = [part for part in self._parts.values() if type(part).view is not Part.view]
        """The parts that show more than fields of the room's hash as they are."""
        self._encoded: dict[Encoding, bytes] = {}
        self._changes: dict[type[Event], list[Callable[[Any], None]]] = {
            shape.room_settings: [self._take_settings]
        }
        for part in self._parts.values():
            for kind, change in part.changes().items():
                self._changes.setdefault(kind, []).append(change)

    @property
    def is_draft(self) -> bool:
        """Whether only the host, moderators and admins may be here."""
        return bool(self.fields.draft)

    @property
    def is_practice(self) -> bool:
        """Whether nobody is told of this room, and its orders are void."""
        return bool(self.fields.practice)

    @property
    def changed_by(self) -> Collection[type[Event]]:
        """The events that change this copy."""
        return self._changes.keys()

    def part(self, kind: type[P]) -> P:
        """Return a feature's part of the copy."""
        return cast("P", self._parts[kind])

    def view(self) -> RoomView:
        """Return the public snapshot."""
        values = self._shape.shown(self.fields)
        values["draft"], values["practice"] = self.is_draft, self.is_practice
        for part in self._more:
            values.update(part.view())
        return self._shape.view(**values)

    def encoded(self, encoding: Encoding) -> bytes:
        """Return the snapshot's bytes, encoded once for all joins before the next change."""
        raw = self._encoded.get(encoding)
        if raw is None:
            raw = self._encoded[encoding] = CODECS[encoding].encode(self.view())
        return raw

    def apply(self, event: Event) -> None:
        """Apply an event to the copy; events without state change nothing."""
        changes = self._changes.get(type(event))
        if changes is not None:
            for change in changes:
                change(event)
            self._encoded.clear()

    def values(self) -> Iterator[Event]:
        """Yield the newest of each value that is not in the stream, as events."""
        for part in self._parts.values():
            yield from part.values()

    def recovered(self, newer: "RoomState", lost: int) -> list[Event]:
        """Return those of the `lost` counted events that `newer`, read since then, still has."""
        return [
            event
            for kind, part in self._parts.items()
            for event in part.recovered(newer.part(kind), lost)
        ]

    def _take_settings(self, event: RoomSettings) -> None:
        for name, kind in self._shape.told.items():
            if name in OWN_TOLD and not event.title:
                continue  # told by a worker of the version before
            value = getattr(event, name)
            if name == "time_zone" and not value:
                continue  # none is ever taken away; a version between knew none
            setattr(self.fields, name, int(value) if kind is bool else value)
