"""A market to search in, on both engines."""

from collections.abc import AsyncIterator

import pytest

from server.features.search.searching import Search
from server.features.search.settings import SearchSettings
from server.house import keys_under, store_on
from server.records.database import Database
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from tests.records.conftest import (
    postgres,
    postgres_with_tables,
    records,
    records_settings,
    records_url,
)
from tests.search.catalogue import STALLS
from tests.search.market import Market

__all__ = [
    "postgres",
    "postgres_with_tables",
    "records",
    "records_settings",
    "records_url",
]


@pytest.fixture
async def store(records_settings: Settings) -> AsyncIterator[RoomStore]:
    """The rooms in Redis; empty, so that the records' word counts unless a test puts one there."""
    redis = connect(records_settings.redis.url, records_settings.redis)
    yield store_on(redis, keys_under(records_settings.redis.key_prefix))
    await redis.aclose()


@pytest.fixture
def search(store: RoomStore, records: Database, records_settings: Settings) -> Search:
    """The search over these records."""
    return Search(store, records, records_settings.section(SearchSettings))


@pytest.fixture
def market(records: Database, search: Search) -> Market:
    """A market without rooms."""
    return Market(records, search)


@pytest.fixture
async def full_market(market: Market) -> Market:
    """The market of the catalogue."""
    for stall in STALLS:
        await market.open_stall(stall)
    return market
