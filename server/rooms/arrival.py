"""Somebody on the way into a room: from `join` to its reply."""

from collections.abc import Callable

from server.auth import Identity
from server.hub.member import Member
from server.protocol.commands import Last
from server.protocol.events import OrderEvent
from server.protocol.message import Event
from server.protocol.models import Order


class Arrival:
    """A member that is expected. Private events that come meanwhile are held for it."""

    __slots__ = ("entered", "held", "last", "member", "orders", "ref", "who")

    def __init__(
        self,
        member: Member,
        who: Identity,
        ref: int,
        last: Last | None,
        entered: Callable[[], None],
    ) -> None:
        self.member = member
        self.who = who
        self.ref = ref
        self.last = last
        self.entered = entered
        """Called when the reply is written: from now on the member is in the audience."""
        self.orders: list[Order] = []
        self.held: list[Event] = []

    def owed(self) -> list[Event]:
        """Of what was held, what `orders`, read meanwhile, does not contain already."""
        listed = {order.order: order for order in self.orders}
        owed: list[Event] = []
        for event in self.held:
            order = listed.get(event.order.order) if isinstance(event, OrderEvent) else None
            if isinstance(event, OrderEvent) and order is not None:
                if event.order.updated < order.updated:
                    continue
                if event.order == order:
                    # What came before it was older, if only within the same millisecond.
                    owed = [e for e in owed if not _is_about(e, order)]
                    continue
            owed.append(event)
        return owed


def _is_about(event: Event, order: Order) -> bool:
    return isinstance(event, OrderEvent) and event.order.order == order.order
