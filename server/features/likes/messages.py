"""The messages about likes: commands, events, and the structs inside them."""

from typing import Annotated, ClassVar

from msgspec import Meta

from server.protocol.message import Command, Delivery, Event


class Like(Command, tag="like", frozen=True, kw_only=True):
    """Send `n` hearts at once."""

    n: Annotated[int, Meta(ge=1, le=50)] = 1


class LikesEvent(Event, tag="likes", frozen=True, kw_only=True, omit_defaults=True):
    """The room's hearts so far. Never goes down."""

    delivery: ClassVar[Delivery] = Delivery.LATEST
    version: ClassVar[str] = "total"

    total: int
