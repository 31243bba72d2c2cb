"""Auctions to which anything may happen, beside a model of the bids that were taken."""

import asyncio
import secrets
from typing import Any, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from server.features.auctions.auctions import bid_of
from server.features.auctions.messages import Auction, Bid, Standing
from server.features.orders.messages import Order
from server.house import keys_under
from server.protocol.codes import CommandError
from server.store.room_store import RoomStore
from tests.orders.auction_house import COUNTER_S, HOLD_S, LASTS_S, AuctionHouse
from tests.orders.sharing import GRANTED, must_be_shared_whole
from tests.store_clock import clock_of, move_clock, store_with_clock
from tests.torture.auction_model import AuctionModel, TakenBid
from tests.torture.story import World

USERS = ("ann", "bob", "cat", "dan")
SELLERS = ("h", "mod")
OFFERS_MAX = 3
users = st.sampled_from(USERS)
picks = st.integers(0, 99)
above = st.integers(-3, 40)
"""How far a bid is above the least one that is taken."""


class SentBid(NamedTuple):
    """A bid as it was sent."""

    auction: str
    user: str
    max: int
    key: str


def clocked_store(world: World) -> RoomStore:
    return store_with_clock(world.redis.client, keys_under("m"))


class AuctionMachine(RuleBasedStateMachine):
    """Each rule is something that happens; after each, what bidders were told is still true.

    A rule that finds nothing to do does nothing; what it draws depends on nothing that happened.
    """

    def __init__(self, world: World, store: RoomStore) -> None:
        super().__init__()
        self.world, self.store = world, store
        self.room = f"m{secrets.token_hex(6)}"
        self.house = self.worker()
        self.models: dict[str, AuctionModel] = {}
        self.ended: set[str] = set()
        """Auctions that nobody may bid in any more."""
        self.cancelled: set[str] = set()
        self.answered: dict[tuple[str, str], SentBid] = {}
        self.newest: Auction | None = None
        self.live = True
        self.keys = 0

    def worker(self) -> AuctionHouse:
        """A new worker on the same store."""
        return AuctionHouse(self.store, self.world.settings, self.room, GRANTED)

    def run(self, work: Any) -> Any:
        return self.world.run(work)

    def new_key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"

    @initialize(sudden=st.booleans(), reserve=st.none() | st.integers(1, 60))
    def build(self, sudden: bool, reserve: int | None) -> None:
        self.run(self.house.build())
        self.run(self.house.redis.hset(self.house.key("moderators"), "mod", "1"))
        self.open(10, 5, sudden, reserve, "tea")

    # What the host does

    @rule(
        opening=st.integers(1, 50), increment=st.integers(1, 20), sudden=st.booleans(),
        reserve=st.none() | st.integers(1, 60), sku=st.sampled_from(("tea", "cup")),
    )  # fmt: skip
    def open(
        self, opening: int, increment: int, sudden: bool, reserve: int | None, sku: str
    ) -> None:
        reserve = reserve and opening + reserve
        opened = self.attempt(
            self.house.auction(opening, increment, sku=sku, reserve=reserve, sudden_death=sudden),
            "not_live" if not self.live else "conflict" if self.newest_is_there else "",
        )
        if opened is not None:
            self.newest = opened
            self.models[opened.auction] = AuctionModel(opening, increment, reserve or 0)

    @rule()
    def warn(self) -> None:
        if self.newest is None:
            return
        refusal = "" if self.is_open else "ended"
        if self.is_open and self.newest.sudden_death:
            refusal = "conflict"
        if warned := self.attempt(self.house.warn(self.newest), refusal):
            assert warned.ends <= self.run(self.now()) + COUNTER_S * 1000

    @rule(sure=st.integers(0, 3))
    def cancel(self, sure: int) -> None:
        if self.newest is None or sure < 3:
            return
        over = not self.is_open and self.newest.auction not in self.cancelled
        if self.attempt(self.house.call_off(self.newest), "ended" if over else ""):
            self.cancelled.add(self.newest.auction)
            self.ended.add(self.newest.auction)

    @rule(sure=st.integers(0, 6), selling=st.booleans())
    def the_stream_ends(self, sure: int, selling: bool) -> None:
        if sure == 6 and self.newest is not None:
            ending = self.house.run("phases.set", phase="ended", selling=selling, user="h")
            if self.attempt(ending, "" if self.live else "ended") and not selling:
                self.ended |= set(self.models)
            self.live = False

    # What bidders do

    @rule(user=users, over=above)
    def bid(self, user: str, over: int) -> None:
        """If nothing is open, in the next auction."""
        if self.live and not self.newest_is_there:
            self.open(10 + over % 7, 5, over % 3 == 0, over % 20 or None, "cup")
        self.run(self._bid(user, over))

    @rule(first=users, second=users, overs=st.tuples(above, above), what=st.integers(0, 3))
    def an_auction_goes_by(
        self, first: str, second: str, overs: tuple[int, int], what: int
    ) -> None:
        """Two bid, its time goes by, and whoever has the unit pays, cancels or does nothing."""
        self.bid(first, overs[0])
        self.bid(second, overs[1])
        self.time_goes_by(1, swept=True)
        for n in range(what):
            self.end_a_hold(n, ("lapse", "cancel", "pay")[(what + n) % 3])

    async def _bid(self, user: str, over: int) -> None:
        sent = self._wish(user, over)
        refusal = await self._refusal(sent)
        told = await self._attempt(self._send(sent), refusal)
        if told is not None:
            self.take(sent, told)

    @rule(user=users)
    def bid_as_much_as_the_leader_would(self, user: str) -> None:
        """Of equal maxima the earlier leads."""
        model = self.models[self.newest.auction] if self.newest is not None else None
        if model is not None and model.bids and self.is_open:
            top = model.maxima()[0].max
            self.run(self._bid(user, top - model.least(user)))

    @rule(user=users, over=above)
    def raise_twice(self, user: str, over: int) -> None:
        self.bid(user, over)
        self.bid(user, over + 5)

    @rule(seller=st.sampled_from(SELLERS), over=above)
    def a_seller_bids(self, seller: str, over: int) -> None:
        if self.newest is not None:
            sent = self._wish(seller, max(over, 0))
            self.attempt(self._send(sent), "forbidden" if self.is_open else "ended", may=True)
            assert seller not in {b.user for m in self.models.values() for b in m.bids}

    @rule(n=picks)
    def bid_again_with_the_same_key(self, n: int) -> None:
        """Later, after the end too: it is the same bid."""
        if not self.answered:
            return
        sent = list(self.answered.values())[n % len(self.answered)]
        again = self.run(self._send(sent))
        model = self.models[sent.auction]
        assert again.max == next(b.max for b in model.maxima() if b.user == sent.user)

    @rule(n=picks)
    def bid_something_else_with_a_used_key(self, n: int) -> None:
        if self.answered:
            sent = list(self.answered.values())[n % len(self.answered)]
            self.attempt(self._send(sent._replace(max=sent.max + 1)), "key_reused")

    @rule(wishes=st.lists(st.tuples(users, above), min_size=2, max_size=8))
    def many_bid_at_once(self, wishes: list[tuple[str, int]]) -> None:
        """In one batch: judged one after the other, in their order."""
        if self.newest is None:
            return
        sent = [self._wish(*wish) for wish in wishes]

        async def all_at_once() -> None:
            outcomes = await self.house.auctions.bid_batch(self.room, [self._item(s) for s in sent])
            for each, outcome in zip(sent, outcomes, strict=True):
                refusal = await self._refusal(each)
                assert outcome.err == refusal, (each, outcome)
                if outcome.standing is not None:
                    self.take(each, outcome.standing)

        self.run(all_at_once())

    # What time, workers and Redis do

    @rule(part=st.sampled_from((1, 3, 10)), swept=st.booleans())
    def time_goes_by(self, part: int, swept: bool) -> None:
        async def pass_by() -> None:
            ms = LASTS_S * 1000 // part
            await move_clock(self.house.redis, self.house.key("room"), ms)
            now = await self.now()
            if self.newest is not None:
                ends = (await self.house.auction_now(self.newest)).ends
                if now >= ends:
                    self.ended.add(self.newest.auction)
            if swept:
                await asyncio.gather(*(self.house.do_what_is_due() for _ in range(2)))

        self.run(pass_by())

    @rule(n=picks, what=st.sampled_from(("pay", "cancel", "lapse", "pay late")))
    def end_a_hold(self, n: int, what: str) -> None:
        async def end() -> None:
            held = [o for o in await self.orders() if o.status == "held"]
            if not held:
                return
            order = held[n % len(held)]
            if what in ("lapse", "pay late"):
                await self.house.time_goes_by(HOLD_S * 1000)
            if what == "pay late":
                await self.house.charge(order, f"p-{order.order}")
            elif what != "lapse":
                ending = (self.house.pay if what == "pay" else self.house.cancel)(order)
                await self._attempt(ending, "expired", may=True)

        self.run(end())

    @rule(n=picks)
    def a_paid_unit_comes_back(self, n: int) -> None:
        async def come_back() -> None:
            paid = [o for o in await self.orders() if o.status == "paid"]
            if paid:
                await self.house.take_back(paid[n % len(paid)], restock=bool(n % 2))

        self.run(come_back())

    @rule()
    def scripts_are_flushed(self) -> None:
        self.run(self.world.redis.client.script_flush())

    @rule(
        wishes=st.lists(st.tuples(users, above), min_size=1, max_size=6),
        delay=picks, kill_redis=st.booleans(), end=st.booleans(),
    )  # fmt: skip
    def something_is_killed_under_bids(
        self, wishes: list[tuple[str, int]], delay: int, kill_redis: bool, end: bool
    ) -> None:
        """Redis or the worker dies, perhaps while a hammer falls; then everybody asks again."""
        if self.newest is None:
            return
        sent = [self._wish(*wish) for wish in wishes]

        async def crash() -> None:
            tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self._send(s)) for s in sent]
            if end:
                tasks.append(asyncio.create_task(self.house.do_what_is_due()))
            await asyncio.sleep(delay / 20_000)
            if kill_redis:
                await self.world.redis.kill()
            else:
                for task in tasks:
                    task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
            if kill_redis:
                await self.world.redis.start()
            await self.house.auctions.aclose()
            self.house = self.worker()
            await self._learn(sent, outcomes)

        self.run(crash())

    async def _learn(self, sent: list[SentBid], outcomes: list[Any]) -> None:
        """Take the order of the bids from the ledger; whoever was answered must be in it."""
        known = {(s.auction, s.user, s.max) for s in sent}
        lines = [line for line in await self.house.ledger() if line["k"] == "bid"]
        by_key = {(s.auction, s.user, s.max): s for s in sent}
        assert self.newest is not None
        model = self.models[self.newest.auction]
        newest = self.newest.auction
        taken = [TakenBid(b["user"], b["max"]) for b in lines if b["auction"] == newest]
        assert taken[: len(model.bids)] == model.bids, "a bid that was taken is gone"
        for bid in taken[len(model.bids) :]:
            assert bid.max >= model.least(bid.user), "a bid was taken that was too low"
            assert (self.newest.auction, *bid) in known
            model.bids.append(bid)
            each = by_key[self.newest.auction, bid.user, bid.max]
            self.answered[each.user, each.key] = each
        for each, outcome in zip(sent, outcomes, strict=False):
            if isinstance(outcome, Standing):
                assert TakenBid(each.user, each.max) in model.bids, "answered, and lost"

    # What must hold

    @invariant()
    def what_was_told_is_true(self) -> None:
        if self.newest is not None:
            self.run(self.check())

    async def check(self) -> None:
        assert await self.house.audit() == []
        orders = await self.orders()
        lines = await self.house.ledger()
        new = [each for each in lines if each["k"] == "order" and "was" not in each]
        made = [each["order"]["order"] for each in new]
        orders.sort(key=lambda order: made.index(order.order))
        for auction in await self.house.auctions.all(self.room):
            model = self.models[auction.auction]
            assert auction.bids == model.against_others, "a bid was lost or doubled"
            own = [order for order in orders if order.auction == auction.auction]
            if auction.status in ("open", "unsold", "cancelled"):
                assert own == []
                assert auction.price == model.price()
            if auction.status == "unsold":
                assert model.chain(OFFERS_MAX) == []
            if auction.status == "sold":
                chain = model.chain(OFFERS_MAX)
                assert [(o.user, o.total) for o in own] == chain[: len(own)]
                assert sum(o.status in ("held", "paid") for o in own) <= 1, "one unit, two buyers"
        await must_be_shared_whole(self.store, self.room)

    # Helpers of the rules

    @property
    def newest_is_there(self) -> bool:
        """Whether the newest auction is open, or its hammer has not fallen yet."""
        return self.newest is not None and (
            self.run(self.house.auction_now(self.newest)).status == "open"
        )

    @property
    def is_open(self) -> bool:
        return self.newest is not None and self.newest.auction not in self.ended

    async def now(self) -> int:
        return await clock_of(self.house.redis, self.house.key("room"))

    async def orders(self) -> list[Order]:
        return [o for own in (await self.house.orders_by_user()).values() for o in own]

    def _wish(self, user: str, over: int) -> SentBid:
        assert self.newest is not None
        name = self.newest.auction
        most = max(1, self.models[name].least(user) + over)
        return SentBid(name, user, most, self.new_key())

    def _item(self, sent: SentBid) -> dict[str, Any]:
        cmd = Bid(ref=1, auction=sent.auction, max=sent.max, key=sent.key)
        return bid_of(self.house.call(sent.user), cmd)

    async def _send(self, sent: SentBid) -> Standing:
        [outcome] = await self.house.auctions.bid_batch(self.room, [self._item(sent)])
        return outcome.standing_or_refusal()

    async def _refusal(self, sent: SentBid) -> str:
        """The refusal that the bids taken so far call for; empty if this one is taken."""
        if sent.auction in self.ended:
            return "ended"
        return "conflict" if sent.max < self.models[sent.auction].least(sent.user) else ""

    def take(self, sent: SentBid, told: Standing) -> None:
        model = self.models[sent.auction]
        model.bids.append(TakenBid(sent.user, sent.max))
        assert (told.max, told.leads) == (sent.max, model.leader == sent.user)
        assert told.price == model.price()
        self.answered[sent.user, sent.key] = sent

    def attempt(self, work: Any, refusal: str, *, may: bool = False) -> Any:
        return self.run(self._attempt(work, refusal, may=may))

    async def _attempt(self, work: Any, refusal: str, *, may: bool = False) -> Any:
        """The result; None if it is refused so, which it has to be, unless it only `may`."""
        try:
            done = await work
        except CommandError as refused:
            if refused.code != refusal:
                raise
            return None
        assert not refusal or may, f"it was not refused as {refusal}"
        return done
