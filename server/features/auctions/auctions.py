"""Auctions: opened, warned and cancelled by the host, and bid in. The scripts hold every rule.

docs/auctions.md tells the rules; docs/decisions/0103 says why they are so.
"""

import secrets
from typing import Any

from msgspec import Struct, msgpack

from server.features.allotments.transfers import Transfers, run_with_units
from server.features.auctions.messages import (
    Auction,
    AuctionCancel,
    AuctionHammer,
    AuctionOk,
    AuctionOpen,
    Bid,
    Standing,
    StandingOk,
)
from server.features.auctions.settings import AuctionSettings
from server.features.auctions.staff import MerchantStaff
from server.features.orders.settings import OrderSettings
from server.features.shelf.settings import PriceSettings, ShelfSettings
from server.features.terms.settings import FeeSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import shown_text
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

_REASON_CHARS_MAX = 200


class ShownBidder(Struct, frozen=True):
    """A bidder as the host sees them: their number, and what they were brought to bid so far."""

    paddle: int
    name: str
    bid: int
    leads: bool


class HostAuction(Struct, frozen=True):
    """An auction as its host sees it. `unit` is what became of its unit: it waits for the hammer,
    is held for a bidder, paid, or unsold. `reserve` is 0 if there is none."""

    auction: Auction
    reserve: int
    unit: str
    bidders: list[ShownBidder]


class Outcome(Struct):
    """The outcome of one bid of a batch."""

    standing: Standing | None = None
    err: str = ""
    msg: str = ""

    def standing_or_refusal(self) -> Standing:
        """Return where the bidder stands. Raises CommandError if the bid was refused."""
        if self.standing is None:
            raise CommandError(self.err, self.msg)
        return self.standing


_AUCTION = msgpack.Decoder(Auction)
_AUCTIONS = msgpack.Decoder(list[Auction])
_HOST_AUCTION = msgpack.Decoder(HostAuction)
_OUTCOMES = msgpack.Decoder(list[Outcome])


class Auctions:
    """The commands about auctions. `transfers` send the units that merchants granted; without them
    no merchant's product is sold."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        transfers: Transfers | None = None,
        metrics: Metrics | None = None,
        staff: MerchantStaff | None = None,
    ) -> None:
        """`staff` says who sells for merchants; without it nobody is known to."""
        self._store = store
        self._transfers = transfers
        self._staff = staff
        self._limits = settings.section(AuctionSettings)
        self._orders = settings.section(OrderSettings)
        self._price_max = settings.section(PriceSettings).price_max
        self._shown_args = settings.section(ShelfSettings).shown_args()
        self._fee = settings.section(FeeSettings).platform_fee_bps
        self._key_chars_max = settings.orders.key_chars_max
        self._events_max = settings.rooms.event_stream_len_max
        self.falling = self._orders.freeing_args() | {"offers_max": self._limits.offers_max}
        """Arguments of the script that lets the hammer fall."""
        self._bids: GroupCommit[dict[str, Any], Outcome] = GroupCommit(
            "auctions.bid",
            self.bid_batch,
            metrics,
            batch_max=self._limits.batch_max,
            waiting_max=self._limits.batch_waiting_max,
        )

    def handlers(self) -> Handlers:
        """The commands about auctions and who may send them."""
        return {
            AuctionOpen: Handler(self.open, Role.HOST),
            AuctionHammer: Handler(self.warn, Role.HOST),
            AuctionCancel: Handler(self.cancel, Role.HOST),
            Bid: Handler(self.bid, Role.VIEWER),
        }

    async def open(self, call: Call, cmd: AuctionOpen) -> Ok:
        """Open an auction; `ok` carries it."""
        self._check(cmd)
        args = {
            "auction": f"a{secrets.token_hex(6)}",
            "sale": f"s{secrets.token_hex(6)}",
            "sku": cmd.sku,
            "opening": cmd.opening,
            "increment": cmd.increment,
            "reserve": cmd.reserve,
            "lasts_s": cmd.lasts_s,
            "counter_bid_s": cmd.counter_bid_s,
            "sudden_death": cmd.sudden_death,
            "hold_s": cmd.hold_s,
            "fee": self._fee,
            "by": call.who.user,
            "auctions_max": self._limits.auctions_max,
            "sales_max": self._orders.sales_max,
            "events_max": self._events_max,
            **self._shown_args,
        }
        opened = await run_with_units(
            self._transfers, self._store, "auctions.open", call.room_id, args
        )
        return AuctionOk(ref=cmd.ref, auction=_AUCTION.decode(opened))

    async def bid(self, call: Call, cmd: Bid) -> Ok:
        """Take a bid; `ok` says where its bidder stands."""
        if len(cmd.key) > self._key_chars_max:
            raise CommandError("too_long", f"`key` can have {self._key_chars_max} characters.")
        if cmd.max > self._price_max:
            raise CommandError("limit_reached", f"`max` can be at most {self._price_max} here.")
        if self._staff is not None:
            await self._staff.must_be_stranger(call.room_id, cmd.auction, call.who.user)
        outcome = await self._bids.submit(call.room_id, bid_of(call, cmd))
        return StandingOk(ref=cmd.ref, standing=outcome.standing_or_refusal())

    async def warn(self, call: Call, cmd: AuctionHammer) -> Ok:
        """Let the hammer fall after the time for a counter-bid; `ok` carries the auction."""
        return await self._change("auctions.hammer", call, cmd.ref, {"auction": cmd.auction})

    async def cancel(self, call: Call, cmd: AuctionCancel) -> Ok:
        """Cancel an open auction; `ok` carries it."""
        reason = shown_text("reason", cmd.reason, _REASON_CHARS_MAX)
        args = {"auction": cmd.auction, "reason": reason}
        return await self._change("auctions.cancel", call, cmd.ref, args)

    async def all(self, room_id: str) -> list[Auction]:
        """The room's auctions, in the order they were opened."""
        return await self._store.run_script("auctions.all", room_id, {}, _AUCTIONS)

    async def of_host(self, room_id: str, auction: str) -> HostAuction:
        """An auction with its bidders, the highest first. Raises CommandError `not_found`."""
        args = {"auction": auction, "bidders_max": self._limits.bidders_shown_max}
        return await self._store.run_script("auctions.of_host", room_id, args, _HOST_AUCTION)

    async def bid_batch(self, room_id: str, bids: list[dict[str, Any]]) -> list[Outcome]:
        """Run a batch of bids, each as `bid_of` makes it; the outcome of each, in order."""
        args = {
            "bids": bids,
            "bidders_max": self._limits.bidders_max,
            "orders_per_user_max": self._orders.orders_per_user_max,
            "events_max": self._events_max,
        }
        return await self._store.run_script("auctions.bid", room_id, args, _OUTCOMES)

    async def aclose(self) -> None:
        """Wait until every bid that was handed in has its answer."""
        await self._bids.aclose()

    async def _change(self, script: str, call: Call, ref: int, args: dict[str, Any]) -> Ok:
        args |= {"by": call.who.user, "events_max": self._events_max}
        auction = await self._store.run_script(script, call.room_id, args, _AUCTION)
        return AuctionOk(ref=ref, auction=auction)

    def _check(self, cmd: AuctionOpen) -> None:
        limits, orders = self._limits, self._orders
        for field, seconds, least, most in (
            ("hold_s", cmd.hold_s, orders.hold_s_min, orders.hold_s_max),
            ("lasts_s", cmd.lasts_s, limits.lasts_s_min, limits.lasts_s_max),
        ):
            if not least <= seconds <= most:
                raise CommandError(
                    "limit_reached", f"`{field}` must be {least} to {most} seconds here."
                )
        for field, amount in (
            ("opening", cmd.opening),
            ("increment", cmd.increment),
            ("reserve", cmd.reserve or 0),
        ):
            if amount > self._price_max:
                raise CommandError(
                    "limit_reached", f"`{field}` can be at most {self._price_max} here."
                )
        if cmd.reserve is not None and cmd.reserve <= cmd.opening:
            raise CommandError(
                "conflict",
                "A `reserve` is above the `opening` bid; leave it out, or open with less.",
            )


def bid_of(call: Call, cmd: Bid) -> dict[str, Any]:
    """A bid as `auctions.bid` takes it."""
    user = call.who.user
    return {
        "auction": cmd.auction,
        "user": user,
        "name": call.who.name,
        "role": call.who.role.value,
        "source": call.source,
        "meta": call.who.meta or None,
        "max": cmd.max,
        # The length in front: neither user nor key can be written so that it reads as another pair.
        "key": f"{len(user.encode())}:{user}/{cmd.key}",
    }
