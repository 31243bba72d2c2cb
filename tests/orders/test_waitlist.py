"""Units that come back are offered in the order people queued."""

from tests.orders.shop import Shop


async def test_what_comes_back_is_offered_to_whoever_queued_first(shop: Shop) -> None:
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


async def test_who_wants_more_than_came_back_waits_on(shop: Shop) -> None:
    sale = await shop.open(stock=2)
    first, second = await shop.buy("ann", sale), await shop.buy("eve", sale)
    await shop.queue("bob", sale, 2)
    await shop.cancel(first)
    assert await shop.own("bob") == []
    await shop.cancel(second)
    assert (await shop.own("bob"))[0].lines[0].qty == 2


async def test_who_may_not_have_more_is_passed_over(shop: Shop) -> None:
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
