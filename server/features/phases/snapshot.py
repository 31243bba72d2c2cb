"""The phase in the copy of a room."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from server.features.phases.messages import PhaseEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Fields(Struct):
    selling: int = 0
    cancelled: int = 0
    cancel_reason: str = ""


class _Told(Struct):
    selling: bool = False


class _View(_Told):
    cancelled: bool = False
    cancel_reason: str = ""


class PhasesPart(Part):
    """Scheduled, live or ended; `selling`: what is on sale can be bought after the end;
    `cancelled`: it ended without having started."""

    Fields = _Fields
    Told = _Told
    View = _View

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {PhaseEvent: self._take}

    @property
    def selling(self) -> bool:
        """Whether what is on sale can be bought though the stream has ended."""
        return bool(self.fields.selling)

    def view(self) -> Mapping[str, Any]:
        return {"selling": self.selling, "cancelled": bool(self.fields.cancelled)}

    def _take(self, event: PhaseEvent) -> None:
        self.fields.phase = event.phase
        if event.phase == "live":
            self.fields.started = event.at
        elif event.phase == "ended":
            self.fields.ended = event.at
            self.fields.cancelled = int(event.cancelled)
            self.fields.cancel_reason = event.reason
