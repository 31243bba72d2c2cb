"""The client of a Cluster: where commands go, and what it does while slots move."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from loadtest.fanout.ready import free_port
from server.settings import SettingsError
from server.settings.sections import Redis as RedisSettings
from server.store.client import RedisUnusable, check, connect
from server.store.cluster import Cluster, Node, slot_of
from tests.cluster.redis_cluster import RedisCluster
from tests.stored import stored

SETTINGS = RedisSettings(connect_timeout_s=30, command_timeout_s=30, durability="memory")


@pytest.fixture
def ports(standing: RedisCluster) -> list[int]:
    """The ports of a Cluster of three."""
    return [node.port for node in standing.nodes]


@pytest.fixture
async def redis(ports: list[int]) -> AsyncIterator[Cluster]:
    """A client that knows one node to begin with."""
    client = connect(f"redis+cluster://127.0.0.1:{ports[0]}", SETTINGS)
    assert isinstance(client, Cluster)
    yield client
    await client.aclose()


async def test_each_command_goes_to_the_owner_of_its_key(
    redis: Cluster, ports: list[int], prefix: str
) -> None:
    for n in range(50):
        await redis.set(f"{prefix}{n}", n)

    assert [int(stored(await redis.get(f"{prefix}{n}"))) for n in range(50)] == list(range(50))
    assert await redis.primaries() == [Node("127.0.0.1", port) for port in sorted(ports)]


async def test_a_pipeline_spans_nodes_and_answers_in_its_own_order(
    redis: Cluster, prefix: str
) -> None:
    pipeline = redis.pipeline()
    for n in range(30):
        pipeline.set(f"{prefix}{n}", n)
        pipeline.incr(f"{prefix}{n}")
    pipeline.time()
    *answers, (seconds, _) = await pipeline.execute()

    assert answers == [value for n in range(30) for value in (True, n + 1)]
    assert seconds > 0


async def waits_of(redis: Cluster, node: Node) -> int:
    """How many WAITs a node was told."""
    stats = await redis.client_of(node).info("commandstats")
    return int(stats.get("cmdstat_wait", {"calls": 0})["calls"])


async def test_the_wait_of_a_pipeline_follows_its_write_to_the_same_node(
    redis: Cluster, prefix: str
) -> None:
    owners = await redis.primaries()
    keys = {redis.owner_of_slot(slot_of(f"{prefix}{n}")): f"{prefix}{n}" for n in range(50)}
    before = [await waits_of(redis, owner) for owner in owners]
    for owner in owners:
        pipeline = redis.pipeline()
        pipeline.set(keys[owner], 1)
        # Also the second, though what stands before it is a WAIT itself.
        pipeline.execute_command("WAIT", 0, 10)
        pipeline.execute_command("WAIT", 0, 10)
        assert await pipeline.execute() == [True, 0, 0]

    assert [await waits_of(redis, owner) for owner in owners] == [count + 2 for count in before]


async def test_an_error_of_one_command_is_its_own(redis: Cluster, prefix: str) -> None:
    pipeline = redis.pipeline()
    pipeline.set(f"{prefix}:a", "x")
    pipeline.incr(f"{prefix}:a")
    pipeline.set(f"{prefix}:b", 1)
    first, second, third = await pipeline.execute(raise_on_error=False)

    assert (first, third) == (True, True)
    assert isinstance(second, ResponseError)


async def test_a_transaction_takes_keys_of_one_slot(redis: Cluster, prefix: str) -> None:
    transaction = redis.pipeline(transaction=True)
    transaction.set(f"{{{prefix}}}:a", 1)
    transaction.get(f"{{{prefix}}}:a")

    assert await transaction.execute() == [True, b"1"]


async def test_commands_on_a_slot_that_moves_wait_for_it_and_then_succeed(
    redis: Cluster, prefix: str
) -> None:
    here, missing = f"{{{prefix}}}:here", f"{{{prefix}}}:missing"
    await redis.set(here, "1")
    slot = slot_of(here)
    source = redis.owner_of_slot(slot)
    assert source is not None
    target = next(node for node in await redis.primaries() if node != source)
    giver, taker = (Redis(port=node.port, socket_timeout=60) for node in (source, target))
    async with giver, taker:
        ids = [await one.execute_command("CLUSTER", "MYID") for one in (giver, taker)]
        await taker.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
        await giver.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])

        # One key is there and one is not: Redis says TRYAGAIN. A lone key that is not: ASK.
        both = asyncio.ensure_future(redis.mget(here, missing))
        assert await redis.set(missing, "2")
        await giver.execute_command("MIGRATE", "127.0.0.1", target.port, here, 0, 60_000)
        for one in (taker, giver):
            await one.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[1])

    assert await both == [b"1", b"2"]
    while redis.owner_of_slot(slot) != target:  # a map read meanwhile may be of before the move
        assert await redis.get(here) == b"1"


async def test_check_wants_the_right_kind_of_url(ports: list[int]) -> None:
    await check(f"redis+cluster://127.0.0.1:{ports[1]}", SETTINGS)

    with pytest.raises(RedisUnusable, match=r"node of a Cluster: start redis\.url with redis"):
        await check(f"redis://127.0.0.1:{ports[1]}", SETTINGS)
    with pytest.raises(RedisUnusable, match=r"redis\+cluster://u:\*\*\*@127\.0\.0\.1:\d+ can't"):
        await check(f"redis+cluster://u:hush@127.0.0.1:{free_port()}", SETTINGS)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis+cluster:///0", "it needs a node"),
        ("redis+cluster://h:1/3", "a Cluster has database 0 only, not '3'"),
        ("redis+cluster://h:x", "the port of 'h:x' is not a number"),
    ],
)
def test_a_cluster_url_that_can_not_be_used_is_a_sentence(url: str, why: str) -> None:
    with pytest.raises(SettingsError, match=why):
        connect(url, SETTINGS)
