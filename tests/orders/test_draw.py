"""At the start of a sale buys are gathered and served by lot; the lot can be checked."""

import asyncio
import hashlib

import pytest

from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.scripts import Scripts
from tests.conftest import MakeSettings
from tests.orders.shop import ANY, Shop, shop_on


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    """A draw in the first half second."""
    return make_settings(orders={"fair_window_ms": 500})


async def outcomes(shop: Shop, *buys: object) -> list[str]:
    found = await asyncio.gather(*buys, return_exceptions=True)  # type: ignore[call-overload]
    return [o.code if isinstance(o, CommandError) else o.status for o in found]


async def draw_event(shop: Shop) -> dict[str, object]:
    events = [ANY.decode(v[b"e"]) for _, v in await shop.redis.xrange(shop.key("events"))]
    return next(e for e in events if e["t"] == "draw")


async def now_ms(shop: Shop) -> int:
    seconds, microseconds = await shop.redis.time()
    return int(seconds * 1000 + microseconds // 1000)


async def test_buys_at_the_start_are_served_in_the_order_of_the_seed(shop: Shop) -> None:
    sale = await shop.open(stock=3)
    users = [f"u{n}" for n in range(12)]
    found = await outcomes(shop, *(shop.buy(user, sale, key="k") for user in users))
    assert sorted(found) == ["held"] * 3 + ["sold_out"] * 9

    event = await draw_event(shop)
    seed = str(event["seed"])
    assert event["entries"] == 12
    assert hashlib.sha1(seed.encode()).hexdigest() == sale.draw_hash
    lots = sorted(users, key=lambda user: hashlib.sha1(f"{seed} {user}".encode()).hexdigest())
    winners = {user for user, status in zip(users, found, strict=True) if status == "held"}
    assert winners == set(lots[:3])
    assert await shop.audit() == []


async def test_one_buy_sent_many_times_has_one_lot(shop: Shop) -> None:
    sale = await shop.open(stock=5)
    orders = await asyncio.gather(*(shop.buy("ann", sale, key="same") for _ in range(5)))
    assert len({order.order for order in orders}) == 1
    assert (await draw_event(shop))["entries"] == 1
    assert await shop.counters(sale) == (5, 4, 1, 0)


async def test_many_keys_of_one_buyer_are_one_lot(shop: Shop) -> None:
    sale = await shop.open(stock=8)
    found = await outcomes(
        shop, *(shop.buy("ann", sale, key=f"k{n}") for n in range(36)), shop.buy("bob", sale)
    )
    assert found[-1] == "held"
    assert sorted(found[:-1]) == ["conflict"] * 35 + ["held"]
    assert (await draw_event(shop))["entries"] == 2
    assert (await shop.buy("ann", sale, key="k35")).status == "held"  # after it, keys are free
    assert await shop.audit() == []


async def test_a_retry_needs_no_room_in_a_full_draw(
    scripts: Scripts, make_settings: MakeSettings
) -> None:
    limits = {"fair_window_ms": 500, "draw_entries_max": 2}
    shop = shop_on(scripts, make_settings(orders=limits), "r2")
    await shop.build()
    sale = await shop.open(stock=8)
    found = await outcomes(
        shop,
        *(shop.buy(user, sale, key="k") for user in ("ann", "bob", "ann", "ann", "cat")),
        shop.buy("bob", sale, 2, key="k"),
    )
    assert found == ["held", "held", "held", "held", "unavailable", "key_reused"]


async def test_a_cart_does_not_overtake_the_draw_of_its_other_sale(shop: Shop) -> None:
    tea, cup = await shop.open(stock=1), await shop.open(stock=2, sku="cup")
    lost = [
        asyncio.create_task(shop.buy_cart("ann", (cup, 1), (tea, 1))),
        asyncio.create_task(shop.buy("bob", tea)),
    ]
    while await shop.redis.hlen(shop.key("entries")) < 2:
        await asyncio.sleep(0.01)
    for task in lost:
        task.cancel()
    while await now_ms(shop) < cup.fair_until:
        await asyncio.sleep(0.02)
    await shop.buy("cat", cup)
    assert await shop.own("ann") == []
    assert [order.status for order in await shop.own("bob")] == ["held"]


async def test_a_late_comer_does_not_overtake_the_draw(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    entered = asyncio.create_task(shop.buy("ann", sale))
    while not await shop.redis.hlen(shop.key("entries")):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.55)  # nobody has swept; bob's buy itself draws first
    assert await outcomes(shop, shop.buy("bob", sale)) == ["sold_out"]
    assert (await entered).status == "held"


async def test_a_sweeper_draws_for_workers_that_died(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    lost = asyncio.create_task(shop.buy("ann", sale, key="k"))
    while not await shop.redis.hlen(shop.key("entries")):
        await asyncio.sleep(0.01)
    lost.cancel()
    async with shop.sweeper, asyncio.timeout(10):
        while not await shop.own("ann"):
            await asyncio.sleep(0.02)
    assert (await shop.buy("ann", sale, key="k")).status == "held"


async def test_a_cart_over_two_draws_is_served_whole(shop: Shop) -> None:
    tea, cup = await shop.open(stock=1), await shop.open(stock=1, sku="cup")
    cart = await shop.buy_cart("ann", (tea, 1), (cup, 1))
    assert len(cart.lines) == 2


async def test_a_refusal_does_not_wait_for_the_draw(shop: Shop) -> None:
    sale = await shop.open(stock=1, per_user=1)
    await shop.refused(shop.buy("ann", sale, 2), "sold_out")
    assert await shop.redis.hlen(shop.key("entries")) == 0


async def test_without_a_window_it_is_first_come_first_served(
    scripts: Scripts, make_settings: MakeSettings
) -> None:
    shop = shop_on(scripts, make_settings(orders={"fair_window_ms": 0}), "r2")
    await shop.build()
    sale = await shop.open(stock=1)
    assert (sale.fair_until, sale.draw_hash) == (0, "")
    assert await outcomes(shop, shop.buy("ann", sale), shop.buy("bob", sale)) == [
        "held",
        "sold_out",
    ]
