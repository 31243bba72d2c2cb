"""A worker whose Redis fails over under a sale."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from client_sim.client import RoomClient
from server.settings import Settings
from server.store.client import connect
from server.store.keys import Keys
from tests.cluster.conftest import selling, stall
from tests.cluster.redis_cluster import until
from tests.conftest import MakeSettings
from tests.running import Worker, running
from tests.sentinel.redis_sentinels import Watched, redis_sentinels

# Workers start, and read their scripts, on the test's own loop.
pytestmark = pytest.mark.blocking_allowed

STOCK = 1000


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    """A master with two replicas and three Sentinels."""
    with tempfile.TemporaryDirectory(prefix="lr-sentinel-") as folder:
        async with redis_sentinels(Path(folder)) as made:
            yield made


@pytest.fixture
def settings(make_settings: MakeSettings, watched: Watched) -> Settings:
    """A worker that answers an order when a replica has it."""
    return make_settings(
        redis={"url": watched.url, "command_timeout_s": 2, "durability": "replicas:1"},
        bus={"watchdog_interval_s": 0.3, "watchdog_timeout_s": 3},
        edge={"commands_per_s": 10_000, "commands_burst": 10_000},
        orders={"orders_per_user_max": 1000},
    )


@pytest.fixture
async def workers(settings: Settings) -> AsyncIterator[list[Worker]]:
    """Two workers."""
    async with running(settings, "w1") as one, running(settings, "w2") as two:
        yield [one, two]


async def stored(settings: Settings, room_id: str) -> tuple[dict[str, int], list[Any]]:
    """The counters of the only sale, and the ledger, as the present master has them."""
    redis = connect(settings.redis.url, settings.redis)
    keys = Keys(settings.redis.key_prefix)
    try:
        fields = await redis.hgetall(keys.room(room_id, "stock"))
        entries = await redis.xrange(keys.room(room_id, "ledger"))
    finally:
        await redis.aclose()
    counters = {
        name.decode().partition(":")[2]: int(value)
        for name, value in fields.items()
        if value.isdigit()
    }
    return counters, [msgspec.msgpack.decode(entry[b"e"]) for _, entry in entries]


async def sees(person: RoomClient, notice: str) -> None:
    """Wait until a viewer was shown a notice."""
    await until(lambda: asyncio.sleep(0, person.state.view.get("notice") == notice))


async def audit(settings: Settings, room_id: str, bought: dict[str, Any]) -> None:
    """Every answered order is there, paid once; no unit is sold twice."""
    counters, ledger = await stored(settings, room_id)
    orders = [entry["order"] for entry in ledger if entry["k"] == "order"]
    paid = [order["order"] for order in orders if order["status"] == "paid"]
    assert set(bought) <= set(paid)
    assert len(paid) == len(set(paid)) == counters["sold"]
    assert counters["left"] + counters["held"] + counters["sold"] == STOCK


async def test_a_killed_master_is_replaced_and_no_answered_order_is_lost(
    watched: Watched, settings: Settings, workers: list[Worker]
) -> None:
    async with stall("r1", workers, STOCK) as one:
        async with selling([one]) as bought:
            await until(lambda: asyncio.sleep(0, len(bought) >= 20))
            await watched.servers[0].kill()
            before = len(bought)
            await until(lambda: asyncio.sleep(0, len(bought) >= before + 20), 30)
        await one.host.notice("Back")

        assert await watched.master() is not watched.servers[0]
        for person in one.people:
            await sees(person, "Back")
        await audit(settings, "r1", bought)


async def test_a_master_that_is_asked_to_step_down_hands_over_and_viewers_stay(
    watched: Watched, settings: Settings, workers: list[Worker]
) -> None:
    async with stall("r1", workers, STOCK) as one:
        async with selling([one]) as bought:
            await until(lambda: asyncio.sleep(0, len(bought) >= 20))
            await watched.step_down()
            before = len(bought)
            await until(lambda: asyncio.sleep(0, len(bought) >= before + 20), 30)
        await one.host.notice("Handed over")

        assert await watched.master() is not watched.servers[0]
        for person in one.people:
            await sees(person, "Handed over")
        await audit(settings, "r1", bought)
