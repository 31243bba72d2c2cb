"""The facts that the timeline keeps about the rules for comments."""

from typing import ClassVar, Literal

from server.rooms.facts import Fact


class RulesFact(Fact, tag="rules", frozen=True, kw_only=True):
    """The rules were changed: who may comment, and what waits for review."""

    moderates: ClassVar[bool] = True

    followers_only: bool
    review: Literal["off", "new", "all"]


class WordsFact(Fact, tag="words", frozen=True, kw_only=True):
    """Words were put on the room's lists, or taken off them."""

    moderates: ClassVar[bool] = True

    words: list[str]
    action: Literal["block", "hold", "remove"]
