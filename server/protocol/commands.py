"""Commands: what a client may say. One a frame, `{"op": ..., "ref": ..., ...}`.

`ref` is a positive integer chosen by the client; the reply carries it back. The bounds here are
those of the wire; the server's settings may be tighter.
"""

from typing import Annotated

from msgspec import Meta, Struct

from server.protocol.community_commands import CommunityCommand
from server.protocol.fields import Id, Money, Qty, RoomId, Seconds, Sku, Text, Url, User
from server.protocol.message import Command
from server.protocol.models import Product, Source


class Last(Struct, frozen=True):
    """Where a returning client stopped: an epoch and the last seq it saw in it."""

    epoch: Annotated[str, Meta(max_length=64)]
    seq: Annotated[int, Meta(ge=0)]


class Join(Command, tag="join", frozen=True, kw_only=True):
    """First command of a connection. No `token` means guest: reads only."""

    token: Annotated[str, Meta(max_length=4096)] | None = None
    last: Last | None = None
    source: Source | None = None


class Ping(Command, tag="ping", frozen=True, kw_only=True):
    """Ask for the server's time; also a sign of life where WebSocket pings cannot be sent."""


class Comment(Command, tag="comment", frozen=True, kw_only=True):
    """Say something to the room."""

    text: Text


class Like(Command, tag="like", frozen=True, kw_only=True):
    """Send `n` hearts at once."""

    n: Annotated[int, Meta(ge=1, le=50)] = 1


class BuyLine(Struct, frozen=True):
    """One line of a cart."""

    sale: Id
    qty: Qty


class Buy(Command, tag="buy", frozen=True, kw_only=True):
    """Hold units of one sale (`sale`, `qty`) or of several (`lines`): all or nothing.

    `key` is the idempotency key: the same key of the same user gives the same order for ever.
    `claim` is the claimed coupon to use.
    """

    key: Annotated[str, Meta(min_length=1, max_length=64)]
    sale: Id | None = None
    qty: Qty = 1
    lines: Annotated[list[BuyLine], Meta(min_length=1, max_length=20)] | None = None
    claim: Id | None = None


class Pay(Command, tag="pay", frozen=True, kw_only=True):
    """Pay an order through the room's payment provider."""

    order: Id


class Cancel(Command, tag="cancel", frozen=True, kw_only=True):
    """Give a held order back."""

    order: Id


class Orders(Command, tag="orders", frozen=True, kw_only=True):
    """List the caller's own orders in this room, newest first."""


class Waitlist(Command, tag="waitlist", frozen=True, kw_only=True):
    """Queue for units of a sold-out sale that may come back; `ok` carries the `place`, 1 is next.

    Whose turn it is gets an order that is held for a short time. `leave` gives the place up.
    """

    sale: Id
    qty: Qty = 1
    leave: bool = False


class OrderReturn(Command, tag="order.return", frozen=True, kw_only=True):
    """Take a paid order back and its money due back; `restock` puts its units on sale again."""

    order: Id
    restock: bool = False


class LiveStart(Command, tag="live.start", frozen=True, kw_only=True):
    """Go live."""


class LiveEnd(Command, tag="live.end", frozen=True, kw_only=True):
    """End the stream; held orders may still be paid.

    Open sales are closed, unless `selling`: then they go on for who watches the replay.
    """

    selling: bool = False


class ShelfPut(Command, tag="shelf.put", frozen=True, kw_only=True):
    """Add a product or replace the one of the same sku."""

    product: Product


class ShelfRemove(Command, tag="shelf.remove", frozen=True, kw_only=True):
    """Take a product off the shelf."""

    sku: Sku


class Pin(Command, tag="pin", frozen=True, kw_only=True):
    """Pin the product being explained."""

    sku: Sku


class Unpin(Command, tag="unpin", frozen=True, kw_only=True):
    """Unpin whatever is pinned."""


class SaleOpen(Command, tag="sale.open", frozen=True, kw_only=True):
    """Open a flash sale now, or in `starts_in_s` seconds; `lasts_s` 0 means until closed."""

    sku: Sku
    price: Money
    stock: Qty
    per_user: Qty
    hold_s: Annotated[int, Meta(ge=1, le=86_400)]
    starts_in_s: Seconds = 0
    lasts_s: Seconds = 0


class SaleClose(Command, tag="sale.close", frozen=True, kw_only=True):
    """Close a sale; held orders may still be paid until their hold lapses."""

    sale: Id


class SaleRestock(Command, tag="sale.restock", frozen=True, kw_only=True):
    """Add units to a sale."""

    sale: Id
    add: Qty


class CommentRemove(Command, tag="comment.remove", frozen=True, kw_only=True):
    """Take a comment back for everybody."""

    id: Id


class Mute(Command, tag="mute", frozen=True, kw_only=True):
    """Silence a user for `seconds` (0 lifts it) and take their recent comments back.

    With `shadow` the user is not told, and sees comments of their own that nobody else does.
    """

    user: User
    seconds: Seconds
    shadow: bool = False


class Slow(Command, tag="slow", frozen=True, kw_only=True):
    """At most one comment a user every `seconds`; 0 lifts it."""

    seconds: Seconds


class Notice(Command, tag="notice", frozen=True, kw_only=True):
    """Show a line to everybody until the next one; an empty text takes it away."""

    text: Text


AnyCommand = (
    Join
    | Ping
    | Comment
    | Like
    | Buy
    | Pay
    | Cancel
    | Orders
    | Waitlist
    | OrderReturn
    | LiveStart
    | LiveEnd
    | ShelfPut
    | ShelfRemove
    | Pin
    | Unpin
    | SaleOpen
    | SaleClose
    | SaleRestock
    | CommentRemove
    | Mute
    | Slow
    | Notice
    | CommunityCommand
)


class RoomCreate(Struct, frozen=True):
    """Body of `POST /v1/rooms`. The caller becomes the host; an admin may name another one."""

    room: RoomId
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    scheduled: Annotated[
        int, Meta(ge=0, le=4_102_444_800_000, description="Unix ms up to 2100, 0 = unknown")
    ] = 0
    stream_url: Url | None = None
    embed_url: Url | None = None
    host: Id | None = None
    host_name: Annotated[str, Meta(max_length=40)] | None = None
