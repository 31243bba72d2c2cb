"""A live room that sells, seen through the same classes the server uses."""

import itertools
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from server.access.auth import Identity
from server.features.allotments.transfers import Transfers
from server.features.books.audit import audit
from server.features.books.order_book import OrderBook
from server.features.circles.belonging import Belonging
from server.features.coupons.coupons import Coupons
from server.features.coupons.messages import (
    Claim,
    ClaimOk,
    Coupon,
    CouponClaim,
    CouponClose,
    CouponOk,
    CouponOpen,
)
from server.features.ledger.ledger import read
from server.features.orders.messages import Buy, BuyLine, Cancel, Order, OrderOk, PlaceOk
from server.features.orders.messages import Waitlist as WaitlistCommand
from server.features.orders.orders import Orders
from server.features.orders.waitlist import Waitlist
from server.features.payments.cases import Cases
from server.features.payments.disputes import Disputes, DisputeStep, Noted
from server.features.payments.messages import Pay
from server.features.payments.payments import Payments
from server.features.payments.providers import Payment, SandboxProvider
from server.features.payments.refunds import Refunds
from server.features.returns.messages import (
    AskedLine,
    OrderReturn,
    ReturnAnswer,
    ReturnAsk,
    ReturnLine,
    ReturnWithdraw,
)
from server.features.returns.returns import Returns
from server.features.sales.messages import SaleClose, SaleOpen, SalePrice, SaleRestock
from server.features.sales.sales import Sales
from server.features.stock.messages import Sale, SaleOk
from server.house import HOUSE
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.rooms.call import Call
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.replies import expect
from tests.stored import stored, stored_hash
from tests.sweeping import sweeper

ANY = msgspec.msgpack.Decoder()
PRICE = 1990
COUNTED = {"unmet", "stats", "ledger"}


class Shop:
    """One room with its shelf `tea`, `cup` (CNY) and `wine` (EUR)."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        provider: SandboxProvider,
        room_id: str,
        transfers: Transfers | None = None,
    ) -> None:
        self.store = store
        self.redis: Redis = store.redis
        self.sales = Sales(store, settings, transfers)
        self.orders = Orders(store, settings)
        self.payments = Payments(store, settings, provider, self.orders)
        self.waitlist = Waitlist(store, settings)
        self.coupons = Coupons(store, settings, Belonging(store, host_of))
        self.refunds = Refunds(store, settings, provider)
        self.returns = Returns(store, settings, self.orders)
        self.disputes = Disputes(store, settings)
        self.cases = Cases(store)
        self.book = OrderBook(store)
        self.sweeper = sweeper(
            store, settings, room_id, refund=self.refunds.sweep, more=[self.returns.due()]
        )
        self.id = room_id
        self._keys = itertools.count()

    def key(self, name: str) -> str:
        return self.store.keys.room(self.id, name)

    def call(self, user: str) -> Call:
        return Call(self.id, Identity(user, f"{user} name", Role.VIEWER, None))

    async def build(self, phase: str = "live") -> None:
        """Make the room, its shelf, and bring it to `phase`."""
        await self.redis.zadd(self.store.keys.rooms, {self.id: 1})
        room = {"title": "T", "host": "h", "host_name": "H", "scheduled": 0, "epoch": "e1"}
        await self.run("room_create", **room)
        for sku, currency in (("tea", "CNY"), ("cup", "CNY"), ("wine", "EUR")):
            await self.put(sku, currency)
        if phase != "scheduled":
            await self.run("phases.set", phase="live", user="h")

    @staticmethod
    def packed(value: Any) -> bytes:
        return msgspec.msgpack.encode(value)

    @staticmethod
    def unpacked(packed: bytes | str | None) -> Any:
        assert isinstance(packed, bytes)
        return msgspec.msgpack.decode(packed)

    async def run(self, script: str, **args: Any) -> Any:
        return await self.store.run_script(script, self.id, {"events_max": 10_000} | args, ANY)

    async def open(self, stock: int = 10, **changes: Any) -> Sale:
        fields: dict[str, Any] = {
            "ref": 1, "sku": "tea", "price": PRICE, "stock": stock, "per_user": 100, "hold_s": 60,
        }  # fmt: skip
        ok = expect(SaleOk, await self.sales.open(self.call("h"), SaleOpen(**fields | changes)))
        return ok.sale

    async def restock(self, sale: Sale, add: int) -> Sale:
        ok = expect(
            SaleOk,
            await self.sales.restock(self.call("h"), SaleRestock(ref=1, sale=sale.sale, add=add)),
        )
        return ok.sale

    async def set_stock(self, sale: Sale, stock: int) -> Sale:
        cmd = SaleRestock(ref=1, sale=sale.sale, stock=stock)
        return expect(SaleOk, await self.sales.restock(self.call("h"), cmd)).sale

    async def open_standing(self, stock: int = 10, **changes: Any) -> Sale:
        """The ordinary sale of a product."""
        return await self.open(stock, kind="standing", **changes)

    async def price(self, sale: Sale, price: int) -> Sale:
        cmd = SalePrice(ref=1, sale=sale.sale, price=price)
        return expect(SaleOk, await self.sales.price(self.call("h"), cmd)).sale

    async def put(self, sku: str, currency: str = "CNY") -> None:
        product = {"sku": sku, "title": f"A {sku}", "price": 2990, "currency": currency}
        await self.run("shelf.put", product=product, products_max=10)

    async def close(self, sale: Sale) -> Sale:
        ok = expect(
            SaleOk, await self.sales.close(self.call("h"), SaleClose(ref=1, sale=sale.sale))
        )
        return ok.sale

    async def buy(
        self, user: str, sale: Sale, qty: int = 1, key: str | None = None, claim: str | None = None
    ) -> Order:
        key = key or f"k{next(self._keys)}"
        cmd = Buy(ref=1, key=key, sale=sale.sale, qty=qty, claim=claim)
        ok = expect(OrderOk, await self.orders.buy(self.call(user), cmd))
        return ok.order

    async def buy_cart(
        self,
        user: str,
        *lines: tuple[Sale, int],
        key: str = "cart",
        claim: str | None = None,
        at_most: int | None = None,
    ) -> Order:
        cart = [BuyLine(sale.sale, qty) for sale, qty in lines]
        cmd = Buy(ref=1, key=key, lines=cart, claim=claim, at_most=at_most)
        return expect(OrderOk, await self.orders.buy(self.call(user), cmd)).order

    async def give_out(self, **changes: Any) -> Coupon:
        """Open a coupon: 500 off from 1000, unless told."""
        fields: dict[str, Any] = {"ref": 1, "title": "C", "quota": 10, "currency": "CNY"}
        if "percent" not in changes:
            fields |= {"amount": 500, "floor": 1000}
        ok = expect(
            CouponOk, await self.coupons.open(self.call("h"), CouponOpen(**fields | changes))
        )
        return ok.coupon

    async def stop_giving(self, coupon: Coupon) -> Coupon:
        ok = expect(
            CouponOk,
            await self.coupons.close(self.call("h"), CouponClose(ref=1, coupon=coupon.coupon)),
        )
        return ok.coupon

    async def claim(self, user: str, coupon: Coupon, key: str | None = None) -> Claim:
        key = key or f"k{next(self._keys)}"
        cmd = CouponClaim(ref=1, coupon=coupon.coupon, key=key)
        ok = expect(ClaimOk, await self.coupons.claim(self.call(user), cmd))
        return ok.claim

    async def claims(self, *users: str) -> list[Claim]:
        """The claims of these users, as they are shown when they join."""
        found = await self.run("mine_of", users=users)
        return [msgspec.convert(claim, Claim) for mine in found for claim in mine["claims"]]

    async def coupon(self, coupon: Coupon) -> Coupon:
        """The coupon as it is now."""
        loaded = await self.run("room_load", recent_max=0)
        found = (msgspec.convert(c, Coupon) for c in loaded["coupons"])
        return next(c for c in found if c.coupon == coupon.coupon)

    async def ends_now(self, coupon: Coupon) -> None:
        """Move the coupon's end into the past, as if its time had gone by; `audit` notices."""
        raw = ANY.decode(stored(await self.redis.hget(self.key("coupons"), coupon.coupon)))
        over = msgspec.msgpack.encode(raw | {"ends": 1})
        await self.redis.hset(self.key("coupons"), coupon.coupon, over)

    async def pay(self, order: Order) -> Order:
        ok = expect(
            OrderOk, await self.payments.pay(self.call(order.user), Pay(ref=1, order=order.order))
        )
        return ok.order

    async def cancel(self, order: Order) -> Order:
        ok = expect(
            OrderOk,
            await self.orders.cancel(self.call(order.user), Cancel(ref=1, order=order.order)),
        )
        return ok.order

    async def queue(self, user: str, sale: Sale, qty: int = 1, leave: bool = False) -> int | None:
        cmd = WaitlistCommand(ref=1, sale=sale.sale, qty=qty, leave=leave)
        return expect(PlaceOk, await self.waitlist.queue(self.call(user), cmd)).place

    async def take_back(
        self, order: Order, restock: bool = False, returned: dict[str, int] | None = None
    ) -> Order:
        """Take an order back, or units: `returned` says how many of a sale are back in all."""
        lines = returned and [ReturnLine(sale, units) for sale, units in returned.items()]
        cmd = OrderReturn(ref=1, order=order.order, restock=restock, lines=lines or None)
        ok = expect(OrderOk, await self.returns.take_back(self.call("h"), cmd))
        return ok.order

    async def send(self, order: Order) -> Order:
        """The host sends all of it, in one parcel."""
        parcel = {"parcel": "p1", "carrier": "SF", "tracking": "1",
                  "orders": [{"order": order.order}]}  # fmt: skip
        return await self._sending("sending.send", order, parcels=[parcel], parcels_max=10)

    async def deliver(self, order: Order) -> Order:
        """Its parcel arrives."""
        return await self._sending("sending.deliver", order, delivers=[{"order": order.order}])

    async def _sending(self, script: str, order: Order, **args: Any) -> Order:
        [outcome] = await self.run(script, **args)
        assert not outcome.get("err"), outcome
        return next(each for each in await self.own(order.user) if each.order == order.order)

    async def ask_return(self, order: Order, user: str = "", **fields: Any) -> Order:
        """The buyer, or `user`, asks to give it back; `units` says how many of a sale."""
        units = fields.pop("units", None)
        lines = units and [AskedLine(sale, qty) for sale, qty in units.items()]
        fields = {"ref": 1, "order": order.order, "reason": "damaged", "lines": lines} | fields
        asking = self.returns.ask(self.call(user or order.user), ReturnAsk(**fields))
        return expect(OrderOk, await asking).order

    async def answer_return(self, order: Order, accept: bool, **fields: Any) -> Order:
        fields = {"ref": 1, "order": order.order, "accept": accept} | fields
        if not accept:
            fields = {"answer": "It was worn."} | fields
        answering = self.returns.answer(self.call("h"), ReturnAnswer(**fields))
        return expect(OrderOk, await answering).order

    async def withdraw_return(self, order: Order) -> Order:
        cmd = ReturnWithdraw(ref=1, order=order.order)
        return expect(OrderOk, await self.returns.withdraw(self.call(order.user), cmd)).order

    async def nobody_answers(self, order: Order) -> None:
        """Move the deadline of an order's request into the past, which `audit` notices."""
        await self.redis.zadd(self.key("returning"), {order.order: 1})

    async def charge(self, order: Order, payment: str, amount: int | None = None) -> Order:
        """The provider says it took `amount`, or the order's total."""
        amount = order.total if amount is None else amount
        told = Payment(payment, amount, order.currency)
        return await self.payments.charged(self.id, order.order, told)

    async def dispute(
        self, order: Order, what: DisputeStep = "disputed", dispute: str = "d1", **told: Any
    ) -> Noted:
        """The provider tells of a dispute of an order's payment, over its total unless told."""
        fields = {
            "order": order.order, "payment": f"sandbox-{order.order}", "amount": order.total,
            "currency": order.currency,
        }  # fmt: skip
        return await self.disputes.note(self.id, what, dispute, fields | told)

    async def audit(self) -> list[str]:
        """What the ledger and the live state differ in."""
        return (await audit(self.store, self.id)).differences

    async def lapse(self, order: Order) -> None:
        """Move the order's deadline into the past, as if its time had gone by."""
        raw = ANY.decode(stored(await self.redis.hget(self.key("orders"), order.order)))
        raw["hold_until"] = 1
        await self.redis.hset(self.key("orders"), order.order, msgspec.msgpack.encode(raw))
        await self.redis.zadd(self.key("holds"), {order.order: 1})

    async def draw_at(self, at_ms: int, *sales: Sale) -> None:
        """Move the draw of sales to another time; in the past: as if their window had gone by."""
        for sale in sales:
            raw = ANY.decode(stored(await self.redis.hget(self.key("sales"), sale.sale)))
            raw["fair_until"] = at_ms
            await self.redis.hset(self.key("sales"), sale.sale, msgspec.msgpack.encode(raw))
            await self.redis.zadd(self.key("due"), {f"{sale.sale}:draw": at_ms})

    async def sale(self, sale: Sale) -> Sale:
        """The sale as it is now."""
        return next(now for now in await self.all_sales() if now.sale == sale.sale)

    async def all_sales(self) -> list[Sale]:
        """Every sale as it is now, in the order of opening."""
        loaded = await self.run("room_load", recent_max=0)
        return [msgspec.convert(sale, Sale) for sale in loaded["sales"]]

    async def now_ms(self) -> int:
        """The time by the clock of Redis."""
        seconds, micros = await self.redis.time()
        return int(seconds) * 1000 + int(micros) // 1000

    async def unmet(self) -> dict[str, set[str]]:
        """By sku, who wanted more of it than there was."""
        found: dict[str, set[str]] = {}
        for place in stored_hash(await self.redis.hgetall(self.key("unmet"))):
            user, _, sku = place.decode().partition(":")[2].partition("/")
            found.setdefault(sku, set()).add(user)
        return found

    async def counters(self, sale: Sale) -> tuple[int, int, int, int]:
        """(allocated, left, held, sold) as they are now."""
        now = await self.sale(sale)
        return now.allocated, now.left, now.held, now.sold

    async def own(self, user: str) -> list[Order]:
        return (await self.orders.orders_of(self.id, [user]))[user]

    async def ledger(self) -> list[dict[str, Any]]:
        return [line async for chunk in read(self.store, self.id) for _, line in chunk]

    async def stats(self) -> dict[str, int]:
        found = await self.redis.hgetall(self.key("stats"))
        return {
            name.decode(): int(value) for name, value in stored_hash(found).items() if int(value)
        }

    async def dump(self) -> dict[str, bytes | None]:
        """Every key of the room, byte for byte."""
        return {name: await self.redis.dump(self.key(name)) for name in HOUSE.room_keys}

    async def refused(self, attempt: Any, code: str) -> CommandError:
        """Await an attempt that must be refused with `code` and leave no trace, but that whoever
        found too few left is counted."""
        before = await self.dump()
        with pytest.raises(CommandError) as caught:
            await attempt
        assert caught.value.code == code
        after = await self.dump()
        changed = {name for name in after if after[name] != before[name]}
        assert changed <= (COUNTED if code == "sold_out" else set())
        return caught.value


async def host_of(_room_id: str) -> str:
    """The host of every shop."""
    return "h"


def shop_on(
    store: RoomStore,
    settings: Settings,
    room_id: str = "r1",
    transfers: Transfers | None = None,
) -> Shop:
    """A shop wired as the server wires it; `build()` makes its room."""
    return Shop(store, settings, SandboxProvider(), room_id, transfers)
