"""Connections that went bad while nobody used them, or lead to what is a replica now."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.exceptions import ReadOnlyError, RedisError

from server.house import keys_under, store_on
from server.settings import Settings
from server.settings.sections import Redis as RedisSettings
from server.store import prompt
from server.store.client import AnyRedis, connect
from server.store.durability import Durability
from tests.orders.redis_process import RedisProcess
from tests.orders.shop import shop_on
from tests.store.between import Between, between

SETTINGS = RedisSettings(connect_timeout_s=60, command_timeout_s=60)


@pytest.fixture
async def real(tmp_path: Path) -> AsyncIterator[RedisProcess]:
    """A Redis of this test's own."""
    async with RedisProcess(tmp_path / "redis") as made:
        yield made


@pytest.fixture
async def balancer(real: RedisProcess) -> AsyncIterator[Between]:
    """What stands between this test's client and its Redis."""
    async with between(real.port) as made:
        yield made


@pytest.fixture
async def redis(balancer: Between) -> AsyncIterator[AnyRedis]:
    """A client that had many commands at once, and none for longer than the health check waits."""
    client = connect(balancer.url, SETTINGS)
    await asyncio.gather(*(client.incr("warm") for _ in range(10)))
    idle_for_long(client)
    yield client
    await client.aclose()


def idle_for_long(client: Any) -> None:
    """Let the time between two health checks have passed on every connection."""
    for connection in client.connection_pool._available_connections:
        connection.next_health_check = 0


@pytest.mark.parametrize("end", [Between.close_all, Between.reset_all, Between.forget_all])
async def test_a_burst_after_a_quiet_time_is_answered_and_done_once(
    end: Any, redis: AnyRedis, balancer: Between, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt, "HEALTH_S_MAX", 0.2)
    opened = balancer.opened
    end(balancer)

    counted = await asyncio.gather(*(redis.incr("n") for _ in range(10)))

    assert sorted(counted) == list(range(1, 11))
    assert balancer.opened == 2 * opened


async def test_a_reset_that_came_while_a_connection_was_idle_is_noticed_before_it_is_used(
    redis: Any, balancer: Between
) -> None:
    connections = redis.connection_pool._available_connections
    for connection in connections:
        connection.next_health_check = float("inf")
    balancer.reset_now()
    async with asyncio.timeout(60):
        while any(connection._reader.exception() is None for connection in connections):
            await asyncio.sleep(0.01)

    counted = await asyncio.gather(*(redis.incr("n") for _ in range(10)))

    assert sorted(counted) == list(range(1, 11))


async def test_a_connection_that_is_well_is_kept(redis: AnyRedis, balancer: Between) -> None:
    opened = balancer.opened

    await asyncio.gather(*(redis.incr("n") for _ in range(10)))

    assert balancer.opened == opened


async def test_a_command_whose_answer_is_lost_is_not_sent_again(
    real: RedisProcess, balancer: Between
) -> None:
    redis = connect(balancer.url, SETTINGS.model_copy(update={"command_timeout_s": 0.3}))
    assert await redis.incr("n") == 1
    balancer.forget_all()  # with no health check due: the command itself is swallowed

    with pytest.raises(RedisError):
        await redis.incr("n")

    assert await real.client.get("n") == b"1"
    await redis.aclose()


# A primary whose role goes to its replica, behind one name


@pytest.fixture
async def replica(real: RedisProcess, tmp_path: Path) -> AsyncIterator[RedisProcess]:
    """A replica of this test's Redis."""
    async with RedisProcess(tmp_path / "replica", replicaof=real) as made:
        await made.wait_for_sync(real)
        yield made


async def hand_over(primary: RedisProcess, replica: RedisProcess) -> None:
    """Let the replica be the primary, and the primary its replica, as at a maintenance."""
    await primary.client.execute_command("FAILOVER", "TO", "127.0.0.1", replica.port)
    async with asyncio.timeout(60):
        while (await replica.info("replication"))["role"] != "master":
            await asyncio.sleep(0.02)
        while (await primary.info("replication")).get("master_link_status") != "up":
            await asyncio.sleep(0.02)


async def test_after_a_failover_behind_one_name_every_command_finds_the_new_primary(
    redis: AnyRedis, balancer: Between, real: RedisProcess, replica: RedisProcess
) -> None:
    await hand_over(real, replica)
    balancer.target = replica.port

    counted = await asyncio.gather(*(redis.incr("n") for _ in range(50)))

    assert sorted(counted) == list(range(1, 51))


@pytest.mark.parametrize("durability", ["fsync", "replicas:1"])
async def test_after_a_failover_orders_are_stored_once(
    durability: str,
    settings: Settings,
    balancer: Between,
    real: RedisProcess,
    replica: RedisProcess,
) -> None:
    redis = connect(balancer.url, SETTINGS)
    promise = Durability.parse(durability, wait_ms=60_000)
    store = await asyncio.to_thread(store_on, redis, keys_under("t"), durability=promise)
    shop = shop_on(store, settings, "r1")
    await shop.build()
    sale = await shop.open(stock=100)
    await asyncio.gather(*(shop.buy(f"u{n}", sale) for n in range(10)))
    await hand_over(real, replica)
    balancer.target = replica.port

    await asyncio.gather(*(shop.buy(f"v{n}", sale) for n in range(10)))

    _, left, _, _ = await shop.counters(sale)
    assert left == 80
    await redis.aclose()


async def test_while_the_name_still_leads_to_the_replica_it_is_not_dialled_for_every_command(
    redis: AnyRedis,
    balancer: Between,
    real: RedisProcess,
    replica: RedisProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prompt, "PRIMARY_ANEW_S", 60.0)
    await hand_over(real, replica)
    opened = balancer.opened

    for _ in range(30):
        with pytest.raises(ReadOnlyError):
            await redis.incr("n")

    assert balancer.opened - opened == 1
