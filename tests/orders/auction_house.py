"""A shop that auctions, by a clock that its test moves."""

from typing import Any

from server.features.allotments.transfers import Transfers
from server.features.auctions.auctions import Auctions, HostAuction
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
from server.features.orders.messages import Order
from server.features.payments.providers import SandboxProvider
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.orders.shop import Shop
from tests.replies import expect
from tests.store_clock import move_clock, set_clock
from tests.stored import all_stored

LASTS_S = 60
COUNTER_S = 10
HOLD_S = 30


class AuctionHouse(Shop):
    """A shop whose host auctions; its store has a clock that can be moved."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        room_id: str = "r1",
        transfers: Transfers | None = None,
    ) -> None:
        super().__init__(store, settings, SandboxProvider(), room_id, transfers)
        self.auctions = Auctions(store, settings, transfers)

    async def build(self, phase: str = "live") -> None:
        await super().build(phase)
        await set_clock(self.redis, self.key("room"))

    async def auction(self, opening: int = 100, increment: int = 10, **terms: Any) -> Auction:
        """Open one of tea, unless told otherwise."""
        fields: dict[str, Any] = {
            "ref": 1, "sku": "tea", "opening": opening, "increment": increment,
            "lasts_s": LASTS_S, "counter_bid_s": COUNTER_S, "hold_s": HOLD_S,
        }  # fmt: skip
        cmd = AuctionOpen(**fields | terms)
        return expect(AuctionOk, await self.auctions.open(self.call("h"), cmd)).auction

    async def bid(self, user: str, auction: Auction, most: int, key: str | None = None) -> Standing:
        key = key or f"b{next(self._keys)}"
        cmd = Bid(ref=1, auction=auction.auction, max=most, key=key)
        return expect(StandingOk, await self.auctions.bid(self.call(user), cmd)).standing

    async def warn(self, auction: Auction) -> Auction:
        cmd = AuctionHammer(ref=1, auction=auction.auction)
        return expect(AuctionOk, await self.auctions.warn(self.call("h"), cmd)).auction

    async def call_off(self, auction: Auction, reason: str = "It broke.") -> Auction:
        cmd = AuctionCancel(ref=1, auction=auction.auction, reason=reason)
        return expect(AuctionOk, await self.auctions.cancel(self.call("h"), cmd)).auction

    async def auction_now(self, auction: Auction) -> Auction:
        """The auction as everybody sees it now."""
        return next(a for a in await self.auctions.all(self.id) if a.auction == auction.auction)

    async def as_host(self, auction: Auction) -> HostAuction:
        return await self.auctions.of_host(self.id, auction.auction)

    async def time_goes_by(self, ms: int) -> None:
        """Let time pass, and workers do what has become due."""
        await move_clock(self.redis, self.key("room"), ms)
        await self.do_what_is_due()

    async def do_what_is_due(self) -> None:
        """As the sweeper does it, by the clock of the scripts."""
        await self.run("auctions.due", batch_max=10, **self.auctions.falling)
        await self.run("orders.expire", batch_max=10, **self.orders.freeing)
        await self.run("sales.due", batch_max=10, **self.orders.buying)

    async def fall(self, auction: Auction) -> Auction:
        """Let the auction's time go by: the auction after its hammer."""
        now = await self.auction_now(auction)
        await self.time_goes_by(now.ends - now.starts)
        return await self.auction_now(auction)

    async def orders_by_user(self) -> dict[str, list[Order]]:
        """All orders of the room, each user's oldest first."""
        names = all_stored(await self.redis.hkeys(self.key("orders_of")))
        users = [user.decode() for user in names]
        return {user: (await self.own(user))[::-1] for user in users}
