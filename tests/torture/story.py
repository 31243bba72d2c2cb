"""What the buyers of a shop were told, what they may expect, and what must be true of it."""

import asyncio
import itertools
import secrets
from collections import Counter
from typing import Any, NamedTuple

from hypothesis.stateful import RuleBasedStateMachine

from server.features.books.audit import audit
from server.features.coupons.messages import Claim, Coupon
from server.features.orders.messages import Order
from server.features.stock.messages import Sale
from server.house import keys_under, store_on
from server.protocol.codes import CommandError
from server.settings import Settings
from tests.orders.redis_process import RedisProcess
from tests.orders.sharing import GRANTED, must_be_shared_whole
from tests.orders.shop import ANY, Shop, shop_on
from tests.stored import stored_hash

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

USES_CLAIM = ("held", "paid", "returned")


def bought(order: Order) -> list[tuple[str, int, int]]:
    """What an order was made of, whatever came back of it."""
    return [(line.sale, line.qty, line.price) for line in order.lines]


class Wish(NamedTuple):
    """What a buyer sends: units by sale, and the claim to use."""

    user: str
    key: str
    wanted: dict[str, int]
    claim: str | None = None
    at_most: int | None = None


class World:
    """One redis-server that may die, and the loop everything runs on."""

    def __init__(self, runner: asyncio.Runner, redis: RedisProcess, settings: Settings) -> None:
        self.run = runner.run
        self.redis = redis
        self.settings = settings
        self.store = store_on(redis.client, keys_under("m"))


class Story(RuleBasedStateMachine):
    """A machine's memory of what it heard, and the checks of it; its rules are elsewhere."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.room = f"m{secrets.token_hex(6)}"
        self.shop = self.worker()
        self.told: dict[str, Order] = {}  # order id -> as its buyer last heard of it
        self.bought: dict[tuple[str, str], tuple[Wish, str]] = {}  # -> (the wish, its order's id)
        self.sales: list[Sale] = []
        self.prices: dict[str, list[int]] = {}  # sale -> its prices, the last is the one of now
        self.coupons: list[Coupon] = []
        self.claimed: dict[tuple[str, str], Claim] = {}  # (user, key) -> as it was answered
        self.numbers = itertools.count()
        self.refused: dict[str, set[str]] = {}  # sku -> who was refused for want of units
        self.lapsed: set[str] = set()
        self.payments: Counter[str] = Counter()

    def worker(self) -> Shop:
        """A new worker on the same store."""
        return shop_on(self.world.store, self.world.settings, self.room, GRANTED)

    def run(self, work: Any) -> Any:
        return self.world.run(work)

    def hear(self, order: Order) -> None:
        before = self.told.get(order.order)
        if before is not None:
            assert order.status in NEXT[before.status], (before.status, order.status)
            assert (bought(order), order.total) == (bought(before), before.total)
            assert order.back >= before.back
            assert (order.off, order.claim) == (before.off, before.claim)
        self.told[order.order] = order

    def pick(self, n: int) -> Order:
        orders = list(self.told.values())
        return orders[n % len(orders)]

    def opened(self, sale: Sale) -> None:
        self.sales.append(sale)
        self.prices[sale.sale] = [sale.price]

    def sum_of(self, wanted: dict[str, int]) -> int:
        """What so many units cost now, before coupons."""
        return sum(qty * self.prices[sale][-1] for sale, qty in wanted.items())

    def any_sale(self, n: int) -> Sale:
        return self.sales[n % len(self.sales)]

    def any_claim(self, user: str, n: int | None) -> str | None:
        """A claim of this user's, now and then of somebody else's; None if there is none."""
        claims = list(self.claimed.values())
        mine = [claim for claim in claims if claim.user == user or n == 0]
        return mine[n % len(mine)].claim if mine and n is not None else None

    async def attempt(self, work: Any, *expected: str) -> Any:
        """The result, or None if it was refused for one of the reasons expected here."""
        try:
            return await work
        except CommandError as refusal:
            if refusal.code not in expected:
                raise
            return None

    # How a buy is predicted

    def wanted(self, lines: list[tuple[int, int]]) -> dict[str, int]:
        wanted: Counter[str] = Counter()
        for pick, qty in lines:
            wanted[self.any_sale(pick).sale] += qty
        return dict(wanted)

    def new_key(self) -> str:
        return f"k{next(self.numbers)}"

    async def expected(self, wish: Wish) -> str:
        """The refusal that the live state calls for; empty if it may be bought."""
        user = wish.user
        for sale_id, qty in wish.wanted.items():
            sale = await self.shop.sale(next(s for s in self.sales if s.sale == sale_id))
            mine = sum(
                line.qty - line.returned
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
        return await self._unpayable(wish)

    async def _unpayable(self, wish: Wish) -> str:
        """The refusal of a buy whose units are there, for its claim or for what it costs."""
        off = 0
        if wish.claim:
            claims = {claim.claim: claim for claim in await self.shop.claims(wish.user)}
            if wish.claim not in claims:
                return "not_found"
            off = self.off(claims[wish.claim].coupon, wish.wanted)
            if claims[wish.claim].order or not off:
                return "conflict"
        dear = wish.at_most is not None and self.sum_of(wish.wanted) - off > wish.at_most
        return "conflict" if dear else ""

    async def _short_of(self, wish: Wish) -> str:
        """The sku of the first line of which too few were left."""
        for sale in (s for id_ in wish.wanted for s in self.sales if s.sale == id_):
            if (await self.shop.sale(sale)).left < wish.wanted[sale.sale]:
                return sale.sku
        raise AssertionError("it was sold out, and nothing was short")

    def off(
        self, coupon_id: str, wanted: dict[str, int], prices: dict[str, int] | None = None
    ) -> int:
        """What a coupon takes off these units, at the prices of now unless told; 0 if it can't be
        used for them."""
        coupon = next(it for it in self.coupons if it.coupon == coupon_id)
        skus = {sale.sale: sale.sku for sale in self.sales}
        prices = prices or {sale: self.prices[sale][-1] for sale in wanted}
        sum_ = sum(
            qty * prices[sale]
            for sale, qty in wanted.items()
            if not coupon.skus or skus[sale] in coupon.skus
        )
        if sum_ < coupon.floor:
            return 0
        return min(sum_, coupon.amount) or sum_ * coupon.percent // 100

    async def _send(self, wish: Wish) -> Order:
        lines = [
            (next(s for s in self.sales if s.sale == id_), n) for id_, n in wish.wanted.items()
        ]
        return await self.shop.buy_cart(
            wish.user, *lines, key=wish.key, claim=wish.claim, at_most=wish.at_most
        )

    async def _buy(self, wish: Wish) -> None:
        refusal = await self.expected(wish)
        order = await self.attempt(self._send(wish), *([refusal] if refusal else []))
        assert (order is None) == bool(refusal)
        if refusal == "sold_out":
            self.refused.setdefault(await self._short_of(wish), set()).add(wish.user)
        if order is not None:
            self.answered(wish, order)
            assert all(line.price == self.prices[line.sale][-1] for line in order.lines)

    def answered(self, wish: Wish, order: Order) -> None:
        assert {line.sale: line.qty for line in order.lines} == wish.wanted
        assert order.claim == (wish.claim or "")
        prices = {line.sale: line.price for line in order.lines}
        assert all(price in self.prices[sale] for sale, price in prices.items())
        assert order.off == (self.off(order.coupon, wish.wanted, prices) if wish.claim else 0)
        sum_ = sum(qty * prices[sale] for sale, qty in wish.wanted.items())
        assert order.total == sum_ - order.off
        assert wish.at_most is None or order.total <= wish.at_most
        self.bought[wish.user, wish.key] = (wish, order.order)
        self.hear(order)

    async def _claim(self, user: str, key: str, coupon: Coupon) -> None:
        now = await self.shop.coupon(coupon)
        mine = [it for it in await self.shop.claims(user) if it.coupon == coupon.coupon]
        refusal = (
            "ended" if now.status == "closed"
            else "limit_reached" if len(mine) >= coupon.per_user
            else "sold_out" if now.claimed >= coupon.quota
            else ""
        )  # fmt: skip
        claim = await self.attempt(
            self.shop.claim(user, coupon, key), *([refusal] if refusal else [])
        )
        assert (claim is None) == bool(refusal)
        if claim is not None:
            self.claimed[user, key] = claim

    def status(self, order: Order) -> str:
        return self.told[order.order].status

    async def now(self, order_id: str) -> Order:
        lists = await self.shop.orders.orders_of(self.room, list(USERS))
        return next(o for orders in lists.values() for o in orders if o.order == order_id)

    # What must hold

    async def check(self) -> None:
        found = await audit(self.shop.store, self.room)
        # A deadline that a rule moved into the past is not in the ledger until the hold is swept.
        wrong = [d for d in found.differences if not any(id_ in d for id_ in self.lapsed)]
        assert wrong == []
        lists = await self.shop.orders.orders_of(self.room, list(USERS))
        now = {order.order: order for orders in lists.values() for order in orders}
        for order_id in list(self.told):
            assert order_id in now, f"order {order_id} was answered and is lost"
        for order in now.values():
            self.hear(order)  # offers and lapses too: each only ever steps forward
        for sale in self.sales:
            allocated, left, held, sold = await self.shop.counters(sale)
            assert left >= 0
            assert left + held + sold == allocated
        self._check_unmet(await self.shop.unmet(), now)
        await self._check_money(now)
        await must_be_shared_whole(self.shop.store, self.room)
        await self._check_coupons(now)

    def _check_unmet(self, unmet: dict[str, set[str]], orders: dict[str, Order]) -> None:
        """Whoever was refused for want of units, and had none held since, is counted once."""
        for sku, users in self.refused.items():
            found = unmet.get(sku, set())
            for user in users:
                assert user in found or any(
                    order.user == user and any(line.sku == sku for line in order.lines)
                    for order in orders.values()
                ), f"{user} was refused {sku} and is not counted"

    async def _check_money(self, orders: dict[str, Order]) -> None:
        kept = await self.shop.redis.hgetall(self.shop.key("payments"))
        payments = [ANY.decode(value) for value in stored_hash(kept).values()]
        assert {p["payment"] for p in payments} >= set(self.payments)
        rows = await self.shop.redis.hgetall(self.shop.key("orders"))
        pays = {o["order"]: o.get("payment") for o in map(ANY.decode, stored_hash(rows).values())}
        paid = Counter(o.order for o in orders.values() if o.status in ("paid", "returned"))
        applied: Counter[str] = Counter()
        for payment in payments:
            order, gone = orders[payment["order"]], payment.get("due", 0) + payment.get("back", 0)
            if order.order in paid and pays[order.order] == payment["payment"]:
                applied[order.order] += 1
                assert (gone, payment["amount"]) == (order.back, order.total)
            else:
                assert gone == payment["amount"], "what pays no order goes back"
        assert applied == paid, "a paid order has one payment that paid it; no other order has"

    async def _check_coupons(self, orders: dict[str, Order]) -> None:
        claims = {claim.claim: claim for claim in await self.shop.claims(*USERS)}
        for claim in self.claimed.values():
            assert claim.claim in claims, f"claim {claim.claim} was answered and is lost"
            assert claims[claim.claim].user == claim.user
        for coupon in self.coupons:
            given = [claim for claim in claims.values() if claim.coupon == coupon.coupon]
            assert len(given) <= coupon.quota
        uses = [(o.claim, o.order) for o in orders.values() if o.claim and o.status in USES_CLAIM]
        assert sorted(uses) == sorted((c.claim, c.order) for c in claims.values() if c.order)
