"""At the start of a sale buys are gathered and served by lot; the lot can be checked."""

import asyncio
import hashlib
from typing import Any

import pytest

from server.features.orders import orders
from server.features.stock.messages import Sale
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.shop import ANY, Shop, shop_on
from tests.stored import entries

LONG = {"fair_window_ms": 10_000}
OVER, NOT_SOON = 1, 2**42  # Unix milliseconds


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    """A draw that a test does not wait for: it says when the window is over."""
    return make_settings(orders=LONG)


class Window:
    """Buys that were entered wait here for the draw."""

    def __init__(self) -> None:
        self.waiting = 0
        self._news = asyncio.Condition()

    async def sleep(self, _: float) -> None:
        async with self._news:
            self.waiting += 1
            self._news.notify_all()
            await self._news.wait_for(lambda: self.waiting == 0)

    async def holds(self, count: int) -> None:
        """Wait until so many buys wait."""
        async with self._news:
            await self._news.wait_for(lambda: self.waiting == count)

    async def ends(self, shop: Shop, *sales: Sale) -> None:
        """The window of these sales is over; who waits asks again."""
        await shop.draw_at(OVER, *sales)
        async with self._news:
            self.waiting = 0
            self._news.notify_all()


@pytest.fixture(autouse=True)
def window(monkeypatch: pytest.MonkeyPatch) -> Window:
    """Buys wait for the end of the window that the test makes, not for the clock."""
    made = Window()
    monkeypatch.setattr(orders, "asyncio", made)
    return made


async def opened(shop: Shop, **sale: Any) -> Sale:
    """A sale whose window stays open until the test ends it."""
    made = await shop.open(**sale)
    await shop.draw_at(NOT_SOON, made)
    return made


def outcomes(*buys: Any) -> asyncio.Task[list[str]]:
    """Buy all at once; what becomes of each."""

    async def found() -> list[str]:
        done: list[Any] = await asyncio.gather(*buys, return_exceptions=True)
        return [o.code if isinstance(o, CommandError) else o.status for o in done]

    return asyncio.create_task(found())


async def draw_event(shop: Shop) -> dict[str, object]:
    events = [ANY.decode(v[b"e"]) for _, v in entries(await shop.redis.xrange(shop.key("events")))]
    return next(e for e in events if e["t"] == "draw")


async def test_buys_at_the_start_are_served_in_the_order_of_the_seed(
    shop: Shop, window: Window
) -> None:
    sale = await opened(shop, stock=3)
    users = [f"u{n}" for n in range(12)]
    buying = outcomes(*(shop.buy(user, sale, key="k") for user in users))
    await window.holds(12)
    await window.ends(shop, sale)
    found = await buying
    assert sorted(found) == ["held"] * 3 + ["sold_out"] * 9

    event = await draw_event(shop)
    seed = str(event["seed"])
    assert event["entries"] == 12
    assert hashlib.sha1(seed.encode()).hexdigest() == sale.draw_hash
    lots = sorted(users, key=lambda user: hashlib.sha1(f"{seed} {user}".encode()).hexdigest())
    winners = {user for user, status in zip(users, found, strict=True) if status == "held"}
    assert winners == set(lots[:3])
    assert await shop.audit() == []


async def test_one_buy_sent_many_times_has_one_lot(shop: Shop, window: Window) -> None:
    sale = await opened(shop, stock=5)
    buying = asyncio.gather(*(shop.buy("ann", sale, key="same") for _ in range(5)))
    await window.holds(5)
    await window.ends(shop, sale)
    assert len({order.order for order in await buying}) == 1
    assert (await draw_event(shop))["entries"] == 1
    assert await shop.counters(sale) == (5, 4, 1, 0)


async def test_many_keys_of_one_buyer_are_one_lot(shop: Shop, window: Window) -> None:
    sale = await opened(shop, stock=8)
    buying = outcomes(
        *(shop.buy("ann", sale, key=f"k{n}") for n in range(36)), shop.buy("bob", sale)
    )
    await window.holds(2)
    await window.ends(shop, sale)
    found = await buying
    assert found[-1] == "held"
    assert sorted(found[:-1]) == ["conflict"] * 35 + ["held"]
    assert (await draw_event(shop))["entries"] == 2
    assert (await shop.buy("ann", sale, key="k35")).status == "held"  # after it, keys are free
    assert await shop.audit() == []


async def test_a_retry_needs_no_room_in_a_full_draw(
    store: RoomStore, make_settings: MakeSettings, window: Window
) -> None:
    shop = shop_on(store, make_settings(orders=LONG | {"draw_entries_max": 2}), "r2")
    await shop.build()
    sale = await opened(shop, stock=8)
    refused = outcomes(
        *(shop.buy(user, sale, key="k") for user in ("ann", "bob", "ann", "ann", "cat")),
        shop.buy("bob", sale, 2, key="k"),
    )
    await window.holds(4)
    await window.ends(shop, sale)
    assert await refused == ["held", "held", "held", "held", "unavailable", "key_reused"]


async def test_a_cart_does_not_overtake_the_draw_of_its_other_sale(
    shop: Shop, window: Window
) -> None:
    tea, cup = await opened(shop, stock=1), await opened(shop, stock=2, sku="cup")
    lost = [
        asyncio.create_task(shop.buy_cart("ann", (cup, 1), (tea, 1))),
        asyncio.create_task(shop.buy("bob", tea)),
    ]
    await window.holds(2)
    for task in lost:
        task.cancel()
    await window.ends(shop, tea, cup)
    await shop.buy("cat", cup)
    assert await shop.own("ann") == []
    assert [order.status for order in await shop.own("bob")] == ["held"]


async def test_a_late_comer_does_not_overtake_the_draw(shop: Shop, window: Window) -> None:
    sale = await opened(shop, stock=1)
    entered = asyncio.create_task(shop.buy("ann", sale))
    await window.holds(1)
    await shop.draw_at(OVER, sale)  # nobody has swept; bob's buy itself draws first
    assert await outcomes(shop.buy("bob", sale)) == ["sold_out"]
    await window.ends(shop)
    assert (await entered).status == "held"


async def test_a_sweeper_draws_for_workers_that_died(shop: Shop, window: Window) -> None:
    sale = await opened(shop, stock=1)
    lost = asyncio.create_task(shop.buy("ann", sale, key="k"))
    await window.holds(1)
    lost.cancel()
    await shop.draw_at(OVER, sale)
    async with shop.sweeper:
        while not await shop.own("ann"):
            await asyncio.sleep(0.02)
    assert (await shop.buy("ann", sale, key="k")).status == "held"


async def test_a_cart_over_two_draws_is_served_whole(shop: Shop, window: Window) -> None:
    tea, cup = await opened(shop, stock=1), await opened(shop, stock=1, sku="cup")
    buying = asyncio.create_task(shop.buy_cart("ann", (tea, 1), (cup, 1)))
    for sale in (tea, cup):
        await window.holds(1)
        await window.ends(shop, sale)
    assert len((await buying).lines) == 2


async def test_a_refusal_does_not_wait_for_the_draw(shop: Shop) -> None:
    sale = await opened(shop, stock=1, per_user=1)
    await shop.refused(shop.buy("ann", sale, 2), "sold_out")
    assert await shop.redis.hlen(shop.key("entries")) == 0


async def test_without_a_window_it_is_first_come_first_served(
    store: RoomStore, make_settings: MakeSettings
) -> None:
    shop = shop_on(store, make_settings(orders={"fair_window_ms": 0}), "r2")
    await shop.build()
    sale = await shop.open(stock=1)
    assert (sale.fair_until, sale.draw_hash) == (0, "")
    assert await outcomes(shop.buy("ann", sale), shop.buy("bob", sale)) == [
        "held",
        "sold_out",
    ]
