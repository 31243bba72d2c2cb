"""What the timeline keeps of comments and of their moderation."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from server.features.comments.messages import CommentView
from server.rooms.facts import Fact


class CommentFact(Fact, tag="comment", frozen=True, kw_only=True):
    """The host or a moderator said something, or a comment was kept for the replay (it was said at
    `comment.ts`)."""

    shown: ClassVar[bool] = True

    comment: CommentView
    why: Literal["host", "kept"]

    @classmethod
    def shown_at(cls, fact: Mapping[str, Any]) -> int:
        """A comment stands where it was said, not where it was kept."""
        at: int = fact["comment"]["ts"]
        return at


class RemoveFact(Fact, tag="remove", frozen=True, kw_only=True):
    """This comment was taken back; `user` wrote it."""

    id: str
    user: str = ""


class MuteFact(Fact, tag="mute", frozen=True, kw_only=True):
    """A user was silenced (0: no longer). Unless `shadow`, what they had said was taken back."""

    user: str
    seconds: int
    shadow: bool


class SlowFact(Fact, tag="slow", frozen=True, kw_only=True):
    """The slow mode was changed: a user may comment once in so many `seconds`."""

    seconds: int


class ReviewFact(Fact, tag="review", frozen=True, kw_only=True):
    """A held comment was shown, or thrown away."""

    id: str
    user: str
    what: Literal["pass", "drop"]
