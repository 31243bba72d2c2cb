"""A shop that anything may happen to, beside a model of what its buyers were told."""

import asyncio
import secrets
from collections import Counter
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from server.protocol.codes import CommandError
from server.protocol.commands import Buy
from server.protocol.models import Order, Sale
from server.rooms.audit import audit
from server.rooms.orders import buy_of
from server.settings import Settings
from server.store.keys import Keys
from server.store.scripts import Scripts
from tests.orders.redis_process import RedisProcess
from tests.orders.shop import ANY, Shop, shop_on

USERS = ("ann", "bob", "cat")
PER_USER = 3
NEXT = {
    "held": {"held", "paid", "cancelled", "expired", "returned", "refund_due", "refunded"},
    "paid": {"paid", "returned"},
    "expired": {"expired", "paid", "returned", "refund_due", "refunded"},
    "cancelled": {"cancelled"},
    "returned": {"returned"},
    "refund_due": {"refund_due", "refunded"},
    "refunded": {"refunded"},
}

users = st.sampled_from(USERS)
quantities = st.integers(1, 4)
picks = st.integers(0, 99)


class World:
    """One redis-server that may die, and the loop everything runs on."""

    def __init__(self, runner: asyncio.Runner, redis: RedisProcess, settings: Settings) -> None:
        self.run = runner.run
        self.redis = redis
        self.settings = settings


class ShopMachine(RuleBasedStateMachine):
    """Each rule is something that happens; after each, what buyers were told is still true.

    What a rule draws must not depend on what happened, since a crash is never twice the same: a
    rule that finds nothing to do does nothing.
    """

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.room = f"m{secrets.token_hex(6)}"
        self.shop = self.worker()
        self.told: dict[str, Order] = {}  # order id -> as its buyer last heard of it
        self.keys: dict[tuple[str, str], tuple[dict[str, int], str]] = {}  # -> (lines, order id)
        self.sales: list[Sale] = []
        self.lapsed: set[str] = set()
        self.payments: Counter[str] = Counter()

    def worker(self) -> Shop:
        """A new worker on the same store."""
        scripts = Scripts(self.world.redis.client, Keys("m"))
        return shop_on(scripts, self.world.settings, self.room)

    def run(self, work: Any) -> Any:
        return self.world.run(work)

    def hear(self, order: Order) -> None:
        before = self.told.get(order.order)
        if before is not None:
            assert order.status in NEXT[before.status], (before.status, order.status)
            assert (order.lines, order.total) == (before.lines, before.total)
        self.told[order.order] = order

    def pick(self, n: int) -> Order:
        orders = list(self.told.values())
        return orders[n % len(orders)]

    def any_sale(self, n: int) -> Sale:
        return self.sales[n % len(self.sales)]

    async def attempt(self, work: Any, *expected: str) -> Any:
        """The result, or None if it was refused for one of the reasons expected here."""
        try:
            return await work
        except CommandError as refusal:
            if refusal.code not in expected:
                raise
            return None

    @initialize(stock=st.integers(1, 6))
    def build(self, stock: int) -> None:
        self.run(self.shop.build())
        for sku in ("tea", "cup"):
            opened = self.run(self.shop.open(stock=stock, sku=sku, per_user=PER_USER))
            self.sales.append(opened)

    # What buyers do

    @rule(user=users, lines=st.lists(st.tuples(picks, quantities), min_size=1, max_size=3))
    def buy(self, user: str, lines: list[tuple[int, int]]) -> None:
        self.run(self._buy(user, f"k{len(self.keys)}", self.wanted(lines)))

    @rule(n=picks)
    def buy_again_with_the_same_key(self, n: int) -> None:
        if not self.keys:
            return
        (user, key), (wanted, order_id) = list(self.keys.items())[n % len(self.keys)]
        again = self.run(self._send(user, key, wanted))
        assert again.order == order_id
        self.hear(again)

    @rule(n=picks)
    def buy_something_else_with_a_used_key(self, n: int) -> None:
        if not self.keys:
            return
        (user, key), (wanted, _) = list(self.keys.items())[n % len(self.keys)]
        other = {sale: qty + 1 for sale, qty in wanted.items()}
        assert self.run(self.attempt(self._send(user, key, other), "key_reused")) is None

    @rule(user=users, n=picks, qty=quantities)
    def the_client_library_sends_a_buy_twice(self, user: str, n: int, qty: int) -> None:
        async def twice() -> None:
            wanted = {self.any_sale(n).sale: qty}
            key = f"k{len(self.keys)}"
            cmd = Buy(ref=1, key=key, sale=self.any_sale(n).sale, qty=qty)
            item = buy_of(self.shop.call(user), cmd, self.world.settings.orders)
            before = await self.expected(user, wanted)
            outcomes = [(await self.shop.orders._buy_batch(self.room, [item]))[0] for _ in "ab"]
            if before:
                assert all(outcome.err == before for outcome in outcomes)
                return
            first, second = (outcome.order for outcome in outcomes)
            assert first is not None
            assert first == second
            self.bought(user, key, wanted, first)

        self.run(twice())

    @rule(n=picks)
    def pay(self, n: int) -> None:
        if not self.told:
            return
        order = self.pick(n)
        allowed = {"held": ("expired",), "expired": ("expired",), "paid": ()}
        paid = self.run(
            self.attempt(self.shop.pay(order), *allowed.get(self.status(order), ("conflict",)))
        )
        if paid:
            assert paid.status == "paid"
            self.hear(paid)

    @rule(n=picks)
    def cancel(self, n: int) -> None:
        if not self.told:
            return
        order = self.pick(n)
        allowed = {"held": (), "cancelled": (), "expired": ("expired",)}
        cancelled = self.run(
            self.attempt(self.shop.cancel(order), *allowed.get(self.status(order), ("conflict",)))
        )
        if cancelled:
            self.hear(cancelled)

    @rule(user=users, n=picks, qty=st.integers(1, 3), leave=st.booleans())
    def queue(self, user: str, n: int, qty: int, leave: bool) -> None:
        self.run(
            self.attempt(
                self.shop.queue(user, self.any_sale(n), qty, leave),
                "conflict", "ended", "limit_reached",
            )
        )  # fmt: skip

    # What the provider does

    @rule(n=picks, payment=st.integers(0, 2), wrong=st.booleans())
    def a_payment_is_told(self, n: int, payment: int, wrong: bool) -> None:
        """Late, twice, for a cancelled order, of a wrong amount: as providers do."""
        if not self.told:
            return
        order = self.pick(n)
        amount = order.total + wrong
        name = f"sandbox-x-{order.order}-{payment}"
        self.hear(self.run(self.shop.charge(order, name, amount)))
        if name not in self.payments:
            self.payments[name] = amount

    @rule(n=picks, user=users, qty=quantities)
    def a_payment_comes_when_others_have_the_units(self, n: int, user: str, qty: int) -> None:
        if not self.told:
            return
        order = self.pick(n)
        self.a_hold_lapses(n, swept_by=1)
        self.run(self._buy(user, f"k{len(self.keys)}", {order.lines[0].sale: qty}))
        self.a_payment_is_told(n, payment=3, wrong=False)

    @rule()
    def refunds_are_made(self) -> None:
        self.run(self.shop.refunds.sweep(self.room))

    # What the host does

    @rule(n=picks, add=quantities)
    def restock(self, n: int, add: int) -> None:
        self.run(self.attempt(self.shop.restock(self.any_sale(n), add), "ended"))

    @rule(n=picks, restock=st.booleans())
    def take_back(self, n: int, restock: bool) -> None:
        if not self.told:
            return
        returned = self.run(self.attempt(self.shop.take_back(self.pick(n), restock), "conflict"))
        if returned:
            self.hear(returned)

    @rule(n=st.integers(0, 12))
    def close(self, n: int) -> None:
        if n < len(self.sales):
            self.run(self.shop.close(self.sales[n]))

    # What time, workers and Redis do

    @rule(n=picks, swept_by=st.integers(0, 3))
    def a_hold_lapses(self, n: int, swept_by: int) -> None:
        if not self.told:
            return

        async def lapse() -> None:
            order = self.pick(n)
            if self.status(order) == "held" and (await self.now(order.order)).status == "held":
                await self.shop.lapse(order)
                self.lapsed.add(order.order)
            await asyncio.gather(*(self.shop.sweeper.sweep([self.room]) for _ in range(swept_by)))

        self.run(lapse())

    @rule()
    def scripts_are_flushed(self) -> None:
        self.run(self.world.redis.client.script_flush())

    @rule(hits=st.lists(st.tuples(users, picks, quantities), max_size=6), delay=picks)
    def redis_is_killed_under_buys(self, hits: list[tuple[str, int, int]], delay: int) -> None:
        self.run(self._crash(hits, delay, kill_redis=True))

    @rule(hits=st.lists(st.tuples(users, picks, quantities), min_size=1, max_size=6), delay=picks)
    def the_worker_is_killed_under_buys(self, hits: list[tuple[str, int, int]], delay: int) -> None:
        self.shop = self.run(self._crash(hits, delay, kill_redis=False)) or self.worker()

    async def _crash(self, hits: list[Any], delay: int, kill_redis: bool) -> None:
        wishes = [
            (user, f"c{len(self.keys)}-{n}", {self.any_sale(pick).sale: qty})
            for n, (user, pick, qty) in enumerate(hits)
        ]
        buys = [asyncio.create_task(self._send(*wish)) for wish in wishes]
        await asyncio.sleep(delay / 20_000)
        if kill_redis:
            await self.world.redis.kill()
        else:
            for buy in buys:
                buy.cancel()
        outcomes = await asyncio.gather(*buys, return_exceptions=True)
        if kill_redis:
            await self.world.redis.start()
        await self.shop.orders.aclose()
        for (user, key, wanted), outcome in zip(wishes, outcomes, strict=True):
            if isinstance(outcome, Order):
                self.bought(user, key, wanted, outcome)
        for (user, key, wanted), outcome in zip(wishes, outcomes, strict=True):
            if isinstance(outcome, CommandError) and outcome.code != "unavailable":
                continue
            # Unknown, or told before the crash: the same key gives the one true outcome.
            again = await self.attempt(
                self._send(user, key, wanted), "sold_out", "limit_reached", "ended"
            )
            if isinstance(outcome, Order):
                assert again is not None, "an order that was answered is gone"
                assert again.order == outcome.order
            if again is not None:
                self.bought(user, key, wanted, again)

    # How a buy is predicted

    def wanted(self, lines: list[tuple[int, int]]) -> dict[str, int]:
        wanted: Counter[str] = Counter()
        for pick, qty in lines:
            wanted[self.any_sale(pick).sale] += qty
        return dict(wanted)

    async def expected(self, user: str, wanted: dict[str, int]) -> str:
        """The refusal that the live state calls for; empty if it may be bought."""
        for sale_id, qty in wanted.items():
            sale = await self.shop.sale(next(s for s in self.sales if s.sale == sale_id))
            mine = sum(
                line.qty
                for order in await self.shop.own(user)
                if order.status in ("held", "paid")
                for line in order.lines
                if line.sale == sale_id
            )
            if sale.status == "closed":
                return "ended"
            if sale.left < qty:
                return "sold_out"
            if mine + qty > PER_USER:
                return "limit_reached"
        return ""

    async def _send(self, user: str, key: str, wanted: dict[str, int]) -> Order:
        lines = [(next(s for s in self.sales if s.sale == id_), n) for id_, n in wanted.items()]
        return await self.shop.buy_cart(user, *lines, key=key)

    async def _buy(self, user: str, key: str, wanted: dict[str, int]) -> None:
        refusal = await self.expected(user, wanted)
        order = await self.attempt(self._send(user, key, wanted), *([refusal] if refusal else []))
        assert (order is None) == bool(refusal)
        if order is not None:
            self.bought(user, key, wanted, order)

    def bought(self, user: str, key: str, wanted: dict[str, int], order: Order) -> None:
        assert {line.sale: line.qty for line in order.lines} == wanted
        self.keys[user, key] = (wanted, order.order)
        self.hear(order)

    def status(self, order: Order) -> str:
        return self.told[order.order].status

    async def now(self, order_id: str) -> Order:
        lists = await self.shop.orders.of(self.room, list(USERS))
        return next(o for orders in lists.values() for o in orders if o.order == order_id)

    # What must hold

    @invariant()
    def the_ledger_and_the_room_agree_and_nothing_told_is_lost(self) -> None:
        if not self.sales:
            return
        self.run(self._check())

    async def _check(self) -> None:
        found = await audit(self.shop.scripts, self.room)
        # A deadline that a rule moved into the past is not in the ledger until the hold is swept.
        wrong = [d for d in found.differences if not any(id_ in d for id_ in self.lapsed)]
        assert wrong == []
        lists = await self.shop.orders.of(self.room, list(USERS))
        now = {order.order: order for orders in lists.values() for order in orders}
        for order_id in list(self.told):
            assert order_id in now, f"order {order_id} was answered and is lost"
        for order in now.values():
            self.hear(order)  # offers and lapses too: each only ever steps forward
        for sale in self.sales:
            allocated, left, held, sold = await self.shop.counters(sale)
            assert left >= 0
            assert left + held + sold == allocated
        await self._check_money(now)

    async def _check_money(self, orders: dict[str, Order]) -> None:
        raw = await self.shop.redis.hgetall(self.shop.key("payments"))
        payments = [ANY.decode(value) for value in raw.values()]
        assert {p["payment"] for p in payments} >= set(self.payments)
        applied = Counter(p["order"] for p in payments if p["status"] == "applied")
        paid = Counter(o.order for o in orders.values() if o.status == "paid")
        assert applied == paid, "a paid order has one payment that paid it; no other order has"
