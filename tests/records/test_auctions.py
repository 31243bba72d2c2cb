"""Auctions in the records: audited in Redis and in the snapshot of a room that left."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from server.features.audits.kept_rooms import left_of, read_kept
from server.house import keys_under
from server.records.database import Database
from server.settings import Settings
from server.store.client import connect
from tests.conftest import MakeSettings
from tests.orders.auction_house import AuctionHouse
from tests.orders.shop import ANY
from tests.records.evening import copy_all
from tests.records.test_retirement import retirer_of
from tests.store_clock import store_with_clock
from tests.stored import stored


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    """Nothing waits for a draw."""
    return make_settings(records={"url": records_url}, orders={"fair_window_ms": 0})


@pytest.fixture
async def house(records_settings: Settings, records: Database) -> AsyncIterator[AuctionHouse]:
    """A room in which Ann won and paid, and another auction was cancelled."""
    redis = connect(records_settings.redis.url, records_settings.redis)
    store = store_with_clock(redis, keys_under(records_settings.redis.key_prefix))
    house = AuctionHouse(store, records_settings)
    await house.build()
    auction = await house.auction(reserve=150)
    for user, most in (("ann", 500), ("bob", 300)):
        await house.bid(user, auction, most)
    await house.fall(auction)
    [order] = await house.own("ann")
    await house.pay(order)
    await house.call_off(await house.auction(sku="cup"))
    yield house
    await redis.aclose()


@pytest.mark.parametrize("changed", [False, True])
async def test_a_room_that_left_is_audited_where_it_is(
    house: AuctionHouse, records: Database, records_settings: Settings, changed: bool
) -> None:
    if changed:
        key = house.key("auctions")
        [name, *_] = await house.redis.hkeys(key)
        row = ANY.decode(stored(await house.redis.hget(key, name))) | {"second": 1}
        await house.redis.hset(key, name, msgspec.msgpack.encode(row))
    await copy_all(house.store, records, records_settings)
    here = await read_kept(house.store, records, house.id, None)
    room = house.key("room")
    await house.redis.hset(room, mapping={"phase": "ended", "selling": "0", "ended": "1"})
    outcome = await retirer_of(house.store, records, records_settings).retire(
        house.id, at_once=True
    )
    assert outcome.left, outcome.why

    away = await read_kept(house.store, records, house.id, await left_of(house.store, house.id))

    assert away.away
    for kept in (here, away):
        assert [each.startswith("auction ") for each in kept.audit.differences] == [True] * changed
        assert kept.audit.entries > 10
