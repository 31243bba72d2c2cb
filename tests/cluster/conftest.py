"""A Cluster for a module's tests, and rooms on its nodes seen through two workers."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from redis.asyncio import Redis

from client_sim.client import Options, RoomClient
from client_sim.rest import Rest
from client_sim.tokens import mint
from server.house import keys_under
from server.protocol.roles import Role
from server.settings import Settings
from server.store import redis_program
from server.store.keys import Keys
from server.store.release import Releases
from tests.cluster.redis_cluster import RedisCluster, redis_cluster
from tests.conftest import JWT_SECRET, MakeSettings
from tests.running import Worker, running

CLUSTERS = Releases(redis=(7, 0), valkey=(7, 2))
QUICK = Options(
    backoff_s_min=0.05, backoff_s_max=0.5, join_s_max=60, reply_s_max=60, retry_s_max=180
)


@pytest.fixture(scope="session")
def standing() -> Iterator[RedisCluster]:
    """A Cluster of three for all tests that leave its nodes alive."""
    with (
        tempfile.TemporaryDirectory(prefix="lr-cluster-") as folder,
        asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner,
    ):
        runner.run(must_be_able())
        made = redis_cluster(Path(folder))
        cluster = runner.run(made.__aenter__())
        for node in cluster.nodes:  # each test connects in a loop of its own
            runner.run(node.client.aclose())
        yield cluster
        runner.run(made.__aexit__(None, None, None))


@pytest.fixture
async def cluster(standing: RedisCluster) -> AsyncIterator[RedisCluster]:
    """The standing Cluster with connections of this test."""
    for node in standing.nodes:
        node.client = Redis(port=node.port, socket_timeout=60)
    yield standing
    for node in standing.nodes:
        await node.client.aclose()


@pytest.fixture
async def doomed_cluster() -> AsyncIterator[RedisCluster]:
    """A Cluster whose nodes may be killed; the first of its three primaries has a replica."""
    await must_be_able()
    with tempfile.TemporaryDirectory(prefix="lr-cluster-") as folder:
        async with redis_cluster(Path(folder), replicas=1, node_timeout_ms=4000) as made:
            yield made


async def must_be_able() -> None:
    """Skip where there is no redis-server with sharded pub/sub."""
    if not CLUSTERS.include((await redis_program.find()).release):
        pytest.skip(f"needs {CLUSTERS}, first on PATH or in the wheel")


@pytest.fixture
def settings(make_settings: MakeSettings, cluster: RedisCluster) -> Settings:
    """The settings of a worker on the Cluster, with short patience."""
    return make_settings(
        redis={"url": cluster.url, "command_timeout_s": 10, "durability": "memory"},
        bus={"watchdog_interval_s": 0.3, "watchdog_timeout_s": 3},
        rooms={"presence_interval_s": 0.3},
        edge={"commands_per_s": 10_000, "commands_burst": 10_000},
        orders={"orders_per_user_max": 10_000, "per_user_max": 1_000_000},
    )


@pytest.fixture
async def workers(settings: Settings) -> AsyncIterator[list[Worker]]:
    """Two workers, which know each other through the Cluster only."""
    async with running(settings, "w1") as one, running(settings, "w2") as two:
        yield [one, two]


class Stall(NamedTuple):
    """A live room with a sale: its host on the first worker, a buyer and a witness on both."""

    room_id: str
    host: RoomClient
    people: list[RoomClient]
    sale: str


@asynccontextmanager
async def stall(
    room_id: str, workers: list[Worker], stock: int = 1_000_000
) -> AsyncIterator[Stall]:
    """Open a room, go live, sell."""
    urls = [worker.url for worker in workers]
    token = mint(JWT_SECRET, "host", "Host", Role.HOST)
    async with Rest(urls[0], token) as rest:
        await rest.create(room_id, "Stall")
    async with AsyncExitStack() as stack:

        async def enter(name: str, url: str, role: Role = Role.VIEWER) -> RoomClient:
            badge = mint(JWT_SECRET, name, name, role)
            return await stack.enter_async_context(RoomClient(url, room_id, badge, options=QUICK))

        host = await enter("host", urls[0], Role.HOST)
        people = [await enter(f"p{n}", url) for n, url in enumerate(urls)]
        await host.live_start()
        await host.shelf_put({"sku": "tea", "title": "Tea", "price": 500, "currency": "CNY"})
        sale = await host.sale_open("tea", 400, stock, per_user=stock)
        yield Stall(room_id, host, people, sale["sale"])


@asynccontextmanager
async def selling(stalls: list[Stall]) -> AsyncIterator[dict[str, Any]]:
    """Everybody buys and pays without a pause while the context lasts; orders by their id."""
    bought: dict[str, Any] = {}
    stop = asyncio.Event()

    async def shop(stall: Stall, person: RoomClient) -> None:
        while not stop.is_set():
            await asyncio.sleep(0.05)  # a slow failover must find somebody who may still buy
            order = await person.buy(stall.sale)
            bought[order["order"]] = await person.pay(order["order"]) | {"at": stall.room_id}

    async with asyncio.TaskGroup() as group:
        for one in stalls:
            for person in one.people:
                group.create_task(shop(one, person))
        yield bought
        stop.set()


def keys_of(settings: Settings) -> Keys:
    """The names of this test's keys."""
    return keys_under(settings.redis.key_prefix)
