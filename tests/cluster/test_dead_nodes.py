"""A Redis Cluster whose nodes die."""

import asyncio
import json

import pytest

from server.features.outbox.outbox import Outbox
from server.house import scripts_on
from server.settings import Settings
from server.store.client import connect
from server.store.cluster import Cluster, slot_of
from tests.cluster.books import audit
from tests.cluster.conftest import keys_of, selling, stall
from tests.cluster.redis_cluster import SLOTS, RedisCluster, until
from tests.orders.shop import shop_on
from tests.running import Worker
from tests.sweeping import sweeper

# Workers start, and read their scripts, on the test's own loop.
pytestmark = pytest.mark.blocking_allowed


@pytest.fixture
async def cluster(doomed_cluster: RedisCluster) -> RedisCluster:
    """A Cluster of this test's own."""
    return doomed_cluster


async def test_a_replica_takes_over_and_rooms_elsewhere_never_notice(
    cluster: RedisCluster, settings: Settings, workers: list[Worker]
) -> None:
    keys = keys_of(settings)
    doomed, safe = cluster.room_on(0, keys), cluster.room_on(1, keys)
    async with stall(doomed, workers) as one, stall(safe, workers) as other:
        async with selling([one, other]) as bought:
            await until(lambda: asyncio.sleep(0, len(bought) >= 30))
            await cluster.primaries[0].kill()
            before = sum(order["at"] == doomed for order in bought.values())
            elsewhere = len(bought) - before

            def sold(room_id: str) -> int:
                return sum(order["at"] == room_id for order in bought.values())

            await until(lambda: asyncio.sleep(0, sold(doomed) >= before + 20))
            assert sold(safe) > elsewhere
            await one.host.notice("Back")

        channel = keys.room(doomed, "bus")

        async def followed() -> bool:
            return await cluster.listening(cluster.nodes[3], channel) == len(workers)

        await until(followed)
        for person in one.people:
            await until(lambda person=person: asyncio.sleep(0, person.state.view.get("notice")))
        for person in (other.host, *other.people):
            assert person.connections == 1
        await audit(settings, [other], bought)


async def test_a_dead_shard_leaves_keyless_questions_answered(
    cluster: RedisCluster, settings: Settings
) -> None:
    redis = connect(settings.redis.url, settings.redis)
    assert isinstance(redis, Cluster)
    await redis.primaries()
    await cluster.primaries[1].kill()

    assert await redis.ping()
    assert (await redis.info())["redis_version"]
    await redis.aclose()


async def test_holds_end_in_time_while_another_shard_is_dead(
    cluster: RedisCluster, settings: Settings
) -> None:
    redis = connect(settings.redis.url, settings.redis)
    scripts = await asyncio.to_thread(scripts_on, redis, keys_of(settings))
    dead, well = (shop_on(scripts, settings, cluster.room_on(n, keys_of(settings))) for n in (1, 2))
    for shop in (dead, well):
        await shop.build()
    sale = await well.open(stock=1)
    await well.lapse(await well.buy("ann", sale))
    await cluster.primaries[1].kill()

    changed = await sweeper(scripts, settings).sweep([dead.id, well.id])

    assert changed == 1
    assert await well.counters(sale) == (1, 1, 0, 0)
    await redis.aclose()


async def test_the_outbox_serves_all_rooms_whose_shards_live(
    cluster: RedisCluster, settings: Settings
) -> None:
    told: set[str] = set()

    async def post(_: str, body: bytes, __: dict[str, str]) -> int:
        told.add(json.loads(body)["room"])
        return 200

    redis = connect(settings.redis.url, settings.redis)
    scripts = await asyncio.to_thread(scripts_on, redis, keys_of(settings))
    list_on = slot_of(scripts.keys.rooms) // (SLOTS // len(cluster.primaries))
    shops = [shop_on(scripts, settings, cluster.room_on(n, keys_of(settings))) for n in (0, 1, 2)]
    for shop in shops:
        await shop.build()
        await shop.open()
    box = Outbox(scripts, settings, "w1", post)
    await box.deliver_all()
    told.clear()
    for shop in shops:
        await shop.open(sku="cup")
    dead = list_on or 1  # the one with the list, unless a replica would take over for it
    await cluster.primaries[dead].kill()

    await box.deliver_all()

    assert told == {shop.id for n, shop in enumerate(shops) if n != dead}
    await redis.aclose()
