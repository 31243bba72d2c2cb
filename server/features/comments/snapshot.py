"""The most recent comments and the pinned one in the copy of a room."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from server.features.comments.messages import (
    CommentEvent,
    CommentPinEvent,
    CommentView,
    Quoted,
    RemovedEvent,
)
from server.protocol.message import Event
from server.rooms.part import Part

ANSWERABLE_MAX = 1000
"""Comments of which a worker remembers the author, so that they can be answered."""


class _Fields(Struct):
    slow_s: int = 0
    comment_pin_ver: int = 0


class _Told(Struct):
    slow_s: int  # always told, also when it is 0


class _Loaded(Struct):
    recent: list[CommentView] = []
    pinned_comment: CommentView | None = None


class _View(Struct):
    slow_s: int = 0
    comments: list[CommentView] = []
    pinned_comment: CommentView | None = None


class CommentsPart(Part):
    """The recent comments, the oldest first, and the pinned one; `slow_s` seconds between two of
    one user, 0: no limit.

    It is loaded with `recent_max`, and keeps no more.
    """

    Fields, Told, Loaded, View = _Fields, _Told, _Loaded, _View

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self.recent: deque[CommentView] = deque(loaded.recent, maxlen=args["recent_max"])
        self.pinned: CommentView | None = loaded.pinned_comment
        self._authors = {each.id: (each.user, each.name) for each in self.recent}
        """The users and names of whoever said what can be answered, the oldest first."""

    def quoted(self, id_: str) -> Quoted | None:
        """The comment that another one answers; None if it is not known here any more."""
        author = self._authors.get(id_)
        return None if author is None else Quoted(id_, *author)

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {
            CommentEvent: self._comment,
            RemovedEvent: self._removed,
            CommentPinEvent: self._pin,
        }

    def view(self) -> Mapping[str, Any]:
        return {"comments": list(self.recent), "pinned_comment": self.pinned}

    def values(self) -> Iterable[Event]:
        yield CommentPinEvent(ver=self.fields.comment_pin_ver, comment=self.pinned)

    def recovered(self, loaded: Part, lost: int) -> Iterable[Event]:
        """The lost comments that are still recent; the event stream does not keep comments."""
        assert isinstance(loaded, CommentsPart)
        known = {comment.id for comment in self.recent}
        for comment in list(loaded.recent)[-lost:]:
            if comment.id not in known:
                yield CommentEvent(**msgspec.structs.asdict(comment))

    def _comment(self, event: CommentEvent) -> None:
        self.recent.append(event.view())
        self._authors[event.id] = (event.user, event.name)
        if len(self._authors) > ANSWERABLE_MAX:
            del self._authors[next(iter(self._authors))]

    def _removed(self, event: RemovedEvent) -> None:
        kept = [c for c in self.recent if c.id != event.id and c.user != event.user]
        self.recent = deque(kept, maxlen=self.recent.maxlen)
        self._authors = {
            id_: author
            for id_, author in self._authors.items()
            if id_ != event.id and author[0] != event.user
        }

    def _pin(self, event: CommentPinEvent) -> None:
        if event.ver > self.fields.comment_pin_ver:
            self.fields.comment_pin_ver, self.pinned = event.ver, event.comment
