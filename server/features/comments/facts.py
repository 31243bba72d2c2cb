"""The facts that the timeline keeps about comments and of their moderation."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from server.features.comments.messages import CommentView
from server.rooms.facts import Fact
from server.rooms.retelling import Retell, Retelling


class CommentFact(Fact, tag="comment", frozen=True, kw_only=True):
    """The host, a moderator or the shop's system said something, or a comment was kept for the
    replay (it was said at `comment.ts`)."""

    shown: ClassVar[tuple[str, ...]] = ("comment", "why")

    comment: CommentView
    why: Literal["host", "kept"]

    @classmethod
    def shown_at(cls, fact: Mapping[str, Any]) -> int:
        """A comment stands where it was said, not where it was kept."""
        at: int = fact["comment"]["ts"]
        return at


class RemoveFact(Fact, tag="remove", frozen=True, kw_only=True):
    """This comment was taken back; `user` wrote it."""

    moderates: ClassVar[bool] = True

    id: str
    user: str = ""


class CommentPinFact(Fact, tag="comment_pin", frozen=True, kw_only=True):
    """This comment was pinned above all others, and `user` wrote it; an empty `id`: none is any
    more."""

    id: str
    user: str = ""


class MuteFact(Fact, tag="mute", frozen=True, kw_only=True):
    """A user was silenced (0: no longer). Unless `shadow`, what they had said was taken back."""

    moderates: ClassVar[bool] = True

    user: str
    seconds: int
    shadow: bool


class SlowFact(Fact, tag="slow", frozen=True, kw_only=True):
    """The slow mode was changed: a user may comment once in so many `seconds`."""

    moderates: ClassVar[bool] = True

    seconds: int


class ReviewFact(Fact, tag="review", frozen=True, kw_only=True):
    """A held comment was shown, or thrown away."""

    moderates: ClassVar[bool] = True

    id: str
    user: str
    what: Literal["pass", "drop"]


class CommentRetelling(Retelling):
    """A comment that was taken back is in no replay, nor is one whose text is kept no more."""

    def facts(self) -> Mapping[type[Fact], Retell]:
        return {CommentFact: self._comment, RemoveFact: self._remove, MuteFact: self._mute}

    def _comment(self, place: str, fact: dict[str, Any]) -> None:
        if fact["comment"]["text"]:
            self.entries.add_entry(place, fact)

    def _remove(self, _place: str, fact: dict[str, Any]) -> None:
        self._take_back(fact.get("id"), fact.get("user"))

    def _mute(self, _place: str, fact: dict[str, Any]) -> None:
        if fact["seconds"] > 0 and not fact.get("shadow"):
            self._take_back(None, fact["user"])

    def _take_back(self, id_: str | None, user: str | None) -> None:
        """The comment with this id; without one all of the user."""

        def is_meant(entry: Any) -> bool:
            said: CommentView | None = entry.comment
            if said is None:
                return False
            return said.id == id_ if id_ else said.user == user

        self.entries.drop_entries(is_meant)
