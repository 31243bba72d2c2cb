"""The facts that the timeline keeps about notices."""

from typing import ClassVar

from server.rooms.facts import Fact


class NoticeFact(Fact, tag="notice", frozen=True, kw_only=True):
    """The notice was changed; an empty `text` took it away."""

    shown: ClassVar[tuple[str, ...]] = ("text",)

    text: str
