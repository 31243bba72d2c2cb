"""What an order says of where it was bought, and buying after the stream has ended."""

from typing import Any

import pytest

from tests.orders.shop import ANY, Shop
from tests.stored import stored


async def end(shop: Shop, *, selling: bool) -> None:
    """End the stream; what is on sale stays on sale if the host lets it."""
    await shop.run("phases.set", phase="ended", user="h")
    await shop.redis.zrem(shop.key("due"), "*:end")
    await sells(shop, selling=selling)


async def sells(shop: Shop, *, selling: bool) -> None:
    await shop.redis.hset(shop.key("room"), "selling", int(selling))


async def test_an_order_of_a_stream_has_no_mark(shop: Shop) -> None:
    order = await shop.buy("ann", await shop.open())
    assert (order.group, order.replay) == (False, False)


async def test_an_order_of_the_fan_group_is_marked_for_ever(shop: Shop) -> None:
    await shop.redis.hset(shop.key("room"), "kind", "group")
    order = await shop.buy("ann", await shop.open())
    assert (order.group, order.replay) == (True, False)
    assert (await shop.pay(order)).group
    assert await shop.audit() == []


async def test_an_ended_room_sells_while_its_host_lets_it(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    live = await shop.buy("ann", sale)
    await end(shop, selling=False)
    await shop.refused(shop.queue("bob", sale), "ended")
    await sells(shop, selling=True)
    assert await shop.queue("bob", sale) == 1
    await shop.cancel(live)
    (offer,) = await shop.own("bob")
    assert (offer.offer, offer.replay, live.replay) == (True, True, False)
    await shop.restock(sale, 1)
    order = await shop.buy("cat", sale)
    assert (order.group, order.replay) == (False, True)
    assert (await shop.pay(order)).replay
    await sells(shop, selling=False)
    await shop.refused(shop.buy("cat", sale), "ended")
    assert await shop.audit() == []


@pytest.mark.parametrize(("phase", "code"), [("scheduled", "not_live"), ("ended", "ended")])
async def test_buying_and_waiting_are_refused_alike(shop: Shop, phase: str, code: str) -> None:
    sale = await shop.open(stock=1)
    await shop.redis.hset(shop.key("room"), "phase", phase)
    await shop.refused(shop.buy("ann", sale), code)
    await shop.refused(shop.queue("bob", sale), code)


@pytest.mark.parametrize("thing", ["open", "give_out"])
async def test_only_who_still_sells_opens_more_after_the_end(shop: Shop, thing: Any) -> None:
    await end(shop, selling=False)
    await shop.refused(getattr(shop, thing)(), "ended")
    await sells(shop, selling=True)
    assert await getattr(shop, thing)()


async def test_coupons_are_given_out_after_the_end_only_while_it_sells(shop: Shop) -> None:
    coupon = await shop.give_out()
    await end(shop, selling=False)
    await shop.refused(shop.claim("ann", coupon), "ended")
    await sells(shop, selling=True)
    assert (await shop.claim("ann", coupon)).order == ""


async def test_a_mark_that_changed_is_found(shop: Shop) -> None:
    order = await shop.buy("ann", await shop.open())
    kept = ANY.decode(stored(await shop.redis.hget(shop.key("orders"), order.order)))
    await shop.redis.hset(shop.key("orders"), order.order, shop.packed(kept | {"group": True}))
    await shop.pay(order)
    assert any("changed what is frozen" in line for line in await shop.audit())
