"""Claims in orders: each used in one at most, given back with it, and kept through a draw."""

import asyncio
from typing import Any

import pytest

from server.features.orders.messages import Order
from server.features.stock.messages import Sale
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.claiming import claimed, codes, told
from tests.orders.shop import ANY, PRICE, Shop, shop_on
from tests.stored import stored


async def test_a_claim_takes_its_amount_off_once(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    order = await shop.buy("ann", sale, 2, claim=claim)
    assert (order.total, order.off) == (2 * PRICE - 500, 500)
    assert (order.claim, order.coupon) == (claim, coupon.coupon)
    await shop.refused(shop.buy("ann", sale, claim=claim), "conflict")
    paid = await shop.pay(order)
    assert (await shop.claims("ann"))[0].order == paid.order
    assert [it["order"] for it in await told(shop, "ann")] == ["", order.order]
    assert (await shop.coupon(coupon)).used == 1
    stats = await shop.stats()
    assert (stats["off:paid:CNY"], stats["charged:CNY"]) == (500, 2 * PRICE - 500)
    assert (await shop.book.stats(shop.id)).money["CNY"].off == {"held": 0, "paid": 500}
    assert await shop.audit() == []


async def test_a_percent_is_rounded_down_to_a_whole_minor_unit(shop: Shop) -> None:
    sale, _, claim = await claimed(shop, percent=33)
    order = await shop.buy("ann", sale, claim=claim)
    assert (PRICE * 33, order.off) == (65_670, 656)


async def test_a_percent_of_a_great_sum_loses_no_digit(shop: Shop) -> None:
    coupon = await shop.give_out(percent=99)
    sale = await shop.open(price=99_999_999_999, stock=100)
    claim = (await shop.claim("ann", coupon)).claim
    order = await shop.buy("ann", sale, 100, claim=claim)
    assert order.off == 100 * 99_999_999_999 * 99 // 100
    assert await shop.audit() == []


async def test_a_coupon_for_some_products_looks_at_their_lines_alone(shop: Shop) -> None:
    tea, cup = await shop.open(), await shop.open(sku="cup", price=400)
    half = await shop.give_out(percent=50, skus=["cup"])
    claim = (await shop.claim("ann", half)).claim
    await shop.refused(shop.buy("ann", tea, claim=claim), "conflict")
    order = await shop.buy_cart("ann", (tea, 1), (cup, 2), claim=claim)
    assert (order.off, order.total) == (400, PRICE + 400)
    floor = await shop.give_out(skus=["cup"])
    claim = (await shop.claim("ann", floor)).claim
    refusal = await shop.refused(
        shop.buy_cart("ann", (tea, 1), (cup, 2), key="c2", claim=claim), "conflict"
    )
    assert "800" in refusal.msg
    assert (await shop.buy("ann", cup, 3, claim=claim)).total == 1200 - 500
    assert await shop.audit() == []


async def test_a_claim_that_does_not_hold_is_refused_and_stays_free(shop: Shop) -> None:
    sale, _, claim = await claimed(shop)
    await shop.refused(shop.buy("bob", sale, claim=claim), "not_found")
    await shop.refused(shop.buy("ann", sale, claim="none"), "not_found")
    wine, cheap = await shop.open(sku="wine"), await shop.open(sku="cup", price=1)
    await shop.refused(shop.buy("ann", wine, claim=claim), "conflict")
    await shop.refused(shop.buy("ann", cheap, claim=claim), "conflict")
    await shop.refused(shop.buy("ann", sale, 11, claim=claim), "sold_out")
    little = await shop.claim("ann", await shop.give_out(percent=1))
    await shop.refused(shop.buy("ann", cheap, claim=little.claim), "conflict")
    assert [it.order for it in await shop.claims("ann")] == ["", ""]
    assert (await shop.buy("ann", sale, claim=claim)).off == 500


async def test_a_claim_can_be_used_until_the_coupon_ends_though_it_was_closed(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop, per_user=2)
    second = (await shop.claim("ann", coupon)).claim
    await shop.stop_giving(coupon)
    assert (await shop.buy("ann", sale, claim=claim)).off == 500
    await shop.ends_now(coupon)
    await shop.refused(shop.buy("ann", sale, claim=second), "ended")


async def test_the_same_key_with_another_claim_is_another_buy(shop: Shop) -> None:
    sale, _, claim = await claimed(shop)
    order = await shop.buy("ann", sale, key="k", claim=claim)
    assert await shop.buy("ann", sale, key="k", claim=claim) == order
    await shop.refused(shop.buy("ann", sale, key="k"), "key_reused")
    plain = await shop.buy("ann", sale, key="k2")
    await shop.refused(shop.buy("ann", sale, key="k2", claim=claim), "key_reused")
    assert (plain.off, plain.claim) == (0, "")


async def test_of_many_buys_with_one_claim_one_gets_it(
    shop: Shop, store: RoomStore, settings: Settings
) -> None:
    sale, coupon, claim = await claimed(shop)
    other = shop_on(store, settings)
    buys = [
        worker.buy("ann", sale, key=f"{n}-{name}", claim=claim)
        for n in range(10)
        for name, worker in (("a", shop), ("b", other))
    ]
    assert await codes(*buys) == ["conflict"] * 19 + ["ok"]
    assert (await shop.coupon(coupon)).used == 1
    assert await shop.audit() == []


async def test_cancelling_and_expiry_give_the_claim_back(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    cancelled = await shop.cancel(await shop.buy("ann", sale, claim=claim))
    assert cancelled.off == 500
    order = await shop.buy("ann", sale, claim=claim)
    await shop.lapse(order)
    await shop.sweeper.sweep([shop.id])
    assert (await shop.claims("ann"))[0].order == ""
    assert [bool(it["order"]) for it in await told(shop, "ann")] == [False, True] * 2 + [False]
    assert (await shop.coupon(coupon)).used == 0
    assert (await shop.buy("ann", sale, claim=claim)).off == 500


async def test_an_order_that_is_taken_back_has_used_its_claim_up(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    returned = await shop.take_back(await shop.pay(await shop.buy("ann", sale, claim=claim)))
    assert (await shop.claims("ann"))[0].order == returned.order
    await shop.refused(shop.buy("ann", sale, claim=claim), "conflict")
    assert (await shop.coupon(coupon)).used == 1
    assert (await shop.stats())["off:returned:CNY"] == 500
    assert await shop.audit() == []


async def expired(shop: Shop, sale: Sale, claim: str) -> Order:
    order = await shop.buy("ann", sale, claim=claim)
    await shop.lapse(order)
    await shop.sweeper.sweep([shop.id])
    return order


async def test_a_late_payment_takes_a_free_claim_again(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    late = await shop.charge(await expired(shop, sale, claim), "p1")
    assert (late.status, late.off) == ("paid", 500)
    assert (await shop.claims("ann"))[0].order == late.order
    assert (await shop.coupon(coupon)).used == 1
    await shop.refused(shop.buy("ann", sale, claim=claim), "conflict")


async def test_a_late_payment_is_due_back_when_the_claim_is_used_elsewhere(shop: Shop) -> None:
    sale, _, claim = await claimed(shop)
    late = await expired(shop, sale, claim)
    second = await shop.buy("ann", sale, claim=claim)
    assert (await shop.charge(late, "p1")).status == "refund_due"
    assert (await shop.claims("ann"))[0].order == second.order
    assert (await shop.pay(second)).off == 500


async def test_a_late_payment_is_due_back_when_the_coupon_is_over(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    late = await expired(shop, sale, claim)
    await shop.ends_now(coupon)
    assert (await shop.charge(late, "p1")).status == "refund_due"
    assert (await shop.claims("ann"))[0].order == ""


@pytest.fixture
async def fair(store: RoomStore, make_settings: MakeSettings) -> Shop:
    """A shop whose sales begin with a draw that nobody makes before `make_due`."""
    shop = shop_on(store, make_settings(orders={"fair_window_ms": 10_000}), "fair")
    await shop.build()
    return shop


async def gathered(shop: Shop, *buys: Any) -> None:
    """Hand buys in until all are in their draws; then their buyers hang up."""
    tasks = [asyncio.create_task(buy) for buy in buys]
    while await shop.redis.hlen(shop.key("entries")) < len(tasks):
        await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def make_due(shop: Shop, *sales: Sale) -> None:
    """Move the end of the windows into the past and have the draws made."""
    for sale in sales:
        raw = ANY.decode(stored(await shop.redis.hget(shop.key("sales"), sale.sale)))
        over = raw | {"fair_until": 1}
        await shop.redis.hset(shop.key("sales"), sale.sale, shop.packed(over))
        await shop.redis.zadd(shop.key("due"), {f"{sale.sale}:draw": 1})
    await shop.sweeper.sweep([shop.id])


async def test_a_buy_keeps_its_claim_through_the_draw(fair: Shop) -> None:
    sale, _, claim = await claimed(fair)
    await gathered(fair, fair.buy("ann", sale, key="k", claim=claim))
    assert (await fair.claims("ann"))[0].order == ""
    await make_due(fair, sale)
    (order,) = await fair.own("ann")
    assert (order.claim, order.off) == (claim, 500)
    assert await fair.buy("ann", sale, key="k", claim=claim) == order
    assert await fair.audit() == []


async def test_a_claim_that_no_longer_holds_at_the_draw_is_refused(fair: Shop) -> None:
    sale, coupon, claim = await claimed(fair)
    await gathered(fair, fair.buy("ann", sale, key="k", claim=claim))
    await fair.ends_now(coupon)
    await make_due(fair, sale)
    assert await fair.own("ann") == []
    await fair.refused(fair.buy("ann", sale, key="k", claim=claim), "ended")


async def test_of_two_draws_with_one_claim_one_gets_it(fair: Shop) -> None:
    tea, coupon, claim = await claimed(fair)
    cup = await fair.open(sku="cup")
    await gathered(
        fair,
        fair.buy("ann", tea, key="tea", claim=claim),
        fair.buy("ann", cup, key="cup", claim=claim),
    )
    await make_due(fair, tea, cup)
    assert [order.claim for order in await fair.own("ann")] == [claim]
    assert (await fair.coupon(coupon)).used == 1
    again = (
        fair.buy("ann", tea, key="tea", claim=claim),
        fair.buy("ann", cup, key="cup", claim=claim),
    )
    assert await codes(*again) == ["conflict", "ok"]
    assert await fair.audit() == []


async def test_an_offer_to_the_waiting_list_uses_no_claim(shop: Shop) -> None:
    coupon, sale = await shop.give_out(), await shop.open(stock=1)
    first = await shop.buy("bob", sale, claim=(await shop.claim("bob", coupon)).claim)
    await shop.claim("ann", coupon)
    await shop.queue("ann", sale)
    await shop.cancel(first)
    (offer,) = await shop.own("ann")
    assert (offer.offer, offer.off, offer.total) == (True, 0, PRICE)
    assert (await shop.coupon(coupon)).used == 0
    assert await shop.audit() == []
