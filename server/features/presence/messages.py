"""The messages about presence: commands, events, and the structs inside them."""

from typing import ClassVar

from server.protocol.message import Delivery, Event


class OnlineEvent(Event, tag="online", frozen=True, kw_only=True, omit_defaults=True):
    """Connections now and distinct viewers so far, over all workers."""

    delivery: ClassVar[Delivery] = Delivery.LATEST

    now: int
    total: int
