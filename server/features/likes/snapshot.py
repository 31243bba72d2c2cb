"""The hearts in the copy of a room."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from server.features.likes.messages import LikesEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Fields(Struct):
    likes: int = 0


class LikesPart(Part):
    """The number of hearts that the room got."""

    Fields = View = _Fields

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {LikesEvent: self._take}

    def values(self) -> Iterable[Event]:
        yield LikesEvent(total=self.fields.likes)

    def _take(self, event: LikesEvent) -> None:
        self.fields.likes = max(self.fields.likes, event.total)
