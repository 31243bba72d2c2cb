"""The values that custom events left, in the copy of a room."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from server.features.custom_events.messages import CustomLatestEvent, CustomValue
from server.protocol.message import Event
from server.rooms.part import Part


class StoredValue(Struct):
    """A value as Redis keeps it; `json` is empty once it was taken away."""

    name: str
    item: str
    ver: int
    at: int
    json: str = ""


class _Loaded(Struct):
    stored_values: list[StoredValue] = []


class _View(Struct):
    custom_values: list[CustomValue] = []


class CustomValuesPart(Part):
    """The newest value of each name and item, the last changed at the end.

    Of those that were taken away the `ver` is kept, so that no older value comes back.
    """

    Loaded, View = _Loaded, _View

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self._newest: dict[tuple[str, str], CustomLatestEvent] = {}
        for stored in loaded.stored_values:
            self._take(
                CustomLatestEvent(
                    name=stored.name, item=stored.item, ver=stored.ver, at=stored.at,
                    data=msgspec.json.decode(stored.json) if stored.json else None,
                )
            )  # fmt: skip

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {CustomLatestEvent: self._take}

    def view(self) -> Mapping[str, Any]:
        return {
            "custom_values": [
                CustomValue(each.name, each.data, each.ver, each.at, each.item)
                for each in self._newest.values()
                if each.data is not None
            ]
        }

    def values(self) -> Iterable[Event]:
        yield from self._newest.values()

    def _take(self, event: CustomLatestEvent) -> None:
        which = event.name, event.item
        known = self._newest.get(which)
        if known is None or event.ver > known.ver:
            self._newest.pop(which, None)
            self._newest[which] = event
