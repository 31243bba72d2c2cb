"""Units that come back are offered in the order people queued."""

from server.features.stock.messages import Sale
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.shop import Shop, shop_on


async def held_up(shop: Shop) -> Sale:
    """Three units came back; `big` wants five of them, `bob` behind wants one."""
    sale = await shop.open(stock=5)
    few = await shop.buy("ann", sale, 3)
    await shop.buy("eve", sale, 2)
    assert [await shop.queue("big", sale, 5), await shop.queue("bob", sale, 1)] == [1, 2]
    await shop.cancel(few)
    assert (await shop.sale(sale)).left == 3
    return sale


async def test_returned_units_are_offered_to_the_first_in_the_queue(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    order = await shop.buy("ann", sale)
    assert [await shop.queue(user, sale) for user in ("bob", "cat", "bob")] == [1, 2, 1]
    await shop.cancel(order)
    (offer,) = await shop.own("bob")
    assert (offer.status, offer.offer, offer.hold_until - offer.created) == ("held", True, 30_000)
    assert await shop.own("cat") == []
    assert (await shop.sale(sale)).status == "sold_out"
    assert (await shop.pay(offer)).status == "paid"
    assert await shop.audit() == []


async def test_an_offer_that_lapses_goes_to_the_next(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    order = await shop.buy("ann", sale)
    await shop.queue("bob", sale)
    await shop.queue("cat", sale)
    await shop.cancel(order)
    await shop.lapse((await shop.own("bob"))[0])
    assert await shop.sweeper.sweep([shop.id]) == 1
    assert (await shop.own("cat"))[0].status == "held"


async def test_a_restock_serves_the_queue_before_the_room(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    await shop.buy("ann", sale)
    await shop.queue("bob", sale, 2)
    await shop.queue("cat", sale, 1)
    restocked = await shop.restock(sale, 5)
    assert (restocked.left, restocked.held, restocked.status) == (2, 4, "open")
    assert await shop.queue("dan", sale, 3) == 1
    assert await shop.audit() == []


async def test_a_user_who_wants_more_than_came_back_waits_on(shop: Shop) -> None:
    sale = await shop.open(stock=2)
    first, second = await shop.buy("ann", sale), await shop.buy("eve", sale)
    await shop.queue("bob", sale, 2)
    await shop.cancel(first)
    assert await shop.own("bob") == []
    await shop.cancel(second)
    assert (await shop.own("bob"))[0].lines[0].qty == 2


async def test_a_user_who_may_not_have_more_is_passed_over(shop: Shop) -> None:
    sale = await shop.open(stock=2, per_user=1)
    first, second = await shop.buy("ann", sale), await shop.buy("eve", sale)
    await shop.queue("bob", sale)
    await shop.queue("cat", sale)
    await shop.cancel(first)  # bob's
    await shop.cancel((await shop.own("bob"))[0])  # cat's
    await shop.cancel(second)
    assert (await shop.buy("bob", sale)).status == "held"
    await shop.refused(shop.queue("cat", sale), "limit_reached")
    assert await shop.audit() == []


async def test_a_place_can_be_given_up(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    order = await shop.buy("ann", sale)
    await shop.queue("bob", sale)
    assert await shop.queue("bob", sale, leave=True) == 0
    assert await shop.queue("bob", sale, leave=True) == 0
    await shop.cancel(order)
    assert (await shop.sale(sale)).left == 1


async def test_nobody_queues_for_what_is_there_or_over(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    await shop.refused(shop.queue("bob", sale), "conflict")
    await shop.buy("ann", sale)
    await shop.queue("bob", sale)
    await shop.close(sale)
    await shop.refused(shop.queue("bob", sale), "ended")
    assert await shop.redis.zcard(shop.key("waiting")) == 0


async def test_a_viewer_who_leaves_lets_the_next_have_the_units(shop: Shop) -> None:
    sale = await held_up(shop)
    await shop.queue("big", sale, leave=True)
    assert [order.offer for order in await shop.own("bob")] == [True]
    assert await shop.counters(sale) == (5, 2, 3, 0)
    assert await shop.audit() == []


async def test_a_viewer_who_wants_fewer_now_is_offered_them_and_the_next_the_rest(
    shop: Shop,
) -> None:
    sale = await held_up(shop)
    assert await shop.queue("bob", sale, 1) == 2  # it is not bob's turn, though one is there
    assert await shop.queue("big", sale, 4) == 1
    assert await shop.queue("big", sale, 2) == 0
    assert [len(await shop.own(user)) for user in ("big", "bob")] == [1, 1]
    assert await shop.counters(sale) == (5, 0, 5, 0)
    assert (await shop.sale(sale)).status == "sold_out"
    assert await shop.audit() == []


async def test_the_queue_takes_no_more_than_an_order_can_have(shop: Shop) -> None:
    sale = await shop.open(stock=1, per_user=1000)
    await shop.buy("ann", sale)
    await shop.refused(shop.queue("bob", sale, 101), "limit_reached")
    assert await shop.queue("bob", sale, 100) == 1


async def test_the_queue_makes_no_more_orders_than_a_buyer_may_have(
    store: RoomStore, make_settings: MakeSettings
) -> None:
    limits = {"fair_window_ms": 0, "orders_per_user_max": 2}
    shop = shop_on(store, make_settings(orders=limits), "r2")
    await shop.build()
    tea, cup = await shop.open(stock=1), await shop.open(stock=2, sku="cup")
    order = await shop.buy("ann", tea)
    assert [await shop.queue("bob", tea), await shop.queue("cat", tea)] == [1, 2]
    for _ in range(2):
        await shop.cancel(await shop.buy("bob", cup))
    await shop.cancel(order)  # bob has all his orders: cat's
    assert [len(await shop.own(user)) for user in ("bob", "cat")] == [2, 1]
    await shop.refused(shop.queue("bob", tea), "limit_reached")
    assert await shop.audit() == []


async def test_the_queue_is_no_way_round_the_draw(
    store: RoomStore, make_settings: MakeSettings
) -> None:
    shop = shop_on(store, make_settings(orders={"fair_window_ms": 10_000}), "r2")
    await shop.build()
    sale = await shop.open(stock=1)
    await shop.draw_at(2**42, sale)
    await shop.refused(shop.queue("bob", sale, 2), "conflict")
