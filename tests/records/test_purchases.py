"""Orders over all rooms: each as the room has it, and sums as the room's own books have them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select

from server.features.archive.folding import Folding
from server.features.archive.rebuilding import rebuild
from server.features.archive.tables import ROOMS
from server.features.orders.messages import Order
from server.features.purchases.customers import Customers
from server.features.purchases.host_figures import HostBook
from server.features.purchases.projection import PurchaseProjection
from server.features.purchases.purchases import Purchases
from server.features.purchases.revenue import Revenue
from server.features.purchases.tables import LINES, PURCHASES
from server.house import keys_under, store_on
from server.records.database import Database
from server.records.projection import RoomHead
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.shop import Shop
from tests.records.evening import copy_all, shop_in

MS_MAX = 10**14


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    """Nothing waits for a draw."""
    return make_settings(records={"url": records_url}, orders={"fair_window_ms": 0})


@pytest.fixture
async def store(records_settings: Settings) -> AsyncIterator[RoomStore]:
    """The rooms of this test."""
    redis = connect(records_settings.redis.url, records_settings.redis)
    yield store_on(redis, keys_under(records_settings.redis.key_prefix))
    await redis.aclose()


@pytest.fixture
def purchases(store: RoomStore, records: Database) -> Purchases:
    return Purchases(store, records)


async def trade(shop: Shop) -> list[Order]:
    """Everything that can become of an order, of ann, ben and cai; the orders as they are now."""
    tea, wine = await shop.open(100), await shop.open(100, sku="wine", price=5000)
    coupon = await shop.give_out()
    claim = await shop.claim("ann", coupon)
    paid = await shop.pay(await shop.buy("ann", tea, 2, claim=claim.claim))
    assert paid.off > 0
    back = await shop.pay(await shop.buy("ann", tea, 3))
    await shop.take_back(back)
    await shop.pay(await shop.buy("ben", wine, 1))
    await shop.cancel(await shop.buy("ben", tea, 1))
    lapsed = await shop.buy("cai", tea, 1)
    await shop.lapse(lapsed)
    await shop.sweeper.sweep([shop.id])
    await shop.buy("cai", wine, 4)
    return [order for user in ("ann", "ben", "cai") for order in await shop.own(user)]


async def test_orders_of_a_user_are_as_their_rooms_have_them(
    store: RoomStore, records: Database, records_settings: Settings, purchases: Purchases
) -> None:
    expected = []
    for room in ("r1", "r2", "r3"):
        shop = await shop_in(store, records_settings, room)
        expected += [order for order in await trade(shop) if order.user == "ann"]
        await copy_all(store, records, records_settings)

    found, cursor = [], ""
    while True:
        page = await purchases.of_user("ann", cursor, 2)
        found += page.orders
        if page.next is None:
            break
        cursor = page.next

    assert [each.order for each in found] == sorted(
        expected, key=lambda order: (order.created, order.order), reverse=True
    )
    assert {each.title for each in found} == {"T"}
    assert {bool(each.paid) for each in found} == {True}  # also of what was returned
    only = await purchases.of_user("ann", "", 100, ["r2"])
    assert {each.order.room for each in only.orders} == {"r2"}
    assert await purchases.count_of("ann") == len(expected)


async def test_a_change_moves_an_order_to_the_end_and_none_is_missed(
    store: RoomStore, records: Database, records_settings: Settings, purchases: Purchases
) -> None:
    shop = await shop_in(store, records_settings, "r1")
    tea = await shop.open(100)
    first, second = await shop.buy("ann", tea), await shop.buy("ben", tea)
    await copy_all(store, records, records_settings)
    one = await purchases.changed(0, 1)
    assert [each.order.order for each in one.orders] == [first.order]
    assert one.next == one.at

    await shop.pay(first)
    await copy_all(store, records, records_settings)

    rest = await purchases.changed(one.at, 10)
    assert [each.order.order for each in rest.orders] == [second.order, first.order]
    assert [each.order.status for each in rest.orders] == ["held", "paid"]
    assert rest.next is None
    assert (await purchases.changed(rest.at, 10)).at == rest.at


async def test_places_follow_the_order_in_which_transactions_are_stored(
    store: RoomStore, records: Database, records_settings: Settings, purchases: Purchases
) -> None:
    """A reader that looks while two rooms are copied at once must not pass by a smaller place."""
    for room in ("r1", "r2"):
        shop = await shop_in(store, records_settings, room)
        await shop.buy("ann", await shop.open(10))
    await copy_all(store, records, records_settings)
    projection = PurchaseProjection()
    async with records.reading() as connection:
        heads = [RoomHead(*row) for row in await connection.execute(select(ROOMS))]
    slow_has_its_places, fast_may_end = asyncio.Event(), asyncio.Event()

    async def fold(head: RoomHead, slow: bool) -> None:
        async with records.writing() as connection:
            await projection.clear(connection, head.life)
            await Folding().again(connection, projection, head)
            if slow:
                slow_has_its_places.set()
                await fast_may_end.wait()

    before = (await purchases.changed(0, 10)).at
    async with asyncio.TaskGroup() as group:
        group.create_task(fold(heads[0], slow=True))
        await slow_has_its_places.wait()
        fast = group.create_task(fold(heads[1], slow=False))
        await asyncio.wait([fast], timeout=0.2)  # it can't give places before the slow one is done
        seen = await purchases.changed(before, 10)
        assert seen.orders == []
        fast_may_end.set()
    later = await purchases.changed(seen.at, 10)
    assert {each.order.room for each in later.orders} == {"r1", "r2"}


async def test_sums_are_those_of_the_rooms_own_books(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    gross: Counter[str] = Counter()
    returned: Counter[str] = Counter()
    off: Counter[str] = Counter()
    for room in ("r1", "r2"):
        shop = await shop_in(store, records_settings, room)
        for order in await trade(shop):
            if order.status in ("paid", "returned"):
                gross[order.currency] += order.total
                off[order.currency] += order.off
            if order.status == "returned":
                returned[order.currency] += order.total
        await copy_all(store, records, records_settings)

    figures = await HostBook(records).figures_of("h")
    assert figures.gmv_gross == gross
    assert figures.gmv_returned == {currency: returned[currency] for currency in gross}
    assert (figures.customers, figures.repeat_customers) == (2, 2)
    assert (figures.orders, figures.return_rate) == (6, 2 / 6)
    assert figures.lifetime_value == {
        "CNY": gross["CNY"] - returned["CNY"],
        "EUR": float(gross["EUR"]),
    }
    for rows in (
        await Revenue(records).of_host("h", 0, MS_MAX),
        await Revenue(records).of_all(0, MS_MAX, 100),
    ):
        assert {row.currency: row.gross for row in rows} == gross
        assert {row.currency: row.off for row in rows} == off
        assert sum(row.orders for row in rows) == 6
        assert {row.net for row in rows} == {gross[each] - returned[each] for each in gross}
    assert await Revenue(records).of_host("nobody", 0, MS_MAX) == []


async def test_customers_are_users_who_paid_the_last_to_buy_first(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    for room in ("r1", "r2"):
        await trade(await shop_in(store, records_settings, room))
    await store.redis.hset(store.keys.host("h", "fans"), mapping={"ann": 1, "ben": 1})
    await store.redis.hset(store.keys.host("h", "followers"), "ben", 1)
    await copy_all(store, records, records_settings)
    customers = Customers(store, records)

    first = await customers.page("h", "", 1)
    assert first.next
    second = await customers.page("h", first.next, 1)
    assert second.next is None
    [ben], [ann] = first.customers, second.customers
    assert (ben.user, ben.orders, ben.returned_orders, ben.spent) == ("ben", 2, 0, {"EUR": 10_000})
    assert (ann.user, ann.name, ann.orders, ann.returned_orders) == ("ann", "ann name", 4, 2)
    assert (ann.follows, ann.fan, ann.member) == (False, True, False)
    assert ben.follows
    assert ann.first < ann.last

    rows = [line async for line in customers.csv("h")]
    assert "ben,ben name,2,0,2" in "".join(rows)


async def test_practice_counts_for_nothing(
    store: RoomStore, records: Database, records_settings: Settings, purchases: Purchases
) -> None:
    shop = await shop_in(store, records_settings, "r1")
    await store.redis.hset(shop.key("room"), "practice", 1)
    await shop.pay(await shop.buy("ann", await shop.open(10)))
    await copy_all(store, records, records_settings)

    [own] = (await purchases.of_user("ann", "", 10)).orders
    assert own.practice
    assert (await HostBook(records).figures_of("h")).orders == 0
    assert (await Customers(store, records).page("h", "", 10)).customers == []
    assert await Revenue(records).of_all(0, MS_MAX, 10) == []


async def test_folded_again_everything_is_the_same_but_the_places(
    store: RoomStore, records: Database, records_settings: Settings, purchases: Purchases
) -> None:
    for room in ("r1", "r2"):
        await trade(await shop_in(store, records_settings, room))
    await copy_all(store, records, records_settings)

    async def all_there_is() -> list[object]:
        columns = [column for column in PURCHASES.columns if column.name != "place"]
        async with records.reading() as connection:
            rows = (await connection.execute(select(*columns).order_by(*columns[:2]))).all()
            lines = (await connection.execute(select(LINES).order_by(*LINES.columns[:3]))).all()
        figures = await HostBook(records).figures_of("h")
        return [rows, lines, figures, await Revenue(records).of_all(0, MS_MAX, 10)]

    async with records.reading() as connection:
        back = await connection.scalar(select(func.sum(LINES.c.returned)))
    assert back == 3 * 2  # ann's tea, in two rooms
    before, at = await all_there_is(), (await purchases.changed(0, 100)).at
    await rebuild(records, [PurchaseProjection()])
    assert await all_there_is() == before
    assert {each.order.room for each in (await purchases.changed(at, 100)).orders} == {"r1", "r2"}
