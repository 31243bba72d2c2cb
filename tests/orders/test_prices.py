"""What stands struck through beside a price is the lowest of 30 days before, whatever happened."""

import itertools
from typing import Any, NamedTuple, cast

from hypothesis import given
from hypothesis import strategies as st

from server.features.sales.price_history import WINDOW_MS, PriceHistory
from server.features.sales.sales import Sales
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.orders.shop import ANY, Shop, shop_on
from tests.stored import stored

ROOMS = itertools.count(2)
DAY_MS = 86_400_000
prices = st.integers(1, 6)


class Offered(NamedTuple):
    """A price of the past: so many days ago it began, and ended (0: it still holds)."""

    price: int
    from_days: int
    till_days: int
    currency: str


past = st.builds(
    lambda price, begin, lasted, currency: Offered(price, begin, max(0, begin - lasted), currency),
    prices, st.integers(1, 70), st.integers(1, 70), st.sampled_from(("CNY", "CNY", "EUR")),
)  # fmt: skip


class Elsewhere:
    """The prices of the host's other rooms; None: the records are away."""

    def __init__(self, found: dict[str, int] | None) -> None:
        self.found = found

    async def lowest(self, _room: str, sku: str) -> dict[str, int] | None:
        return self.found if sku == "tea" else {}


async def new_shop(store: RoomStore, settings: Settings, **elsewhere: Any) -> Shop:
    shop = shop_on(store, settings, f"r{next(ROOMS)}")
    await shop.build()
    if elsewhere:
        history = cast("PriceHistory", Elsewhere(elsewhere["found"]))
        shop.sales = Sales(store, settings, prices=history)
    return shop


@given(
    offered=st.lists(past, max_size=5),
    price=prices,
    found=st.none() | st.dictionaries(st.sampled_from(("CNY", "EUR")), prices),
)
async def test_a_lower_price_stands_beside_the_lowest_of_thirty_days(
    store: RoomStore, settings: Settings, offered: list[Offered], price: int,
    found: dict[str, int] | None,
) -> None:  # fmt: skip
    shop = await new_shop(store, settings, found=found)
    now = await shop.now_ms()
    rows: list[dict[str, Any]] = [
        {
            "sale": f"x{n}", "price": each.price, "currency": each.currency,
            "from": now - each.from_days * DAY_MS,
            "till": now - each.till_days * DAY_MS if each.till_days else 0,
        }
        for n, each in enumerate(offered)
    ]  # fmt: skip
    await shop.redis.hset(shop.key("prices"), "tea", shop.packed(rows))

    sale = await shop.open(price=price)

    counting = [
        row["price"]
        for row in rows
        if row["currency"] == "CNY" and (row["till"] == 0 or row["till"] > now - WINDOW_MS)
    ]
    lowest = min([*counting, *([found["CNY"]] if found and "CNY" in found else [])], default=0)
    assert sale.was == (lowest if found is not None and lowest > price else 0)
    line = next(line for line in await shop.ledger() if line.get("what") == "opened")
    assert line.get("prior", 0) == sale.was


@given(changes=st.lists(prices, min_size=1, max_size=12))
async def test_a_price_that_changes_often_leaves_a_short_and_true_list(
    store: RoomStore, settings: Settings, changes: list[int]
) -> None:
    """What was offered for less than a millisecond was offered to nobody."""
    shop = await new_shop(store, settings)
    sale = await shop.open_standing(price=3)
    for price in changes:
        await shop.price(sale, price)

    told = [line for line in await shop.ledger() if line.get("what") in ("opened", "priced")]
    spans = [
        (line["price"], line["starts"], after["at"])
        for line, after in itertools.pairwise(told)
        if line["starts"] < after["at"]
    ]
    for line in told[1:]:
        lowest = min((p for p, _, till in spans if till <= line["at"]), default=0)
        assert line.get("prior", 0) == (lowest if lowest > line["price"] else 0)
    kept = ANY.decode(stored(await shop.redis.hget(shop.key("prices"), "tea")))
    assert len(kept) <= 7  # one open, and of those that ended no two as low


async def test_a_sale_to_come_is_compared_with_no_more_than_what_holds_by_then(shop: Shop) -> None:
    standing = await shop.open_standing(price=10)
    now = await shop.now_ms()
    later = await shop.open(price=5, starts_at=now + DAY_MS)
    assert later.was == 10

    await shop.price(standing, 7)
    assert (await shop.sale(later)).was == 7
    await shop.price(standing, 5)
    assert (await shop.sale(later)).was == 0


async def test_a_price_in_a_room_that_comes_back_knows_what_other_rooms_asked(
    store: RoomStore, settings: Settings
) -> None:
    shop = await new_shop(store, settings, found={"CNY": 7})
    standing = await shop.open_standing(price=9)
    sales, away = shop.key("sales"), f"{shop.key('sales')}:away"
    await shop.redis.rename(sales, away)
    await shop.redis.hset(shop.key("room"), "left", "1")

    async def comes_back(_room: str) -> None:
        await shop.redis.hdel(shop.key("room"), "left")
        await shop.redis.rename(away, sales)

    store.restore = comes_back

    assert (await shop.price(standing, 5)).was == 7


async def test_what_never_began_was_never_offered(shop: Shop) -> None:
    now = await shop.now_ms()
    never = await shop.open(price=1, starts_at=now + DAY_MS)
    await shop.close(never)
    await shop.open_standing(price=10)
    assert (await shop.open(price=5)).was == 10
