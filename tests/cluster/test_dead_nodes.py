"""A Redis Cluster whose nodes die."""

import asyncio
import contextlib
import json
import signal
from typing import NamedTuple

import aiohttp
import pytest

from client_sim.client import RoomClient
from client_sim.rest import Rest
from client_sim.tokens import mint
from server.background.troubles import Troubles
from server.features.circles.group_ids import group_id
from server.features.outbox.outbox import Outbox
from server.house import store_on
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.rooms.awake_rooms import AwakeRooms
from server.settings import Settings
from server.store import readiness
from server.store.client import connect
from server.store.cluster import Cluster, slot_of
from server.store.durability import Durability
from server.store.keys import Keys
from server.store.readiness import Readiness
from tests.cluster.books import audit
from tests.cluster.conftest import QUICK, keys_of, selling, stall
from tests.cluster.redis_cluster import SLOTS, RedisCluster, until
from tests.conftest import JWT_SECRET
from tests.orders.redis_process import RedisProcess
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
            await one.host.request_again("notice", text="Back")  # a failover ends connections

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


class Hosted(NamedTuple):
    """Two rooms of one host; the host's own keys and `lost` lie on the primary `doomed`."""

    doomed: RedisProcess
    kept: str
    lost: str


def host_on(cluster: RedisCluster, number: int, keys: Keys) -> str:
    """A host whose keys, and whose fan group's, lie on this primary."""
    return next(
        host
        for host in (f"h{n}" for n in range(10_000))
        if shard_of(cluster, keys.host(host, "followers")) == number
        and shard_of(cluster, keys.room(group_id(host), "members")) == number
    )


def shard_of(cluster: RedisCluster, key: str) -> int:
    """The number of the primary that owns a key, while slots are as they were made."""
    return slot_of(key) * len(cluster.primaries) // SLOTS


@pytest.fixture
async def hosted(cluster: RedisCluster, settings: Settings, workers: list[Worker]) -> Hosted:
    """Rooms on two primaries; the one that is to die has no replica, and not the list of rooms."""
    keys = keys_of(settings)
    doomed = 1 if shard_of(cluster, keys.rooms) != 1 else 2
    host = host_on(cluster, doomed, keys)
    made = Hosted(
        cluster.primaries[doomed],
        kept=cluster.room_on(3 - doomed, keys),
        lost=cluster.room_on(doomed, keys),
    )
    async with Rest(workers[0].url, mint(JWT_SECRET, host, "Host", Role.HOST)) as rest:
        for room_id in (made.kept, made.lost):
            await rest.create(room_id, "Tea")
    return made


async def test_people_join_while_the_shard_of_the_hosts_keys_is_dead(
    hosted: Hosted, workers: list[Worker]
) -> None:
    await hosted.doomed.kill()

    badge = mint(JWT_SECRET, "ann", "Ann", Role.VIEWER)
    async with RoomClient(workers[1].url, hosted.kept, badge, options=QUICK) as ann:
        assert ann.state.view["title"] == "Tea"


async def test_rooms_of_living_shards_are_listed_while_another_is_dead(
    hosted: Hosted, workers: list[Worker], caplog: pytest.LogCaptureFixture
) -> None:
    await hosted.doomed.kill()

    async def listed() -> list[str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{workers[0].url}/v1/rooms") as answer,
        ):
            assert answer.status == 200
            return [room["room"] for room in await answer.json()]

    assert await listed() == await listed() == [hosted.kept]
    told = [r.getMessage() for r in caplog.records if "left out of the list" in r.getMessage()]
    assert told
    assert all(line.startswith(f"Room {hosted.lost} is") for line in told)
    assert len(told) == len(set(told))


async def test_a_worker_is_ready_while_one_shard_of_three_is_dead(
    cluster: RedisCluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "ANSWER_S_MAX", 60.0)
    monkeypatch.setattr(readiness, "KEPT_S", 0.0)
    redis = connect(settings.redis.url, settings.redis)
    ready = Readiness(redis, keys_of(settings), Durability("memory"))
    assert await ready.why_not() == ""

    await cluster.primaries[1].kill()
    assert await ready.why_not() == ""
    for node in cluster.nodes:
        await node.kill()
    assert await ready.why_not() == "Redis does not answer."
    await redis.aclose()


async def test_a_shard_that_hangs_is_not_waited_for_to_be_ready(
    cluster: RedisCluster, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "ANSWER_S_MAX", 60.0)
    patient = settings.redis.model_copy(update={"command_timeout_s": 60})
    redis = connect(settings.redis.url, patient)
    ready = Readiness(redis, keys_of(settings), Durability("memory"))
    assert isinstance(redis, Cluster)
    await redis.primaries()
    hanging = cluster.primaries[1]._process
    assert hanging is not None
    hanging.send_signal(signal.SIGSTOP)

    async with asyncio.timeout(30):
        assert await ready.why_not() == ""

    hanging.send_signal(signal.SIGCONT)
    await redis.aclose()


async def test_holds_end_in_time_while_another_shard_is_dead(
    cluster: RedisCluster, settings: Settings
) -> None:
    redis = connect(settings.redis.url, settings.redis)
    store = await asyncio.to_thread(store_on, redis, keys_of(settings))
    dead, well = (shop_on(store, settings, cluster.room_on(n, keys_of(settings))) for n in (1, 2))
    for shop in (dead, well):
        await shop.build()
    sale = await well.open(stock=1)
    await well.lapse(await well.buy("ann", sale))
    await cluster.primaries[1].kill()

    changed = await sweeper(store, settings).sweep([dead.id, well.id])

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
    store = await asyncio.to_thread(store_on, redis, keys_of(settings))
    list_on = slot_of(store.keys.rooms) // (SLOTS // len(cluster.primaries))
    shops = [shop_on(store, settings, cluster.room_on(n, keys_of(settings))) for n in (0, 1, 2)]
    for shop in shops:
        await shop.build()
        await shop.open()
    box = Outbox(store, settings, "w1", post)
    await box.deliver_all()
    told.clear()
    for shop in shops:
        await shop.open(sku="cup")
    dead = list_on or 1  # the one with the list, unless a replica would take over for it
    await cluster.primaries[dead].kill()

    await box.deliver_all()

    assert told == {shop.id for n, shop in enumerate(shops) if n != dead}
    await redis.aclose()


async def test_a_sleeping_room_changes_while_the_index_of_awake_rooms_is_dead_and_is_visited(
    cluster: RedisCluster, settings: Settings
) -> None:
    redis = connect(settings.redis.url, settings.redis)
    store = await asyncio.to_thread(store_on, redis, keys_of(settings))
    assert shard_of(cluster, store.keys.awake) == 0
    shop = shop_on(store, settings, cluster.room_on(1, store.keys))
    await shop.build()
    sale = await shop.open(stock=1)
    order = await shop.buy("ann", sale)
    await redis.set(shop.key("asleep"), "as if nothing were pending")
    await redis.zrem(store.keys.awake, shop.id)
    for node in (cluster.nodes[0], cluster.nodes[3]):
        await node.kill()

    await shop.lapse(order)
    assert await shop.sweeper.sweep([shop.id]) == 1
    assert await shop.counters(sale) == (1, 1, 0, 0)

    pages = AwakeRooms(store, Troubles("a test")).pages()
    assert shop.id in {room_id async for page in pages for room_id in page}
    await cluster.nodes[0].start()

    async def woken() -> bool:
        with contextlib.suppress(CommandError):
            await store.wake_unindexed()
        return not store.unindexed

    await until(woken)
    assert await redis.zscore(store.keys.awake, shop.id) is not None
    await redis.aclose()
