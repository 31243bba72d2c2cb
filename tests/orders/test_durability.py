"""A reply leaves only when the promise is kept, and a promise Redis can't keep is refused."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.house import keys_under, scripts_on
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.durability import Durability, NotDurable
from tests.orders.redis_process import RedisProcess
from tests.orders.shop import Shop, shop_on


@pytest.fixture
async def primary(tmp_path: Path) -> AsyncIterator[RedisProcess]:
    """A redis-server of this test alone, without a log on disk."""
    async with RedisProcess(tmp_path / "primary", appendonly="no") as process:
        yield process


async def test_a_redis_that_syncs_each_write_keeps_fsync(redis: Redis) -> None:
    await Durability.parse("fsync").check(redis)


async def test_a_redis_that_does_not_sync_is_refused(primary: RedisProcess) -> None:
    with pytest.raises(NotDurable, match="set appendonly yes"):
        await Durability.parse("fsync").check(primary.client)
    await Durability.parse("memory").check(primary.client)


async def test_a_redis_that_stops_syncing_in_a_rewrite_is_refused(primary: RedisProcess) -> None:
    await primary.client.config_set("appendonly", "yes")
    await primary.client.config_set("appendfsync", "always")
    await primary.client.config_set("no-appendfsync-on-rewrite", "yes")
    with pytest.raises(NotDurable, match="set no-appendfsync-on-rewrite no"):
        await Durability.parse("fsync").check(primary.client)


async def test_replicas_that_are_not_there_are_refused_at_start(primary: RedisProcess) -> None:
    with pytest.raises(NotDurable, match="0 replicas"):
        await Durability.parse("replicas:1").check(primary.client)


async def test_an_order_waits_for_its_replica(
    primary: RedisProcess, tmp_path: Path, settings: Settings
) -> None:
    promise = Durability.parse("replicas:1", wait_ms=30_000)
    scripts = await asyncio.to_thread(
        scripts_on, primary.client, keys_under("t"), durability=promise
    )
    hasty = await asyncio.to_thread(
        scripts_on,
        primary.client,
        keys_under("t"),
        durability=Durability.parse("replicas:1", wait_ms=100),
    )
    async with RedisProcess(tmp_path / "replica", appendonly="no", replicaof=primary) as replica:
        await replica.wait_for_sync(primary)
        await promise.check(primary.client)
        shop: Shop = shop_on(scripts, settings)
        await shop.build()
        sale = await shop.open(stock=5)
        order = await shop.buy("ann", sale, key="k")
        stored = await replica.client.hget(shop.key("orders"), order.order)
        assert stored is not None
        await replica.stop()

        shop = shop_on(hasty, settings)
        with pytest.raises(CommandError) as caught:
            await shop.buy("bob", sale, key="k")
        assert caught.value.code == "unavailable"
        with pytest.raises(CommandError):  # asked again it is still not stored twice
            await shop.buy("bob", sale, key="k")
    assert await shop.counters(sale) == (5, 3, 2, 0)


async def test_scripts_that_are_not_loaded_are_sent_whole_and_still_waited_for(
    primary: RedisProcess, tmp_path: Path, settings: Settings
) -> None:
    promise = Durability.parse("replicas:1", wait_ms=30_000)
    scripts = await asyncio.to_thread(
        scripts_on, primary.client, keys_under("t"), durability=promise
    )
    async with RedisProcess(tmp_path / "replica", appendonly="no", replicaof=primary) as replica:
        await replica.wait_for_sync(primary)
        shop = shop_on(scripts, settings)
        await shop.build()
        sale = await shop.open()
        await primary.client.script_flush()
        assert (await shop.buy("ann", sale)).status == "held"
