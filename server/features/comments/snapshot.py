"""The most recent comments in the copy of a room."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from server.features.comments.messages import CommentEvent, CommentView, RemovedEvent
from server.protocol.message import Event
from server.rooms.part import Part


class _Fields(Struct):
    slow_s: int = 0


class _Told(Struct):
    slow_s: int  # always told, also when it is 0


class _Loaded(Struct):
    recent: list[CommentView] = []


class _View(Struct):
    slow_s: int = 0
    comments: list[CommentView] = []


class CommentsPart(Part):
    """The recent comments, the oldest first; `slow_s` seconds between two of one user, 0: no limit.

    It is loaded with `recent_max`, and keeps no more.
    """

    Fields, Told, Loaded, View = _Fields, _Told, _Loaded, _View

    def __init__(self, loaded: Any, args: Mapping[str, Any]) -> None:
        super().__init__(loaded, args)
        self.recent: deque[CommentView] = deque(loaded.recent, maxlen=args["recent_max"])

    def changes(self) -> Mapping[type[Event], Callable[[Any], None]]:
        return {CommentEvent: self._comment, RemovedEvent: self._removed}

    def view(self) -> Mapping[str, Any]:
        return {"comments": list(self.recent)}

    def recovered(self, loaded: Part, lost: int) -> Iterable[Event]:
        """The lost comments that are still recent; the event stream does not keep comments."""
        assert isinstance(loaded, CommentsPart)
        known = {comment.id for comment in self.recent}
        for comment in list(loaded.recent)[-lost:]:
            if comment.id not in known:
                yield CommentEvent(**msgspec.structs.asdict(comment))

    def _comment(self, event: CommentEvent) -> None:
        self.recent.append(event.view())

    def _removed(self, event: RemovedEvent) -> None:
        kept = [c for c in self.recent if c.id != event.id and c.user != event.user]
        self.recent = deque(kept, maxlen=self.recent.maxlen)
