"""One buyer's unreadable row costs no other buyer anything, and no unit is lost or made."""

import asyncio

import msgspec
import pytest

from server.features.orders.messages import Order
from server.protocol.codes import CommandError
from tests.orders.shop import ANY, Shop
from tests.stored import stored

GARBAGE = b"\xc1 garbage"


async def test_of_a_cart_with_a_damaged_sale_nothing_comes_back_and_no_half(shop: Shop) -> None:
    tea, cup = await shop.open(stock=5), await shop.open(stock=5, sku="cup")
    order = await shop.buy_cart("ann", (tea, 2), (cup, 2))
    await shop.lapse(order)
    kept = stored(await shop.redis.hget(shop.key("sales"), cup.sale))
    await shop.redis.hset(shop.key("sales"), cup.sale, GARBAGE)
    before = await shop.dump()

    await shop.sweeper.sweep([shop.id])
    with pytest.raises(CommandError):
        await shop.cancel(order)

    after = await shop.dump()
    assert {name for name in after if after[name] != before[name]} == {"holds"}
    await shop.redis.hset(shop.key("sales"), cup.sale, kept)
    await shop.redis.zadd(shop.key("holds"), {order.order: 1})
    assert await shop.sweeper.sweep([shop.id]) == 1
    assert [await shop.counters(sale) for sale in (tea, cup)] == [(5, 5, 0, 0)] * 2
    assert await shop.audit() == []


async def test_a_damaged_claim_keeps_its_order_held_and_whole(shop: Shop) -> None:
    sale, coupon = await shop.open(stock=5), await shop.give_out()
    claim = await shop.claim("ann", coupon)
    order = await shop.buy("ann", sale, claim=claim.claim)
    await shop.redis.hset(shop.key("claims"), claim.claim, GARBAGE)
    before = await shop.dump()

    with pytest.raises(CommandError):
        await shop.cancel(order)

    assert await shop.dump() == before


async def test_a_damaged_place_in_the_queue_is_passed_over(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    sale = await shop.open(stock=1)
    order = await shop.buy("ann", sale)
    for user in ("bob", "cat"):
        await shop.queue(user, sale)
    await shop.redis.hset(shop.key("queued"), f"{sale.sale}/bob", GARBAGE)

    await shop.cancel(order)

    assert [held.status for held in await shop.own("cat")] == ["held"]
    assert await shop.redis.zcard(shop.key("waiting")) == 0
    assert f"place {sale.sale}/bob" in caplog.text
    assert await shop.audit() == []


async def test_a_damaged_entry_does_not_stop_the_draw(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    await shop.draw_at(9_999_999_999_999, sale)
    await shop.redis.hset(shop.key("draws"), sale.sale, "seed")
    await shop.redis.hset(shop.key("entries"), f"{sale.sale}/bob", GARBAGE)
    entry = {
        "user": "ann", "name": "Ann", "once": "3:ann/k", "digest": "d", "order": "o1",
        "lines": [{"sale": sale.sale, "qty": 1}],
    }  # fmt: skip
    await shop.redis.hset(shop.key("entries"), f"{sale.sale}/ann", shop.packed(entry))
    await shop.draw_at(1, sale)

    await shop.sweeper.sweep([shop.id])

    assert [order.order for order in await shop.own("ann")] == ["o1"]
    assert [line["entries"] for line in await shop.ledger() if line["k"] == "draw"] == [1]
    assert await shop.audit() == []


async def test_a_buy_whose_rows_cannot_be_read_is_refused_alone(shop: Shop) -> None:
    sale = await shop.open(stock=9)
    bought = await shop.buy("ann", sale, key="k")
    await shop.redis.hset(shop.key("orders"), bought.order, GARBAGE)

    outcomes = await asyncio.gather(
        shop.buy("bob", sale), shop.buy("ann", sale, key="k"), shop.buy("cat", sale),
        return_exceptions=True,
    )  # fmt: skip

    assert [type(outcome) for outcome in outcomes] == [Order, CommandError, Order]
    assert getattr(outcomes[1], "code", "") == "internal"


async def test_lists_of_orders_leave_out_what_cannot_be_read_and_the_audit_says_so(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    sale = await shop.open(stock=9)
    bad, good = await shop.buy("ann", sale), await shop.buy("bob", sale)
    raw = ANY.decode(stored(await shop.redis.hget(shop.key("orders"), bad.order)))
    for value in (GARBAGE, msgspec.msgpack.encode(raw | {"total": "much"})):
        await shop.redis.hset(shop.key("orders"), bad.order, value)
        changed, _, _ = await shop.book.changed(shop.id, 0, 100)
        listed = [order async for page in shop.book.orders(shop.id) for order, _ in page]

        assert [o.order for o in changed] == [o.order for o in listed] == [good.order]
        assert [o.order for o in (await shop.orders.orders_of(shop.id, ["ann", "bob"]))["bob"]] == [
            good.order
        ]
        assert any(bad.order in line for line in await shop.audit())
    assert f"order {bad.order}" in caplog.text
