"""Replies and events: what a client hears. Every frame is an array of these; each has `t`.

Three delivery classes decide what happens to an event under pressure:

- MUST: never dropped, never sampled. Sent to the room it carries `seq`, gapless within an epoch.
- LATEST: only the newest value per key matters; `latest_key` names the key.
- SAMPLE: a viewer gets at most a budget a second; what was left out is told in a `gap`.
"""

from typing import Any

from msgspec import Raw

from server.protocol.community import (
    Claim,
    Coupon,
    Desk,
    Lucky,
    Mine,
    Poll,
    Question,
)
from server.protocol.community_events import (
    AnnounceEvent,
    AsksEvent,
    ClaimEvent,
    ClaimsEvent,
    CommunityEvents,
    CouponEvent,
    EntriesEvent,
    FollowersEvent,
    LuckyEvent,
    PollEvent,
    QuestionEvent,
    QueueEvent,
    ReservedEvent,
    ReviewEvent,
    RoleEvent,
    VotesEvent,
)
from server.protocol.message import Delivery, Event, Reply
from server.protocol.models import Card, CommentView, Order, Phase, Product, Sale, You


class Ok(Reply, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The command was done. Which fields are set depends on the command."""

    id: str | None = None
    order: Order | None = None
    orders: list[Order] | None = None
    sale: Sale | None = None
    now: int | None = None
    place: int | None = None
    held: bool | None = None
    card: Card | None = None
    answers: list[Question] | None = None
    question: Question | None = None
    coupon: Coupon | None = None
    claim: Claim | None = None
    poll: Poll | None = None
    lucky: Lucky | None = None
    group: str | None = None
    total: int | None = None
    desk: Desk | None = None


class Joined(Reply, tag="ok", frozen=True, kw_only=True, omit_defaults=True):
    """The reply to `join`. `room` is an encoded RoomView, shared by all who join in one tick.

    `missed` holds the encoded must-events after the client's `last`; `gap` says they are no longer
    kept and the snapshot is all there is. `mine` is what the caller has done here before.
    """

    you: You
    epoch: str
    seq: int
    now: int
    room: Raw
    orders: list[Order]
    missed: list[Raw] | None = None
    gap: bool = False
    mine: Mine | None = None


class Err(Reply, tag="err", frozen=True, kw_only=True, omit_defaults=True):
    """The command was refused; nothing was changed. See `codes.ERRORS` for every `code`."""

    code: str
    msg: str
    retry_ms: int | None = None


class CommentEvent(Event, tag="comment", frozen=True, kw_only=True, omit_defaults=True):
    """Somebody said something. `shadow`: told to host and moderators of who is shadow-muted."""

    id: str
    user: str
    name: str
    role: str
    text: str
    ts: int
    shadow: bool = False

    def view(self) -> CommentView:
        """The comment as a snapshot holds it."""
        return CommentView(self.id, self.user, self.name, self.role, self.text, self.ts)


class LikesEvent(Event, tag="likes", frozen=True, kw_only=True, omit_defaults=True):
    """The room's hearts so far. Never goes down."""

    total: int


class OnlineEvent(Event, tag="online", frozen=True, kw_only=True, omit_defaults=True):
    """Connections now and distinct viewers so far, over all workers."""

    now: int
    total: int


class PhaseEvent(Event, tag="phase", frozen=True, kw_only=True, omit_defaults=True):
    """The stream started or ended at `at`."""

    phase: Phase
    at: int


class ShelfEvent(Event, tag="shelf", frozen=True, kw_only=True, omit_defaults=True):
    """A product was put on the shelf (`put`) or taken off (`remove`, a sku)."""

    put: Product | None = None
    remove: str | None = None


class PinEvent(Event, tag="pin", frozen=True, kw_only=True, omit_defaults=False):
    """This sku is pinned now; null: none."""

    sku: str | None = None  # a script cannot say null, it leaves the field out


class SaleEvent(Event, tag="sale", frozen=True, kw_only=True, omit_defaults=True):
    """A sale was opened, sold out, lifted, restocked or closed: its whole state."""

    sale: Sale


class StockEvent(Event, tag="stock", frozen=True, kw_only=True, omit_defaults=True):
    """What is left of a sale. `held` may come back. A smaller `ver` is older."""

    sale: str
    left: int
    held: int
    sold: int
    ver: int


class DrawEvent(Event, tag="draw", frozen=True, kw_only=True, omit_defaults=True):
    """The buys gathered at a sale's start were served in the order of SHA-1(seed + " " + user).

    `seed` hashes to the sale's `draw_hash`; `entries` is how many took part.
    """

    sale: str
    seed: str
    entries: int


class OrderEvent(Event, tag="order", frozen=True, kw_only=True, omit_defaults=True):
    """Told to the buyer alone on each change of one of their orders."""

    order: Order


class SoldEvent(Event, tag="sold", frozen=True, kw_only=True, omit_defaults=True):
    """Somebody paid; `name` is masked."""

    name: str
    sku: str
    qty: int


class RemovedEvent(Event, tag="removed", frozen=True, kw_only=True, omit_defaults=True):
    """Take back one comment (`id`) or everything this `user` said."""

    id: str | None = None
    user: str | None = None


class NoticeEvent(Event, tag="notice", frozen=True, kw_only=True):
    """A line for everybody; empty: take the last one away."""

    text: str


class RoomEvent(Event, tag="room", frozen=True, kw_only=True, omit_defaults=True):
    """The room's own settings changed: all of them as they are now.

    `slow_s` is the seconds between two comments of one user, 0 = no limit; the others are those of
    the RoomView.
    """

    slow_s: int
    followers_only: bool = False
    selling: bool = False
    group: str = ""


class MutedEvent(Event, tag="muted", frozen=True, kw_only=True):
    """Told to the muted user alone: silent until `until` (Unix ms, 0 = lifted)."""

    until: int


class GapEvent(Event, tag="gap", frozen=True, kw_only=True, omit_defaults=True):
    """So many comments were left out for this viewer since the last `gap`."""

    comments: int


class ByeEvent(Event, tag="bye", frozen=True, kw_only=True, omit_defaults=True):
    """The server closes next, with `code` (see `codes.CLOSES`); null `reconnect_ms`: stay away."""

    code: int
    reconnect_ms: int | None = None


RoomEvents = (
    CommentEvent
    | LikesEvent
    | OnlineEvent
    | PhaseEvent
    | ShelfEvent
    | PinEvent
    | SaleEvent
    | StockEvent
    | DrawEvent
    | OrderEvent
    | SoldEvent
    | RemovedEvent
    | NoticeEvent
    | RoomEvent
    | MutedEvent
    | CommunityEvents
)
"""What scripts publish: all that can come over the bus."""

DELIVERY: dict[type[Event], Delivery] = {
    CommentEvent: Delivery.SAMPLE,
    SoldEvent: Delivery.SAMPLE,
    LikesEvent: Delivery.LATEST,
    OnlineEvent: Delivery.LATEST,
    StockEvent: Delivery.LATEST,
    PhaseEvent: Delivery.MUST,
    ShelfEvent: Delivery.MUST,
    PinEvent: Delivery.MUST,
    SaleEvent: Delivery.MUST,
    DrawEvent: Delivery.MUST,
    OrderEvent: Delivery.MUST,
    RemovedEvent: Delivery.MUST,
    NoticeEvent: Delivery.MUST,
    RoomEvent: Delivery.MUST,
    MutedEvent: Delivery.MUST,
    QuestionEvent: Delivery.MUST,
    CouponEvent: Delivery.MUST,
    ClaimsEvent: Delivery.LATEST,
    ClaimEvent: Delivery.MUST,
    PollEvent: Delivery.MUST,
    VotesEvent: Delivery.LATEST,
    LuckyEvent: Delivery.MUST,
    EntriesEvent: Delivery.LATEST,
    FollowersEvent: Delivery.LATEST,
    ReservedEvent: Delivery.LATEST,
    AnnounceEvent: Delivery.MUST,
    RoleEvent: Delivery.MUST,
    AsksEvent: Delivery.LATEST,
    QueueEvent: Delivery.LATEST,
    ReviewEvent: Delivery.LATEST,
    GapEvent: Delivery.MUST,
    ByeEvent: Delivery.MUST,
}


def latest_key(event: Event) -> Any:
    """The key under which only the newest LATEST event is kept."""
    if isinstance(event, StockEvent):
        return (StockEvent, event.sale)
    if isinstance(event, ClaimsEvent):
        return (ClaimsEvent, event.coupon)
    if isinstance(event, VotesEvent):
        return (VotesEvent, event.poll)
    if isinstance(event, EntriesEvent):
        return (EntriesEvent, event.lucky)
    return type(event)
