"""A reply leaves only when the promise is kept, and a promise Redis can't keep is refused."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from server.features.outbox.outbox import Outbox
from server.house import keys_under, store_on
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.durability import Durability, NotDurable
from server.store.embedded import EmbeddedRedis
from server.store.redis_program import RedisProgram
from server.store.room_store import RoomStore
from tests.orders.redis_process import RedisProcess
from tests.orders.shop import Shop, shop_on
from tests.programs import PROGRAMS, WITH_WAITAOF, first, name_of


@pytest.fixture
async def primary(tmp_path: Path) -> AsyncIterator[RedisProcess]:
    """A redis-server of this test alone, without a log on disk."""
    async with RedisProcess(tmp_path / "primary", appendonly="no") as process:
        yield process


@pytest.fixture
async def synced(tmp_path: Path) -> AsyncIterator[tuple[RedisProcess, RedisProcess]]:
    """A primary and its replica, both with a log on disk, of a program that knows WAITAOF."""
    program = first(WITH_WAITAOF)
    async with (
        RedisProcess(tmp_path / "primary", program=program) as primary,
        RedisProcess(tmp_path / "replica", program=program, replicaof=primary) as replica,
    ):
        await replica.wait_for_sync(primary)
        yield primary, replica


async def test_a_redis_that_syncs_each_write_keeps_fsync(synced_redis: EmbeddedRedis) -> None:
    async with Redis(unix_socket_path=str(synced_redis.socket), socket_timeout=60) as redis:
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
    store = await asyncio.to_thread(store_on, primary.client, keys_under("t"), durability=promise)
    hasty = await asyncio.to_thread(
        store_on,
        primary.client,
        keys_under("t"),
        durability=Durability.parse("replicas:1", wait_ms=100),
    )
    async with RedisProcess(tmp_path / "replica", appendonly="no", replicaof=primary) as replica:
        await replica.wait_for_sync(primary)
        await promise.check(primary.client)
        shop: Shop = shop_on(store, settings)
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


async def test_no_money_moves_and_nobody_is_told_before_the_copies_are_there(
    primary: RedisProcess, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a failover may undo is no reason to charge, to give back, to tell or to say `paid`."""
    posts: list[bytes] = []

    async def post(_url: str, body: bytes, _headers: dict[str, str]) -> int:
        posts.append(body)
        return 200

    async def never(*_: object) -> None:
        raise AssertionError("money moved")

    async def store_with(promise: str) -> RoomStore:
        wanted = Durability.parse(promise, wait_ms=50 if ":" in promise else None)
        return await asyncio.to_thread(store_on, primary.client, keys_under("t"), durability=wanted)

    shop = shop_on(await store_with("memory"), settings)
    await shop.build()
    sale = await shop.open(stock=5)
    held, paid = await shop.buy("ann", sale), await shop.pay(await shop.buy("bob", sale))
    await shop.take_back(await shop.pay(await shop.buy("cid", sale)))
    alone = shop_on(store := await store_with("replicas:1"), settings)
    for provider in (alone.payments._provider, alone.refunds._provider):
        monkeypatch.setattr(provider, "charge", never)
        monkeypatch.setattr(provider, "refund", never)
    outbox = Outbox(store, settings, "w1", post)

    for work in (
        alone.pay(held),
        alone.pay(paid),
        alone.refunds.sweep(alone.id),
        outbox.deliver(alone.id),
    ):
        with pytest.raises(CommandError, match="Too few copies"):
            await work
    assert posts == []


async def test_aof_answers_when_the_order_is_on_the_disks_of_both(
    synced: tuple[RedisProcess, RedisProcess], settings: Settings
) -> None:
    primary, replica = synced
    promise = Durability.parse("aof:1", wait_ms=30_000)
    await promise.check(primary.client)
    store = await asyncio.to_thread(store_on, primary.client, keys_under("t"), durability=promise)
    shop = shop_on(store, settings)
    await shop.build()
    sale = await shop.open(stock=5)

    order = await shop.buy("ann", sale, key="k")

    # Both lose all that is only in memory.
    for process in (primary, replica):
        await process.kill()
    del replica.options["replicaof"]
    for process in (primary, replica):
        await process.start()
        stored = await process.client.hget(shop.key("orders"), order.order)
        assert stored is not None
    assert await shop.audit() == []


def test_aof_asks_a_replica_when_it_has_the_write_and_then_again_within_its_patience() -> None:
    """Asked earlier, a replica tells of its disk a second later: each answer would take that."""
    first_of_all, *again = Durability.parse("aof:2", wait_ms=1000).questions()

    assert first_of_all[:2] == ("WAIT", 2)
    assert [question[:3] for question in again] == [("WAITAOF", 1, 2)] * 4
    assert sum(int(question[3]) for question in again) == 1000


async def test_aof_is_kept_within_the_time_that_a_server_gives_it(
    synced: tuple[RedisProcess, RedisProcess], settings: Settings
) -> None:
    primary, _ = synced
    promise = Durability.parse("aof:1")
    store = await asyncio.to_thread(store_on, primary.client, keys_under("t"), durability=promise)
    shop = shop_on(store, settings)
    await shop.build()
    sale = await shop.open(stock=5)

    for user in ("ann", "bob", "cid"):
        assert (await shop.buy(user, sale)).status == "held"


async def test_aof_is_unavailable_while_a_replica_has_it_in_memory_only(
    synced: tuple[RedisProcess, RedisProcess], settings: Settings
) -> None:
    """`replicas:1` is content with that; `aof:1` is not, until the replica writes its log."""
    primary, replica = synced
    await replica.client.config_set("appendonly", "no")
    in_memory = Durability.parse("replicas:1", wait_ms=30_000)
    on_disk = Durability.parse("aof:1", wait_ms=100)

    async def shop_with(promise: Durability) -> Shop:
        redis = primary.client
        store = await asyncio.to_thread(store_on, redis, keys_under("t"), durability=promise)
        return shop_on(store, settings)

    shop, strict = await shop_with(in_memory), await shop_with(on_disk)
    await shop.build()
    sale = await shop.open(stock=5)
    await shop.buy("ann", sale, key="k")

    with pytest.raises(CommandError) as caught:
        await strict.buy("bob", sale, key="k")
    assert caught.value.code == "unavailable"
    with pytest.raises(CommandError):  # asked again it still waits
        await strict.buy("bob", sale, key="k")

    await replica.client.config_set("appendonly", "yes")
    patient = await shop_with(Durability.parse("aof:1", wait_ms=30_000))
    assert (await patient.buy("bob", sale, key="k")).status == "held"
    assert await shop.counters(sale) == (5, 3, 2, 0)


async def test_aof_is_refused_where_no_log_is_written(tmp_path: Path) -> None:
    program = first(WITH_WAITAOF)
    async with RedisProcess(tmp_path, program=program, appendonly="no") as process:
        with pytest.raises(NotDurable, match="aof:N needs appendonly yes"):
            await Durability.parse("aof:1").check(process.client)


@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
async def test_aof_is_refused_by_name_where_waitaof_is_not_known(
    program: RedisProgram, tmp_path: Path
) -> None:
    async with RedisProcess(tmp_path, program=program) as process:
        knows = "waitaof" in map(str.lower, await known_commands(process))
        with pytest.raises(NotDurable) as refused:
            await Durability.parse("aof:1").check(process.client)

    said = str(refused.value)
    if knows:
        assert "0 replicas connected" in said
    else:
        assert (
            f"needs Redis 7.2 or Valkey 7.2 or newer (WAITAOF); this one is {program.release}"
            in said
        )


async def known_commands(process: RedisProcess) -> list[str]:
    """The names of all commands of a Redis."""
    commands = await process.client.command()
    return [str(name) for name in commands]


async def test_scripts_that_are_not_loaded_are_sent_whole_and_still_waited_for(
    primary: RedisProcess, tmp_path: Path, settings: Settings
) -> None:
    promise = Durability.parse("replicas:1", wait_ms=30_000)
    store = await asyncio.to_thread(store_on, primary.client, keys_under("t"), durability=promise)
    async with RedisProcess(tmp_path / "replica", appendonly="no", replicaof=primary) as replica:
        await replica.wait_for_sync(primary)
        shop = shop_on(store, settings)
        await shop.build()
        sale = await shop.open()
        await primary.client.script_flush()
        assert (await shop.buy("ann", sale)).status == "held"
