"""A worker whose Redis fails over under a sale."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client_sim.client import RoomClient
from server.settings import Settings
from tests.cluster.books import audit
from tests.cluster.conftest import selling, stall
from tests.cluster.redis_cluster import until
from tests.conftest import MakeSettings
from tests.programs import WITH_WAITAOF, first
from tests.running import Worker, running
from tests.sentinel.redis_sentinels import Watched, redis_sentinels

# Workers start, and read their scripts, on the test's own loop.
pytestmark = pytest.mark.blocking_allowed

STOCK = 100_000


ONE_MORE = pytest.mark.torture("one failover more")


@pytest.fixture(params=["replicas:1", pytest.param("aof:1", marks=ONE_MORE)])
def durability(request: pytest.FixtureRequest) -> str:
    """An order is answered when one replica has it, in memory or on its disk."""
    return str(request.param)


@pytest.fixture
async def watched(durability: str) -> AsyncIterator[Watched]:
    """A master with two replicas and three Sentinels, of a program that can keep the promise."""
    program = first(WITH_WAITAOF) if durability.startswith("aof") else None
    with tempfile.TemporaryDirectory(prefix="lr-sentinel-") as folder:
        async with redis_sentinels(Path(folder), program=program) as made:
            yield made


@pytest.fixture
def settings(make_settings: MakeSettings, watched: Watched, durability: str) -> Settings:
    """A worker that keeps this promise."""
    return make_settings(
        redis={"url": watched.url, "command_timeout_s": 10, "durability": durability},
        bus={"watchdog_interval_s": 0.3, "watchdog_timeout_s": 3},
        edge={"commands_per_s": 10_000, "commands_burst": 10_000},
        orders={"orders_per_user_max": 10_000, "per_user_max": 1_000_000},
    )


@pytest.fixture
async def workers(settings: Settings) -> AsyncIterator[list[Worker]]:
    """Two workers."""
    async with running(settings, "w1") as one, running(settings, "w2") as two:
        yield [one, two]


async def tell(host: RoomClient, notice: str) -> None:
    """Show everybody a notice; a room whose story was cut short is read anew and ends connections
    a moment after it sells again."""
    await host.request_again("notice", text=notice)


async def sees(person: RoomClient, notice: str) -> None:
    """Wait until a viewer was shown a notice."""
    await until(lambda: asyncio.sleep(0, person.state.view.get("notice") == notice))


async def test_a_killed_master_is_replaced_and_no_answered_order_is_lost(
    watched: Watched, settings: Settings, workers: list[Worker]
) -> None:
    async with stall("r1", workers, STOCK) as one:
        async with selling([one]) as bought:
            await until(lambda: asyncio.sleep(0, len(bought) >= 20))
            await watched.servers[0].kill()
            before = len(bought)
            await until(lambda: asyncio.sleep(0, len(bought) >= before + 20))
        await tell(one.host, "Back")

        assert await watched.master() is not watched.servers[0]
        for person in one.people:
            await sees(person, "Back")
        await audit(settings, [one], bought)


# With fewer copies than replicas the old master and a replica that still follows it could agree on
# an order that the new master never gets (docs/operations.md).
@ONE_MORE
@pytest.mark.parametrize("durability", ["replicas:2"], indirect=True)
async def test_a_master_that_is_asked_to_step_down_hands_over_and_viewers_stay(
    watched: Watched, settings: Settings, workers: list[Worker]
) -> None:
    async with stall("r1", workers, STOCK) as one:
        async with selling([one]) as bought:
            await until(lambda: asyncio.sleep(0, len(bought) >= 20))
            await watched.step_down()
            before = len(bought)
            await until(lambda: asyncio.sleep(0, len(bought) >= before + 20))
        await tell(one.host, "Handed over")

        assert await watched.master() is not watched.servers[0]
        for person in one.people:
            await sees(person, "Handed over")
        await audit(settings, [one], bought)
