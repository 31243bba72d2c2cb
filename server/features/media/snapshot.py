"""The picture in the copy of a room."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from server.features.media.messages import PictureEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Fields(Struct):
    picture: int = 0


class PicturePart(Part):
    """When somebody last began to send the picture, in Unix ms; 0: nobody did."""

    Fields = View = _Fields

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {PictureEvent: self._take}

    def _take(self, event: PictureEvent) -> None:
        self.fields.picture = event.at
