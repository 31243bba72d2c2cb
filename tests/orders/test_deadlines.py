"""Holds lapse and sales start and end by the clock of Redis, whoever sweeps."""

import asyncio
import logging
from typing import Any

import msgspec
import pytest

from server.background.troubles import FAILURES
from server.features.payments.providers import Payment
from server.settings import Settings
from tests.orders.shop import PRICE, Shop, shop_on
from tests.sweeping import sweeper


async def test_a_lapsed_hold_gives_its_units_back_once(shop: Shop) -> None:
    sale = await shop.open(stock=5, per_user=2)
    order = await shop.buy("ann", sale, 2)
    await shop.lapse(order)
    swept = await asyncio.gather(*(shop.sweeper.sweep([shop.id]) for _ in range(4)))
    assert sum(swept) == 1
    assert await shop.counters(sale) == (5, 5, 0, 0)
    assert (await shop.own("ann"))[0].status == "expired"
    assert (await shop.buy("ann", sale, 2)).status == "held"


async def test_a_hold_that_has_time_left_is_not_swept(shop: Shop) -> None:
    await shop.buy("ann", await shop.open())
    assert await shop.sweeper.sweep([shop.id]) == 0


async def test_an_expired_order_is_not_charged(shop: Shop) -> None:
    order = await shop.buy("ann", await shop.open())
    await shop.lapse(order)
    await shop.sweeper.sweep([shop.id])
    await shop.refused(shop.pay(order), "expired")
    await shop.refused(shop.cancel(order), "expired")


async def test_a_hold_whose_time_is_over_is_not_charged_though_nobody_swept(shop: Shop) -> None:
    order = await shop.buy("ann", await shop.open())
    await shop.lapse(order)
    await shop.refused(shop.pay(order), "expired")


async def test_a_late_payment_gets_units_that_are_left(shop: Shop) -> None:
    sale = await shop.open(stock=2)
    order = await shop.buy("ann", sale, 2)
    await shop.lapse(order)
    await shop.sweeper.sweep([shop.id])
    paid = await shop.payments.charged(shop.id, order.order, Payment("p1", 2 * PRICE, "CNY"))
    assert paid.status == "paid"
    assert await shop.counters(sale) == (2, 0, 0, 2)


async def test_a_late_payment_without_units_is_due_back(shop: Shop) -> None:
    sale = await shop.open(stock=2)
    order = await shop.buy("ann", sale, 2)
    await shop.lapse(order)
    await shop.sweeper.sweep([shop.id])
    await shop.buy("bob", sale, 1)
    late = await shop.payments.charged(shop.id, order.order, Payment("p1", 2 * PRICE, "CNY"))
    assert late.status == "refund_due"
    assert await shop.counters(sale) == (2, 1, 1, 0)
    assert (await shop.stats())["refund_due:CNY"] == 2 * PRICE


async def test_a_payment_told_twice_counts_once(shop: Shop) -> None:
    order = await shop.buy("ann", await shop.open())
    payment = Payment("p1", PRICE, "CNY")
    paid = await shop.payments.charged(shop.id, order.order, payment)
    before = await shop.dump()
    assert await shop.payments.charged(shop.id, order.order, payment) == paid
    assert await shop.dump() == before


async def test_a_second_charge_of_a_paid_order_is_due_back(shop: Shop) -> None:
    order = await shop.buy("ann", await shop.open())
    for payment in ("p1", "p2"):
        paid = await shop.payments.charged(shop.id, order.order, Payment(payment, PRICE, "CNY"))
    assert paid.status == "paid"
    assert await shop.redis.zrange(shop.key("refunds"), 0, -1) == [b"p2"]


async def test_a_payment_of_another_amount_is_due_back(shop: Shop) -> None:
    sale = await shop.open()
    order = await shop.buy("ann", sale)
    held = await shop.payments.charged(shop.id, order.order, Payment("p1", PRICE - 1, "CNY"))
    assert held.status == "held"
    assert await shop.counters(sale) == (10, 9, 1, 0)


async def test_a_late_payment_revives_no_cancelled_order(shop: Shop) -> None:
    sale = await shop.open()
    cancelled = await shop.cancel(await shop.buy("ann", sale))
    after = await shop.payments.charged(shop.id, cancelled.order, Payment("p1", PRICE, "CNY"))
    assert after.status == "cancelled"
    assert await shop.counters(sale) == (10, 10, 0, 0)
    assert await shop.redis.zcard(shop.key("refunds")) == 1


async def test_a_scheduled_sale_refuses_before_its_start(shop: Shop) -> None:
    sale = await shop.open(starts_in_s=1000)
    assert sale.status == "scheduled"
    refusal = await shop.refused(shop.buy("ann", sale), "not_started")
    assert 500_000 < (refusal.retry_ms or 0) <= 1_000_000


async def test_a_scheduled_sale_starts_and_ends_by_itself(shop: Shop, settings: Settings) -> None:
    starts = await shop.open(starts_in_s=1, lasts_s=3600)
    ends = await shop.open(sku="cup", starts_in_s=1, lasts_s=1)
    async with sweeper(shop.store, settings, shop.id):
        while (await shop.sale(starts)).status == "scheduled":
            await asyncio.sleep(0.02)
        await shop.buy("ann", starts)
        while (await shop.sale(ends)).status != "closed":
            await asyncio.sleep(0.02)
    await shop.refused(shop.buy("ann", ends), "ended")


async def test_sweeping_goes_on_after_an_answer_that_nobody_understands(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await shop.buy("ann", await shop.open())
    await shop.lapse(order)
    run, failed = shop.store.run_script, asyncio.Event()

    async def garbled(script: str, *args: Any) -> Any:
        if script == "orders.expire" and not failed.is_set():
            failed.set()
            raise msgspec.DecodeError("no such type")
        return await run(script, *args)

    monkeypatch.setattr(shop.store, "run_script", garbled)
    async with shop.sweeper, asyncio.timeout(30):
        while (await shop.own("ann"))[0].status != "expired":
            await asyncio.sleep(0.02)
    assert failed.is_set()


async def test_a_room_nobody_is_in_is_swept_too(shop: Shop) -> None:
    order = await shop.buy("ann", await shop.open())
    await shop.lapse(order)
    assert await shop.sweeper.sweep_all() == 1


async def test_a_garbage_order_stops_the_sweep_of_no_other_room(
    shop: Shop, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    bad = await shop.buy("ann", await shop.open())
    await shop.lapse(bad)
    await shop.redis.hset(shop.key("orders"), bad.order, b"\xc1 garbage")
    newer = shop_on(shop.store, settings, "r2")
    await newer.build()
    await newer.lapse(await newer.buy("ben", await newer.open()))

    with caplog.at_level(logging.INFO, "server.background.troubles"):
        swept = [await shop.sweeper.sweep([shop.id, newer.id]) for _ in range(5)]

    assert swept == [1, 0, 0, 0, 0]
    (said,) = caplog.messages
    assert f"`r1 order {bad.order}`" in said
    assert (await newer.own("ben"))[0].status == "expired"


async def test_a_room_whose_deadlines_cannot_be_read_stops_no_other(
    shop: Shop, settings: Settings
) -> None:
    await shop.redis.set(shop.key("due"), "no zset")
    newer = shop_on(shop.store, settings, "r2")
    await newer.build()
    await newer.lapse(await newer.buy("ben", await newer.open()))
    failed = FAILURES.labels("sweeper")._value.get()
    assert [await shop.sweeper.sweep_all() for _ in range(3)] == [1, 0, 0]
    assert FAILURES.labels("sweeper")._value.get() == failed + 1  # it rests, and so is not asked


async def test_between_laps_only_rooms_with_something_to_come_are_looked_at(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[list[str]] = []
    due = shop.sweeper._due

    async def noted(rooms: list[str]) -> Any:
        looks.append(rooms)
        return await due(rooms)

    monkeypatch.setattr(shop.sweeper, "_due", noted)

    async def turns(n: int) -> int:
        looks.clear()
        for _ in range(n):
            await shop.sweeper._sweep_here()
        return sum(map(len, looks))

    await turns(1)
    asleep = await turns(3)
    order = await shop.buy("ann", await shop.open())
    with_a_hold = await turns(3)
    await shop.lapse(order)
    await turns(1)
    expired = (await shop.own("ann"))[0].status
    await turns(1)

    assert (asleep, with_a_hold, expired, await turns(3)) == (0, 3, "expired", 0)


async def test_what_another_worker_left_is_found_by_a_lap_and_then_watched(
    shop: Shop, settings: Settings
) -> None:
    other = shop_on(shop.store, settings, shop.id).sweeper
    await shop.buy("ann", await shop.open())
    shop.store.take_marked()  # as if it had run on another worker

    await other._sweep_here()
    before = set(other._pending)
    await other.sweep_all()

    assert (before, other._pending) == (set(), {shop.id})
