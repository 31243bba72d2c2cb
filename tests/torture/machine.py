"""A shop that anything may happen to, beside a model of what its buyers were told."""

import asyncio
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from server.features.coupons.messages import Claim
from server.features.orders.messages import Buy, BuyLine, Order
from server.features.orders.orders import buy_of
from server.features.orders.settings import OrderSettings
from server.features.payments.disputes import DisputeStep
from server.features.terms.messages import Terms
from server.protocol.codes import CommandError
from tests.orders.shop import PRICE
from tests.torture.story import PER_USER, USERS, Story, Wish

users = st.sampled_from(USERS)
quantities = st.integers(1, 4)
picks = st.integers(0, 99)
prices = st.integers(1, 3 * PRICE)
SALES_MAX = 12
TERMS = Terms(merchant="m1", goods="g1", commission=2345, fee=333, coupon="platform")
coupon_picks = st.none() | picks  # half of the buys use a coupon


class ShopMachine(Story):
    """Each rule is something that happens; after each, what buyers were told is still true.

    What a rule draws must not depend on what happened, since a crash is never twice the same: a
    rule that finds nothing to do does nothing.
    """

    @initialize(stock=st.integers(1, 6))
    def build(self, stock: int) -> None:
        self.run(self.shop.build())
        self.run(self.shop.redis.hset(self.shop.key("terms"), "tea", self.shop.packed(TERMS)))
        for sku in ("tea", "cup"):
            self.opened(self.run(self.shop.open(stock=stock, sku=sku, per_user=PER_USER)))
            standing = self.shop.open_standing(
                stock=stock, sku=sku, per_user=PER_USER, price=2 * PRICE, hold_s=86_400
            )
            self.opened(self.run(standing))
        any_order = self.shop.give_out(quota=4, per_user=2, floor=PRICE)
        two_teas = self.shop.give_out(quota=3, percent=33, floor=2 * PRICE, skus=["tea"])
        self.coupons += [self.run(any_order), self.run(two_teas)]
        for user, coupon in zip(USERS, (*self.coupons, self.coupons[0]), strict=True):
            self.run(self._claim(user, self.new_key(), coupon))

    # What buyers do

    @rule(
        user=users,
        lines=st.lists(st.tuples(picks, quantities), min_size=1, max_size=3),
        claim=coupon_picks,
    )
    def buy(self, user: str, lines: list[tuple[int, int]], claim: int | None) -> None:
        wish = Wish(user, self.new_key(), self.wanted(lines), self.any_claim(user, claim))
        self.run(self._buy(wish))

    @rule(
        user=users,
        lines=st.lists(st.tuples(picks, quantities), min_size=1, max_size=3),
        claim=coupon_picks,
        n=picks,
        price=prices,
    )
    def buy_at_the_price_that_was_shown(
        self, user: str, lines: list[tuple[int, int]], claim: int | None, n: int, price: int
    ) -> None:
        """The host changes a price between the look and the tap."""
        wanted = self.wanted(lines)
        shown = self.sum_of(wanted)
        self.change_the_price(n, price)
        wish = Wish(user, self.new_key(), wanted, self.any_claim(user, claim), shown)
        self.run(self._buy(wish))

    @rule(n=picks)
    def buy_again_with_the_same_key(self, n: int) -> None:
        if not self.bought:
            return
        wish, order_id = list(self.bought.values())[n % len(self.bought)]
        again = self.run(self._send(wish))
        assert again.order == order_id
        self.hear(again)

    @rule(n=picks)
    def buy_something_else_with_a_used_key(self, n: int) -> None:
        if not self.bought:
            return
        wish, _ = list(self.bought.values())[n % len(self.bought)]
        other = wish._replace(claim=None if wish.claim else "another")
        if n % 2:
            other = wish._replace(wanted={sale: qty + 1 for sale, qty in wish.wanted.items()})
        assert self.run(self.attempt(self._send(other), "key_reused")) is None

    @rule(user=users, n=picks, qty=quantities, claim=coupon_picks)
    def the_client_library_sends_a_buy_twice(
        self, user: str, n: int, qty: int, claim: int | None
    ) -> None:
        async def twice() -> None:
            wanted = {self.any_sale(n).sale: qty}
            wish = Wish(user, self.new_key(), wanted, self.any_claim(user, claim))
            lines = [BuyLine(sale, units) for sale, units in wanted.items()]
            cmd = Buy(ref=1, key=wish.key, lines=lines, claim=wish.claim)
            item = buy_of(self.shop.call(user), cmd, self.world.settings.section(OrderSettings), 64)
            before = await self.expected(wish)
            outcomes = [(await self.shop.orders._buy_batch(self.room, [item]))[0] for _ in "ab"]
            if before:
                assert all(outcome.err == before for outcome in outcomes)
                return
            first, second = (outcome.order for outcome in outcomes)
            assert first is not None
            assert first == second
            self.answered(wish, first)

        self.run(twice())

    @rule(user=users, n=picks)
    def claim(self, user: str, n: int) -> None:
        self.run(self._claim(user, self.new_key(), self.coupons[n % len(self.coupons)]))

    @rule(n=picks)
    def claim_again_with_the_same_key(self, n: int) -> None:
        if not self.claimed:
            return
        (user, key), claim = list(self.claimed.items())[n % len(self.claimed)]
        coupon = next(it for it in self.coupons if it.coupon == claim.coupon)
        assert self.run(self.shop.claim(user, coupon, key)).claim == claim.claim

    @rule(user=users, n=picks)
    def two_buys_want_one_claim(self, user: str, n: int) -> None:
        claim = self.any_claim(user, n)
        if claim is None:
            return
        wanted = {self.any_sale(n).sale: 1}
        wishes = [Wish(user, self.new_key(), wanted, claim) for _ in range(2)]

        async def both() -> None:
            found = await asyncio.gather(*map(self._send, wishes), return_exceptions=True)
            for wish, outcome in zip(wishes, found, strict=True):
                if isinstance(outcome, Order):
                    self.answered(wish, outcome)
            assert sum(isinstance(outcome, Order) for outcome in found) <= 1

        self.run(both())

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

    @rule(told=st.lists(st.tuples(picks, st.integers(0, 5), st.booleans()), min_size=2, max_size=8))
    def payments_are_told_together(self, told: list[tuple[int, int, bool]]) -> None:
        """In one batch: of one order or many, some twice, of wrong amounts, of no order at all."""
        if not self.told:
            return
        orders = [self.pick(n) for n, _, _ in told]
        pays: list[dict[str, Any]] = [
            {
                "order": order.order, "payment": f"sandbox-x-{order.order}-{payment}",
                "amount": order.total + wrong, "currency": order.currency,
            }
            for order, (_, payment, wrong) in zip(orders, told, strict=True)
        ]  # fmt: skip
        nothing = {"order": "none", "payment": "sandbox-y", "amount": 1, "currency": "CNY"}
        outcomes = self.run(
            self.shop.payments._charged_batch(self.room, [pays[0], nothing, *pays[1:]])
        )
        assert outcomes.pop(1).err == "not_found"
        for pay, outcome in zip(pays, outcomes, strict=True):
            self.hear(outcome.order_or_refusal())
            self.payments.setdefault(pay["payment"], pay["amount"])

    @rule(n=picks, user=users, qty=quantities)
    def a_payment_comes_when_others_have_the_units(self, n: int, user: str, qty: int) -> None:
        if not self.told:
            return
        order = self.pick(n)
        self.a_hold_lapses(n, swept_by=1)
        self.run(self._buy(Wish(user, self.new_key(), {order.lines[0].sale: qty})))
        self.a_payment_is_told(n, payment=3, wrong=False)

    @rule(n=picks)
    def a_payment_comes_when_the_claim_may_be_in_another_order(self, n: int) -> None:
        if not self.told:
            return
        order = self.pick(n)
        self.a_hold_lapses(n, swept_by=1)
        wanted = {line.sale: line.qty for line in order.lines}
        self.run(self._buy(Wish(order.user, self.new_key(), wanted, order.claim or None)))
        self.a_payment_is_told(n, payment=4, wrong=False)

    @rule()
    def refunds_are_made(self) -> None:
        self.run(self.shop.refunds.sweep(self.room))

    @rule(n=picks, amount=st.integers(1, 5000), refund=st.integers(0, 3))
    def a_refund_is_told(self, n: int, amount: int, refund: int) -> None:
        """Asked or unasked, in part, twice, of too much: as providers do."""
        if not self.payments:
            return
        payment = list(self.payments)[n % len(self.payments)]
        telling = self.shop.refunds.refunded(self.room, payment, amount, f"r{refund}")
        self.run(self.attempt(telling, "conflict"))

    @rule(
        n=picks,
        what=st.sampled_from(("disputed", "disputed", "dispute_won", "dispute_lost")),
        dispute=st.integers(0, 2),
        amount=st.integers(0, 9000),
        twice=st.booleans(),
    )
    def a_dispute_is_told(
        self, n: int, what: DisputeStep, dispute: int, amount: int, twice: bool
    ) -> None:
        """Opened, won, lost, in any order, of a part, of too much, twice: as providers do."""
        if not self.told:
            return
        order = self.pick(n)
        payments = [name for name in self.payments if order.order in name]
        payments.append(f"sandbox-{order.order}")
        payment = payments[amount % len(payments)]
        told: dict[str, Any] = {"payment": payment, "amount": amount}

        async def tell() -> None:
            name = f"{payment}-d{dispute}"
            telling = self.shop.dispute(order, what, name, **told)
            noted = await self.attempt(telling, "conflict", "not_found")
            if noted is not None and twice:
                again = await self.shop.dispute(order, what, name, **told)
                assert (again.news, again.taken) == (False, 0)

        self.run(tell())

    # What the host does

    @rule(n=picks, add=quantities)
    def restock(self, n: int, add: int) -> None:
        sale = self.any_sale(n)
        refusals = ("ended", "conflict") if sale.base else ("ended",)
        self.run(self.attempt(self.shop.restock(sale, add), *refusals))

    @rule(n=picks, price=prices)
    def change_the_price(self, n: int, price: int) -> None:
        async def change() -> None:
            sale = self.any_sale(n)
            closed = (await self.shop.sale(sale)).status == "closed"
            refusal = "ended" if closed else "conflict" if sale.kind == "flash" else ""
            changed = await self.attempt(self.shop.price(sale, price), refusal)
            assert (changed is None) == bool(refusal)
            if changed is not None:
                assert changed.price == price
                assert not 0 < changed.was <= price
                self.prices[sale.sale].append(price)

        self.run(change())

    @rule(n=picks, stock=quantities)
    def a_flash_sale_begins_on_top_of_a_standing_one(self, n: int, stock: int) -> None:
        async def begin() -> None:
            standing = [sale for sale in self.sales if sale.kind == "standing"]
            base = standing[n % len(standing)]
            now = await self.shop.sale(base)
            refusal = "conflict" if now.status == "closed" or now.left < stock else ""
            begun = await self.attempt(
                self.shop.open(
                    stock=stock, sku=base.sku, per_user=PER_USER, base=base.sale, price=PRICE // 2
                ),
                refusal,
            )
            assert (begun is None) == bool(refusal)
            if begun is not None:
                self.opened(begun)
                assert (await self.shop.sale(base)).allocated == now.allocated - stock

        if len(self.sales) < SALES_MAX:
            self.run(begin())

    @rule(n=picks, stock=quantities)
    def a_product_leaves_the_shelf_and_comes_back(self, n: int, stock: int) -> None:
        """Its standing sale is over, and another one begins."""

        async def leave() -> None:
            sku = ("tea", "cup")[n % 2]
            opened = [s for s in self.sales if s.sku == sku and s.kind == "standing"]
            await self.shop.run("shelf.remove", sku=sku)
            await self.shop.sweeper.sweep([self.room])
            for sale in opened:
                assert (await self.shop.sale(sale)).status == "closed"
            await self.shop.put(sku)
            if sku == "tea":
                await self.shop.redis.hset(self.shop.key("terms"), sku, self.shop.packed(TERMS))
            self.opened(
                await self.shop.open_standing(
                    stock=stock, sku=sku, per_user=PER_USER, hold_s=86_400
                )
            )

        if len(self.sales) < SALES_MAX:
            self.run(leave())

    @rule(n=picks, stock=st.integers(0, 12))
    def set_the_stock(self, n: int, stock: int) -> None:
        async def set_it() -> None:
            sale = self.any_sale(n)
            now = await self.shop.sale(sale)
            closed, too_few = now.status == "closed", stock < now.held + now.sold
            add = stock - now.allocated
            if sale.base and add > 0 and not closed:
                base = await self.shop.sale(next(s for s in self.sales if s.sale == sale.base))
                too_few = base.status != "closed" and base.left < add
            refusal = "ended" if closed else "conflict" if too_few else ""
            changed = await self.attempt(self.shop.set_stock(sale, stock), refusal)
            assert (changed is None) == bool(refusal)
            assert changed is None or changed.allocated == stock

        self.run(set_it())

    @rule(n=picks, restock=st.booleans(), units=st.integers(0, 4))
    def take_back(self, n: int, restock: bool, units: int) -> None:
        if not self.told:
            return
        order = self.pick(n)
        returned = {order.lines[-1].sale: units} if units else None
        taking = self.shop.take_back(order, restock, returned)
        if taken := self.run(self.attempt(taking, "conflict")):
            self.hear(taken)

    @rule(n=picks, qty=st.integers(0, 3))
    def ask_to_give_back(self, n: int, qty: int) -> None:
        if not self.told:
            return
        order = self.pick(n)
        units = {order.lines[-1].sale: qty} if qty else None
        asking = self.shop.ask_return(order, units=units)
        if asked := self.run(self.attempt(asking, "conflict")):
            self.hear(asked)

    @rule(n=picks, accept=st.booleans(), restock=st.booleans())
    def answer_a_request(self, n: int, accept: bool, restock: bool) -> None:
        if not self.told:
            return
        answering = self.shop.answer_return(self.pick(n), accept, restock=restock)
        if answered := self.run(self.attempt(answering, "conflict", "not_found")):
            self.hear(answered)

    @rule(n=picks)
    def a_buyer_thinks_again_or_nobody_answers(self, n: int) -> None:
        async def pass_by() -> None:
            order = self.pick(n)
            if n % 2:
                withdrawing = self.shop.withdraw_return(order)
                await self.attempt(withdrawing, "conflict", "not_found")
            elif await self.shop.redis.zscore(self.shop.key("returning"), order.order):
                await self.shop.nobody_answers(order)
                await self.shop.sweeper.sweep([self.room])

        if self.told:
            self.run(pass_by())

    @rule(n=st.integers(0, 12))
    def close(self, n: int) -> None:
        if n < len(self.sales):
            self.run(self.shop.close(self.sales[n]))

    @rule(n=st.integers(0, 12))
    def stop_giving(self, n: int) -> None:
        if n < len(self.coupons):
            self.run(self.shop.stop_giving(self.coupons[n]))

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
        key = self.new_key()
        wishes = [
            Wish(user, f"{key}-{n}", {self.any_sale(pick).sale: qty}, self.any_claim(user, pick))
            for n, (user, pick, qty) in enumerate(hits)
        ]
        coupon = self.coupons[delay % len(self.coupons)]
        buys = [asyncio.create_task(self._send(wish)) for wish in wishes]
        asked = [asyncio.create_task(self.shop.claim(user, coupon, key)) for user in USERS]
        standing = [sale for sale in self.sales if sale.kind == "standing"]
        base = standing[delay % len(standing)]
        on_top = {"sku": base.sku, "per_user": PER_USER, "price": PRICE // 2, "base": base.sale}
        host = [asyncio.create_task(self.shop.price(base, PRICE + delay))]
        if len(self.sales) < SALES_MAX:
            host.append(asyncio.create_task(self.shop.open(stock=1, **on_top)))
        await asyncio.sleep(delay / 20_000)
        if kill_redis:
            await self.world.redis.kill()
        else:
            for task in (*buys, *asked):
                task.cancel()
        outcomes = await asyncio.gather(*buys, return_exceptions=True)
        claims = await asyncio.gather(*asked, return_exceptions=True)
        await asyncio.gather(*host, return_exceptions=True)
        if kill_redis:
            await self.world.redis.start()
        await self._see_what_the_host_did()
        await self.shop.orders.aclose()
        await self.shop.coupons.aclose()
        await self._ask_again(wishes, outcomes)
        for user, claim in zip(USERS, claims, strict=True):
            again = await self.attempt(
                self.shop.claim(user, coupon, key), "sold_out", "limit_reached", "ended"
            )
            if isinstance(claim, Claim):
                assert again is not None, "a claim that was answered is gone"
                assert again.claim == claim.claim
            if again is not None:
                self.claimed[user, key] = again

    async def _see_what_the_host_did(self) -> None:
        """A host who was not answered looks."""
        known = {sale.sale for sale in self.sales}
        for sale in await self.shop.all_sales():
            if sale.sale not in known:
                self.opened(sale)
            elif sale.price != self.prices[sale.sale][-1]:
                assert sale.kind == "standing"
                self.prices[sale.sale].append(sale.price)

    async def _ask_again(self, wishes: list[Wish], outcomes: list[Any]) -> None:
        for wish, outcome in zip(wishes, outcomes, strict=True):
            if isinstance(outcome, Order):
                self.answered(wish, outcome)
        for wish, outcome in zip(wishes, outcomes, strict=True):
            if isinstance(outcome, CommandError) and outcome.code != "unavailable":
                continue
            # Unknown, or told before the crash: the same key gives the one true outcome.
            again = await self.attempt(
                self._send(wish), "sold_out", "limit_reached", "ended", "conflict", "not_found"
            )
            if isinstance(outcome, Order):
                assert again is not None, "an order that was answered is gone"
                assert again.order == outcome.order
            if again is not None:
                self.answered(wish, again)

    # What must hold

    @invariant()
    def the_ledger_and_the_room_agree_and_nothing_told_is_lost(self) -> None:
        if not self.sales:
            return
        self.run(self.check())
