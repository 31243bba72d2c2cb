"""The notice in the copy of a room."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from server.features.notices.messages import NoticeEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Fields(Struct):
    notice: str = ""


class NoticePart(Part):
    """The line that everybody is shown; empty: none."""

    Fields = View = _Fields

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {NoticeEvent: self._take}

    def _take(self, event: NoticeEvent) -> None:
        self.fields.notice = event.text
