"""The newest poll in the copy of a room."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from server.features.polls.messages import Poll, PollEvent, VotesEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Newest(Struct):
    poll: Poll | None = None


class PollsPart(Part):
    """The newest poll with its votes so far."""

    Loaded = View = _Newest

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self.poll: Poll | None = loaded.poll

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {PollEvent: self._poll, VotesEvent: self._votes}

    def view(self) -> Mapping[str, Any]:
        return {"poll": self.poll}

    def values(self) -> Iterable[Event]:
        if self.poll is not None:
            yield VotesEvent(poll=self.poll.poll, votes=self.poll.votes, ver=self.poll.ver)

    def _poll(self, event: PollEvent) -> None:
        new, known = event.poll, self.poll
        if known is not None and known.poll == new.poll and known.ver > new.ver:
            new = msgspec.structs.replace(new, votes=known.votes, ver=known.ver)
        self.poll = new

    def _votes(self, event: VotesEvent) -> None:
        known = self.poll
        if known is not None and known.poll == event.poll and event.ver > known.ver:
            self.poll = msgspec.structs.replace(known, votes=event.votes, ver=event.ver)
