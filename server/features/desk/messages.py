"""The messages about desk: commands, events, and the structs inside them."""

from typing import ClassVar

from msgspec import Struct

from server.features.asks.messages import Question
from server.features.comments.messages import HeldComment, Muted
from server.features.rules.messages import Review
from server.protocol.message import Command, Ok


class Desk(Struct, frozen=True, omit_defaults=True):
    """What only the host and moderators see of a room.

    `asks` counts the asks for a link by sku ("" stands for no product). `queue` has the open
    questions, most asked first. `review` is the rule: hold all comments, or those of newcomers.
    """

    asks: dict[str, int] = {}
    queue: list[Question] = []
    held: list[HeldComment] = []
    blocked_words: list[str] = []
    held_words: list[str] = []
    followers_only: bool = False
    review: Review = "off"
    moderators: list[str] = []
    muted: list[Muted] = []


class DeskOpen(Command, tag="desk", frozen=True, kw_only=True):
    """Read what only the host and moderators see."""

    reads: ClassVar[bool] = True


class DeskOk(Ok, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The desk: the values that only host and moderators see."""

    desk: Desk
