"""The comments of a room that a worker remembers, so that they can be reported later."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from server.features.comments.messages import CommentEvent, CommentView
from server.protocol.message import Event
from server.rooms.part import Part

SAID_MAX = 5000
"""Comments remembered of a room that is open here; about 400 bytes each."""


class SaidPart(Part):
    """What was said here lately, also what was taken back since."""

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self._said: dict[str, CommentEvent] = {}
        """By their ids, the oldest first."""

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {CommentEvent: self._comment}

    def by_id(self, id_: str) -> CommentView | None:
        """The comment of this id; None if it was not heard here, or too long ago."""
        said = self._said.get(id_)
        return None if said is None else said.view()

    def of_user(self, user: str, most: int) -> list[CommentView]:
        """The latest comments of a user, the newest first."""
        own = (said for said in reversed(self._said.values()) if said.user == user)
        return [said.view() for said in islice(own, most)]

    def _comment(self, event: CommentEvent) -> None:
        self._said[event.id] = event
        if len(self._said) > SAID_MAX:
            del self._said[next(iter(self._said))]
