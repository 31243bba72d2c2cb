"""Holds who is here, in the copy of a room."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from server.features.presence.messages import OnlineEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Fields(Struct):
    online: int = 0
    viewers: int = 0


class PresencePart(Part):
    """Connections now (`online`) and distinct people since the room was created (`viewers`).

    `viewers` is an estimate with a standard error of 0.81 % (Redis HyperLogLog).
    """

    Fields = View = _Fields

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {OnlineEvent: self._take}

    def values(self) -> Iterable[Event]:
        yield OnlineEvent(now=self.fields.online, total=self.fields.viewers)

    def _take(self, event: OnlineEvent) -> None:
        self.fields.online, self.fields.viewers = event.now, event.total
