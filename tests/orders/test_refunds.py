"""Charged means paid or refund due, and what is due is given back once."""

import asyncio

import pytest

from server.features.payments.providers import Payment, SandboxProvider
from server.rooms.timeline import read
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.orders.shop import PRICE, Shop


async def test_the_log_of_who_did_what_names_who_took_an_order_back(shop: Shop) -> None:
    order = await shop.take_back(await shop.pay(await shop.buy("ann", await shop.open())))
    facts = [fact async for chunk in read(shop.store, shop.id) for _, fact in chunk]
    assert (facts[-1]["k"], facts[-1]["by"]) == ("return", "h")
    assert (facts[-1]["order"], facts[-1]["user"]) == (order.order, "ann")


async def test_a_returned_order_gives_units_allowance_and_money_back(shop: Shop) -> None:
    sale = await shop.open(stock=3, per_user=2)
    paid = await shop.pay(await shop.buy("ann", sale, 2))
    returned = await shop.take_back(paid, restock=True)
    assert returned.status == "returned"
    assert await shop.take_back(paid, restock=True) == returned
    assert await shop.counters(sale) == (3, 3, 0, 0)
    assert (await shop.buy("ann", sale, 2)).status == "held"
    assert await shop.sweeper.sweep([shop.id]) == 1
    money = (await shop.book.stats(shop.id)).money["CNY"]
    assert (money.charged, money.refunded, money.net) == (2 * PRICE, 2 * PRICE, 0)
    assert await shop.audit() == []


async def test_a_return_without_restock_takes_the_units_out_of_the_sale(shop: Shop) -> None:
    sale = await shop.open(stock=3)
    await shop.take_back(await shop.pay(await shop.buy("ann", sale, 2)))
    assert await shop.counters(sale) == (1, 1, 0, 0)
    assert await shop.audit() == []


async def test_only_a_paid_order_can_be_returned(shop: Shop) -> None:
    await shop.refused(shop.take_back(await shop.buy("ann", await shop.open())), "conflict")


async def test_a_late_payment_without_units_is_refunded_once(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    order = await shop.buy("ann", sale)
    await shop.lapse(order)
    await shop.sweeper.sweep([shop.id])
    await shop.buy("bob", sale)
    assert (await shop.charge(order, "sandbox-1")).status == "refund_due"
    made = await asyncio.gather(*(shop.refunds.sweep(shop.id) for _ in range(3)))
    assert sum(made) == 1
    assert (await shop.own("ann"))[0].status == "refunded"
    await shop.refunds.refunded(shop.id, "sandbox-1")
    assert await shop.audit() == []


async def test_a_refund_that_the_provider_does_not_make_stays_due(shop: Shop) -> None:
    order = await shop.buy("ann", await shop.open())
    await shop.charge(order, "theirs-1", amount=1)
    assert await shop.refunds.sweep(shop.id) == 0
    assert (await shop.book.stats(shop.id)).money["CNY"].refund_due == 1
    assert await shop.refunds.sweep(shop.id) == 0  # put off, and not tried at once again
    assert await shop.audit() == []


async def test_a_refund_at_which_the_provider_breaks_stops_no_other(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sale = await shop.open(stock=5)
    for user in ("ann", "ben"):
        await shop.take_back(await shop.pay(await shop.buy(user, sale)))
    refund, broken = SandboxProvider.refund, [True]

    async def breaks_once(self: SandboxProvider, payment: Payment) -> bool:
        if broken:
            broken.clear()
            raise KeyError("a field the provider forgot")
        return await refund(self, payment)

    monkeypatch.setattr(SandboxProvider, "refund", breaks_once)
    with pytest.raises(KeyError):
        await shop.refunds.sweep(shop.id)
    assert await shop.redis.zcard(shop.key("refunds")) == 1


async def test_a_payment_that_paid_its_order_is_not_refunded(shop: Shop) -> None:
    order = await shop.buy("ann", await shop.open())
    await shop.charge(order, "p1")
    await shop.refused(shop.refunds.refunded(shop.id, "p1"), "conflict")
    await shop.refused(shop.refunds.refunded(shop.id, "p2"), "not_found")


async def test_the_sandbox_declines_on_demand(shop: Shop) -> None:
    order = await shop.buy("ann.fails", await shop.open())
    await shop.refused(shop.pay(order), "payment_failed")


async def test_the_sandbox_charges_twice_on_demand(shop: Shop) -> None:
    order = await shop.buy("ann.twice", await shop.open())
    assert (await shop.pay(order)).status == "paid"
    async with asyncio.timeout(60):
        while not await shop.redis.zcard(shop.key("refunds")):
            await asyncio.sleep(0.01)
    assert await shop.refunds.sweep(shop.id) == 1
    assert (await shop.own("ann.twice"))[0].status == "paid"
    assert await shop.audit() == []


async def test_the_sandbox_charges_late_on_demand(
    shop: Shop, store: RoomStore, settings: Settings
) -> None:
    told: asyncio.Queue[Payment] = asyncio.Queue()

    async def deliver(room_id: str, order_id: str, payment: Payment) -> object:
        told.put_nowait(payment)
        return await shop.payments.charged(room_id, order_id, payment)

    order = await shop.buy("ann.late", await shop.open())
    provider = SandboxProvider()
    provider.listen(deliver)  # type: ignore[arg-type]
    soon = order.__class__(**{f: getattr(order, f) for f in order.__struct_fields__} | {
        "hold_until": order.updated - 990})  # fmt: skip
    assert await provider.charge(soon) is None
    async with asyncio.timeout(60):
        assert (await told.get()).amount == PRICE
    await provider.aclose()
