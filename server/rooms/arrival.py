"""Somebody on the way into a room: from `join` to its reply."""

from collections.abc import Callable

from server.auth import Identity
from server.hub.member import Member
from server.protocol.commands import Last
from server.protocol.community import Mine
from server.protocol.community_events import ClaimEvent
from server.protocol.events import OrderEvent
from server.protocol.message import Event
from server.protocol.models import Order


class Arrival:
    """A member that is expected. Private events that come meanwhile are held for it."""

    __slots__ = ("entered", "held", "last", "member", "mine", "orders", "ref", "who")

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
        self.mine: Mine | None = None
        self.held: list[Event] = []

    def owed(self) -> list[Event]:
        """Of what was held, what `orders` and `mine`, read meanwhile, do not contain already."""
        orders = {order.order: order for order in self.orders}
        claims = {claim.claim: claim for claim in self.mine.claims} if self.mine else {}
        owed: list[Event] = []
        for event in self.held:
            if isinstance(event, OrderEvent):
                listed = orders.get(event.order.order)
                if listed is not None and event.order.updated < listed.updated:
                    continue
                is_listed = event.order == listed
            else:
                is_listed = isinstance(event, ClaimEvent) and event.claim == claims.get(
                    event.claim.claim
                )
            if is_listed:
                # What came before it was older: an order's within the same millisecond, a claim's
                # at any time.
                owed = [e for e in owed if not _is_about_the_same(e, event)]
            else:
                owed.append(event)
        return owed


def _is_about_the_same(one: Event, other: Event) -> bool:
    if isinstance(one, OrderEvent) and isinstance(other, OrderEvent):
        return one.order.order == other.order.order
    if isinstance(one, ClaimEvent) and isinstance(other, ClaimEvent):
        return one.claim.claim == other.claim.claim
    return False
