"""A user's orders and a host's books are read from the records, whether or not rooms left Redis."""

from collections.abc import AsyncIterator

import pytest

from server.features import all_facts
from server.features.figures.goods import Goods
from server.features.me.own_orders import OwnOrders
from server.features.me.tie_book import TieBook
from server.features.orders.orders import Orders
from server.features.purchases.customers import Customers
from server.features.purchases.purchases import Purchases
from server.features.ties.ties import Ties
from server.house import keys_under, store_on
from server.records.database import Database
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.records.evening import copy_all, shop_in
from tests.records.test_retirement import content, retirer_of


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


async def test_nobody_who_looks_brings_a_retired_room_back(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    shop = await shop_in(store, records_settings, "r1")
    order = await shop.pay(await shop.buy("ann", await shop.open(10), 2))
    await shop.run("phases.set", phase="ended", user="h", selling=False)
    await copy_all(store, records, records_settings)
    own = OwnOrders(store, records, Purchases(store, records), Orders(store, records_settings))
    goods = Goods(records, all_facts())
    customers = Customers(store, records)

    async def seen() -> list[object]:
        return [
            await own.page("ann", "", 10, rooms=None, groups=["fans:h"]),
            await TieBook(store, Ties(records)).of_user("ann"),
            await goods.of_host("h"),
            await customers.page("h", "", 10),
        ]

    before = await seen()
    outcome = await retirer_of(store, records, records_settings).retire("r1", at_once=True)
    assert outcome.left, outcome

    assert await seen() == before
    assert [each.order for each in before[0].orders] == [order]  # type: ignore[attr-defined]
    left = await content(store, "r1")
    assert {name for name in left if not name.endswith("ends")} == {"room"}
