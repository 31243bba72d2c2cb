"""The numbers of followers and reservations in the copy of a room."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct

from server.features.follows.messages import FollowersEvent, ReservedEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Fields(Struct):
    followers: int = 0
    reserved: int = 0


class FollowsPart(Part):
    """The numbers of those who follow the host, and who asked to be told of the start."""

    Fields = View = _Fields

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {FollowersEvent: self._followers, ReservedEvent: self._reserved}

    def values(self) -> Iterable[Event]:
        yield FollowersEvent(total=self.fields.followers)
        yield ReservedEvent(total=self.fields.reserved)

    def _followers(self, event: FollowersEvent) -> None:
        self.fields.followers = event.total

    def _reserved(self, event: ReservedEvent) -> None:
        self.fields.reserved = event.total
