"""Charged means paid or refund due, and what is due is given back once."""

import asyncio

import pytest

from server.features.payments.providers import Payment, Refund, SandboxProvider
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
    await shop.refunds.refunded(shop.id, "sandbox-1", PRICE, f"sandbox-1:{PRICE}")
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
    give_back, broken = SandboxProvider.refund, [True]

    async def breaks_once(self: SandboxProvider, refund: Refund) -> bool:
        if broken:
            broken.clear()
            raise KeyError("a field the provider forgot")
        return await give_back(self, refund)

    monkeypatch.setattr(SandboxProvider, "refund", breaks_once)
    with pytest.raises(KeyError):
        await shop.refunds.sweep(shop.id)
    assert await shop.redis.zcard(shop.key("refunds")) == 1


async def test_units_come_back_one_after_the_other_and_their_money_adds_up(shop: Shop) -> None:
    tea, cup = await shop.open(stock=5), await shop.open(stock=5, sku="cup", price=333)
    coupon = await shop.give_out(amount=1000, floor=1001)
    claim = await shop.claim("ann", coupon)
    order = await shop.pay(await shop.buy_cart("ann", (tea, 2), (cup, 3), claim=claim.claim))
    owed = []
    for sale, units in ((cup, 1), (cup, 1), (tea, 1), (cup, 3), (tea, 2)):
        order = await shop.take_back(order, restock=True, returned={sale.sale: units})
        owed.append(order.back)
        assert await shop.audit() == []
        assert await shop.refunds.sweep(shop.id) == (len(owed) != 2)  # told twice: owed once
    assert order.status == "returned"
    assert order.total == 2 * PRICE + 3 * 333 - 1000
    # floor(price of what is back, less its part of 1000 off of 4979)
    assert owed == [267, 267, 1857, 2389, order.total]
    assert (await shop.counters(tea), await shop.counters(cup)) == ((5, 5, 0, 0), (5, 5, 0, 0))
    money = (await shop.book.stats(shop.id)).money["CNY"]
    assert (money.refunded, money.refund_due, money.net) == (order.total, 0, 0)
    assert await shop.audit() == []


async def test_no_more_units_come_back_than_were_bought(shop: Shop) -> None:
    tea, cup = await shop.open(), await shop.open(sku="cup")
    order = await shop.pay(await shop.buy("ann", tea, 2))
    for returned, code in (({tea.sale: 3}, "conflict"), ({cup.sale: 1}, "not_found")):
        await shop.refused(shop.take_back(order, returned=returned), code)
    await shop.take_back(order, returned={tea.sale: 2})
    assert (await shop.take_back(order)).status == "returned"
    refusal = await shop.refused(shop.take_back(order, returned={tea.sale: 1}), "conflict")
    assert "2 came back already" in refusal.msg


async def test_an_order_of_nothing_is_returned_and_owes_nothing(shop: Shop) -> None:
    order = await shop.pay(await shop.buy("ann", await shop.open(price=0)))
    assert (await shop.take_back(order)).status == "returned"
    assert await shop.redis.exists(shop.key("refunds")) == 0
    assert await shop.audit() == []


async def test_money_that_came_back_by_itself_is_not_due_again(shop: Shop) -> None:
    sale = await shop.open()
    order = await shop.charge(await shop.buy("ann", sale, 3), "p1")
    note = await shop.refunds.refunded(shop.id, "p1", PRICE + 1, "r1", reason="a torn box")
    assert (note.status, note.back, note.due) == ("applied", PRICE + 1, 0)
    assert (await shop.own("ann"))[0].back == PRICE + 1
    assert [line["case"]["what"] for line in await shop.ledger() if line["k"] == "case"] == [
        "unasked_refund"
    ]
    order = await shop.take_back(order, returned={sale.sale: 1})
    assert (order.status, order.back) == ("paid", PRICE + 1)
    order = await shop.take_back(order)
    assert (order.status, order.back) == ("returned", 3 * PRICE)
    money = (await shop.book.stats(shop.id)).money["CNY"]
    assert (money.refund_due, money.refunded, money.net) == (2 * PRICE - 1, PRICE + 1, 0)
    assert await shop.audit() == []


async def test_no_more_goes_back_than_was_charged(shop: Shop) -> None:
    await shop.charge(await shop.buy("ann", await shop.open()), "p1")
    give_back = shop.refunds.refunded
    await shop.refused(give_back(shop.id, "p2", 1, "r1"), "not_found")
    for told in ((PRICE + 1, "r1"), (1, None), (0, "r1")):
        await shop.refused(give_back(shop.id, "p1", *told), "conflict")
    await give_back(shop.id, "p1", 300, "r1")
    assert (await give_back(shop.id, "p1", 300, "r1")).back == 300
    await shop.refused(give_back(shop.id, "p1", 301, "r1"), "conflict")
    for wrong in ({"order": "another"}, {"currency": "EUR"}):
        await shop.refused(give_back(shop.id, "p1", 1, "r2", **wrong), "conflict")
    assert (await give_back(shop.id, "p1", PRICE - 300)).status == "refunded"
    assert (await give_back(shop.id, "p1", PRICE - 300)).status == "refunded"
    assert await shop.audit() == []


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
