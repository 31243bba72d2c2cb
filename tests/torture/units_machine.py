"""What may happen to units between two stores; after each step every unit is in one place."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from server.features.orders.messages import Order
from server.features.stock.messages import Sale
from server.protocol.codes import CommandError
from server.store.request_key import UNDER_WAY, RequestKey
from tests.orders.shop import ANY, Shop
from tests.records.market import REFUSALS, Death, Market
from tests.stored import all_stored

picks = st.integers(0, 99)
few = st.integers(1, 6)
deaths = st.sampled_from(list(Death))
hosts = st.integers(0, 1)
skus = st.sampled_from(Market.skus)


class UnitMachine(RuleBasedStateMachine):
    """A rule that finds nothing to do does nothing."""

    def __init__(self, runner: asyncio.Runner, make: Callable[[], Market]) -> None:
        super().__init__()
        self.run = runner.run
        self.market = make()
        self.sales: list[tuple[Shop, str]] = []
        self.orders: list[tuple[Shop, Order]] = []
        self.late: list[tuple[str, str, dict[str, Any]]] = []
        """Calls whose worker is gone, and which may reach Redis yet."""
        self.keys = 0

    def teardown(self) -> None:
        self.run(self.market.must_agree())
        self.run(self.market.records.aclose())

    @initialize(units=st.integers(4, 12), granted=few)
    def build(self, units: int, granted: int) -> None:
        self.run(self.market.build(units))
        for host in self.market.hosts:
            self._granted(host, "red", min(granted, units // 2), until=None, room="")
            self.run(self._open(self.market.shops[host], "red", granted // 2 or 1, Death.NEVER))

    # What the merchant does

    @rule(sku=skus, units=few)
    def receive(self, sku: str, units: int) -> None:
        self.run(self.market.receive(sku, units))

    @rule(host=hosts, sku=skus, units=few, soon=st.booleans(), of_one=st.booleans())
    def grant(self, host: int, sku: str, units: int, soon: bool, of_one: bool) -> None:
        name = self.market.hosts[host]
        until = self.market.now + 1000 if soon else None
        self._granted(name, sku, units, until, self.market.rooms[name] if of_one else "")

    def _granted(self, host: str, sku: str, units: int, until: int | None, room: str) -> None:
        more: dict[str, Any] = {"room": room} | ({"until": until} if until else {})
        with contextlib.suppress(CommandError):
            self.run(self.market.grant(host, sku, units, **more))

    @rule(n=picks, units=st.integers(0, 9))
    def change_a_grant(self, n: int, units: int) -> None:
        if granted := self.market.granted:
            changing = self.market.allotments.change(
                self.market.merchant, granted[n % len(granted)], units, None
            )
            with contextlib.suppress(CommandError):
                self.run(changing)

    @rule(n=picks)
    def take_a_grant_back(self, n: int) -> None:
        if granted := self.market.granted:
            allotments = self.market.allotments
            self.run(allotments.take_back(self.market.merchant, granted[n % len(granted)]))

    # What hosts do

    @rule(host=hosts, sku=skus, units=few, death=deaths, standing=st.booleans())
    def open(self, host: int, sku: str, units: int, death: Death, standing: bool = False) -> None:
        kind = "standing" if standing else "flash"
        self.run(self._open(self.shop(host), sku, units, death, kind=kind))

    async def _open(self, shop: Shop, sku: str, units: int, death: Death, **more: str) -> None:
        product = self.market.product(sku)
        await self.market.dying(shop.open(stock=units, sku=product, per_user=6, **more), death)
        await self._note(shop, death)

    @rule(n=picks, units=few, death=deaths)
    def units_move_to_a_sale_on_top(self, n: int, units: int, death: Death) -> None:
        async def move() -> None:
            shop, base = await self._sale(n)
            terms = {"sku": base.sku, "per_user": 6, "base": base.sale, "price": 1}
            await self.market.dying(shop.open(stock=units, **terms), death)
            await self._note(shop, death)

        if self.sales:
            self.run(move())

    async def _note(self, shop: Shop, death: Death) -> None:
        """Note what the room has now, and what may still come."""
        names = [name.decode() for name in all_stored(await shop.redis.hkeys(shop.key("sales")))]
        known = {name for of, name in self.sales if of is shop}
        self.sales += [(shop, name) for name in names if name not in known]
        sent, last = self.market.transfers.sent, self.market.calls.last
        if death is Death.SENT and sent is not None and last is not None:
            script, room, args = last
            self.late.append((script, room, args | {"transfer": sent}))

    @rule(n=picks, units=few, death=deaths)
    def restock(self, n: int, units: int, death: Death) -> None:
        async def more() -> None:
            shop, sale = await self._sale(n)
            await self.market.dying(shop.restock(sale, units), death)
            await self._note(shop, death)

        if self.sales:
            self.run(more())

    @rule(n=picks, stock=st.integers(0, 6), death=deaths)
    def set_the_stock(self, n: int, stock: int, death: Death) -> None:
        async def set_it() -> None:
            shop, sale = await self._sale(n)
            await self.market.dying(shop.set_stock(sale, stock), death)
            await self._note(shop, death)

        if self.sales:
            self.run(set_it())

    @rule(host=hosts, units=few, death=deaths, settled=st.booleans())
    def a_request_is_sent_again(self, host: int, units: int, death: Death, settled: bool) -> None:
        """With the same key: whatever became of it, one sale is opened at most."""
        self.keys += 1
        shop = self.shop(host)

        async def ask(death: Death) -> None:
            token = UNDER_WAY.set(RequestKey(f"{self.keys:016x}", "d"))
            try:
                await self._open(shop, "red", units, death)
            finally:
                UNDER_WAY.reset(token)

        async def twice() -> None:
            before = await shop.redis.hlen(shop.key("sales"))
            await ask(death)
            if settled:
                await self.market.settle()
            await ask(Death.NEVER)
            assert await shop.redis.hlen(shop.key("sales")) <= before + 1

        self.run(twice())

    @rule(host=hosts, units=few, before=st.booleans())
    def a_worker_is_slow(self, host: int, units: int, before: bool) -> None:
        """Its call comes before or after somebody has asked the room about it."""
        self.open(host, "red", units, Death.SENT)
        if not before:
            self.transfers_are_settled(dies=False)
        self.a_call_comes_late(len(self.late) - 1)

    @rule(n=picks)
    def a_call_comes_late(self, n: int) -> None:
        async def come() -> None:
            script, room, args = self.late.pop(n % len(self.late))
            try:
                await self.market.store.run_script(script, room, args, ANY)
            except CommandError as refused:
                if refused.code not in REFUSALS:
                    raise
            await self._note(
                next(s for s in self.market.shops.values() if s.id == room), Death.NEVER
            )

        if self.late:
            self.run(come())

    @rule(n=st.integers(0, 9))
    def close(self, n: int) -> None:
        async def close_it() -> None:
            shop, sale = await self._sale(n)
            await shop.close(sale)

        if n < len(self.sales):
            self.run(close_it())

    @rule(n=picks, units=few, restock=st.booleans())
    def take_back(self, n: int, units: int, restock: bool) -> None:
        async def take() -> None:
            shop, order = self.orders[n % len(self.orders)]
            back = min(units, order.lines[0].qty)
            with contextlib.suppress(CommandError):
                await shop.take_back(order, restock, {order.lines[0].sale: back})

        if self.orders:
            self.run(take())

    @rule(n=picks, restock=st.booleans(), closed=st.booleans())
    def a_part_comes_back(self, n: int, restock: bool, closed: bool) -> None:
        async def sell() -> None:
            shop, sale = await self._sale(n)
            order = await shop.pay(await shop.buy("cat", sale, 2))
            if closed:
                await shop.close(sale)
            await shop.take_back(order, restock, {sale.sale: 1})

        if self.sales:
            with contextlib.suppress(CommandError):
                self.run(sell())

    # What buyers do

    @rule(wishes=st.lists(st.tuples(picks, st.integers(1, 3), st.booleans()), max_size=3))
    def buy(self, wishes: list[tuple[int, int, bool]]) -> None:
        async def buy_it(n: int, qty: int, pay: bool) -> None:
            shop, sale = await self._sale(n)
            order = await shop.buy("ann", sale, qty)
            self.orders.append((shop, order))
            if pay:
                await shop.pay(order)

        for wish in wishes if self.sales else ():
            with contextlib.suppress(CommandError):
                self.run(buy_it(*wish))

    @rule(n=picks, what=st.sampled_from(("pay", "cancel", "lapse", "pay late")))
    def end_a_hold(self, n: int, what: str) -> None:
        async def end() -> None:
            shop, order = self.orders[n % len(self.orders)]
            if what in ("lapse", "pay late") and await self._is_held(shop, order):
                await shop.lapse(order)
                await shop.sweeper.sweep([shop.id])
            if what == "pay late":
                await shop.charge(order, f"p-{order.order}")
            elif what != "lapse":
                await (shop.pay if what == "pay" else shop.cancel)(order)

        if self.orders:
            with contextlib.suppress(CommandError):
                self.run(end())

    async def _is_held(self, shop: Shop, order: Order) -> bool:
        own = {each.order: each.status for each in await shop.own("ann")}
        return own[order.order] == "held"

    # What time, workers and stores do

    @rule(batch=st.sampled_from((1, 2, 500)))
    def the_archive_copies(self, batch: int) -> None:
        self.run(self.market.copy(batch, whole=batch > 2))

    @rule(dies=st.booleans())
    def transfers_are_settled(self, dies: bool) -> None:
        self.market.transfers.dies_settling = dies
        self.run(self.market.settle())
        self.market.transfers.dies_settling = False

    @rule(ms=st.sampled_from((1500, 7_200_000)))
    def time_goes_by(self, ms: int) -> None:
        self.market.now += ms

    @rule()
    def all_is_folded_again(self) -> None:
        self.run(self.market.fold_again())

    @rule(host=hosts, units=few, n=picks)
    def redis_loses_what_was_archived(self, host: int, units: int, n: int) -> None:
        async def do_something() -> None:
            await self._open(shop, "red", units, Death.NEVER)
            sales = [name for of, name in self.sales if of is shop]
            if sales:
                sale = await _named(shop, sales[n % len(sales)])
                with contextlib.suppress(CommandError):
                    order = await shop.buy("bob", sale, 1)
                    await shop.pay(order)
                await shop.close(sale)

        shop = self.shop(host)
        self.run(self.market.copy())
        known = list(self.sales)
        self.run(self.market.lose(shop, do_something))
        self.sales = known

    @invariant()
    def every_unit_is_in_one_place(self) -> None:
        self.run(self.market.must_add_up())

    def shop(self, host: int) -> Shop:
        return self.market.shops[self.market.hosts[host]]

    async def _sale(self, n: int) -> tuple[Shop, Sale]:
        shop, name = self.sales[n % len(self.sales)]
        return shop, await _named(shop, name)


async def _named(shop: Shop, name: str) -> Sale:
    loaded = await shop.run("room_load", recent_max=0)
    return next(msgspec.convert(s, Sale) for s in loaded["sales"] if s["sale"] == name)
