"""A shop on the shared redis-server."""

import pytest
from redis.asyncio import Redis

from server.house import keys_under, store_on
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.shop import Shop, shop_on


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    """First come, first served, unless a test asks for the draw."""
    return make_settings(orders={"fair_window_ms": 0})


@pytest.fixture
def store(redis: Redis, prefix: str) -> RoomStore:
    """The scripts on the shared redis-server; read here, off the event loop."""
    return store_on(redis, keys_under(prefix))


@pytest.fixture
async def shop(store: RoomStore, settings: Settings) -> Shop:
    """A live room with products on the shelf and nothing on sale."""
    shop = shop_on(store, settings)
    await shop.build()
    return shop
