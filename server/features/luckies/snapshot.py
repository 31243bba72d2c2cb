"""The newest lucky draw in the copy of a room."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from server.features.luckies.messages import EntriesEvent, Lucky, LuckyEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Newest(Struct):
    lucky: Lucky | None = None


class LuckiesPart(Part):
    """The newest lucky draw and how many entered it."""

    Loaded = View = _Newest

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self.lucky: Lucky | None = loaded.lucky

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {LuckyEvent: self._lucky, EntriesEvent: self._entries}

    def view(self) -> Mapping[str, Any]:
        return {"lucky": self.lucky}

    def values(self) -> Iterable[Event]:
        if self.lucky is not None:
            yield EntriesEvent(lucky=self.lucky.lucky, entries=self.lucky.entries)

    def _lucky(self, event: LuckyEvent) -> None:
        new, known = event.lucky, self.lucky
        if known is not None and known.lucky == new.lucky and known.entries > new.entries:
            new = msgspec.structs.replace(new, entries=known.entries)
        self.lucky = new

    def _entries(self, event: EntriesEvent) -> None:
        known = self.lucky
        if known is not None and known.lucky == event.lucky and event.entries > known.entries:
            self.lucky = msgspec.structs.replace(known, entries=event.entries)
