"""Two workers on a real Redis Cluster of three primaries."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from client_sim.client import RoomClient
from client_sim.tokens import mint
from server.protocol.roles import Role
from server.settings import Settings
from server.store.cluster import slot_of
from tests.cluster.books import audit
from tests.cluster.conftest import keys_of, selling, stall
from tests.cluster.redis_cluster import RedisCluster, until
from tests.conftest import JWT_SECRET
from tests.running import Worker

# Workers start, and read their scripts, on the test's own loop.
pytestmark = pytest.mark.blocking_allowed


async def sees_sold(person: RoomClient, sale: str, sold: int) -> None:
    """Wait until a viewer's own state shows so many sold."""

    async def shown() -> bool:
        found = person.state.sale(sale)
        return found is not None and found["sold"] >= sold

    await until(shown)


async def test_rooms_on_every_node_sell_through_both_workers(
    cluster: RedisCluster, settings: Settings, workers: list[Worker]
) -> None:
    rooms = [cluster.room_on(n, keys_of(settings)) for n in range(3)]
    async with AsyncExitStack() as stack:
        stalls = [await stack.enter_async_context(stall(room, workers)) for room in rooms]

        async with selling(stalls) as bought:
            await until(lambda: asyncio.sleep(0, len(bought) >= 60))

        await audit(settings, stalls, bought)
        for one in stalls:
            sold = sum(order["at"] == one.room_id for order in bought.values())
            for person in (one.host, *one.people):
                await sees_sold(person, one.sale, sold)
                assert person.connections == 1


async def test_a_cut_subscription_is_made_anew_and_nobody_misses_an_event(
    cluster: RedisCluster, settings: Settings, workers: list[Worker]
) -> None:
    room_id = cluster.room_on(1, keys_of(settings))
    async with stall(room_id, workers) as one:
        async with selling([one]) as bought:
            await until(lambda: asyncio.sleep(0, len(bought) >= 20))
            cut = await cluster.primaries[1].client.execute_command("CLIENT KILL TYPE PUBSUB")
            await one.host.notice("Still here?")
            before = len(bought)
            await until(lambda: asyncio.sleep(0, len(bought) >= before + 20))

        assert int(cut) == 2
        for person in one.people:
            await until(lambda person=person: asyncio.sleep(0, person.state.view.get("notice")))
            assert person.state.view["notice"] == "Still here?"
            await sees_sold(person, one.sale, len(bought))
            assert person.connections == 1
        await audit(settings, [one], bought)


async def test_a_slot_moves_under_a_sale_and_nothing_is_lost(
    cluster: RedisCluster, settings: Settings, workers: list[Worker]
) -> None:
    keys = keys_of(settings)
    room_id = cluster.room_on(0, keys)
    source, target = cluster.primaries[0], cluster.primaries[2]
    async with stall(room_id, workers) as one:
        async with selling([one]) as bought:
            await until(lambda: asyncio.sleep(0, len(bought) >= 20))
            moved = await cluster.move_slot(slot_of(keys.room(room_id, "room")), source, target)
            await one.host.notice("Moved")
            before = len(bought)
            await until(lambda: asyncio.sleep(0, len(bought) >= before + 20))

        assert moved > 5
        for person in one.people:
            await until(lambda person=person: asyncio.sleep(0, person.state.view.get("notice")))
            await sees_sold(person, one.sale, len(bought))
            assert person.connections == 1
        assert await cluster.listening(target, keys.room(room_id, "bus")) == len(workers)
        await audit(settings, [one], bought)


async def test_workers_are_ready_and_operators_see_them_together(
    workers: list[Worker], settings: Settings
) -> None:
    token = mint(JWT_SECRET, "ops", "Ops", Role.ADMIN)

    async def told(path: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(workers[0].url + path) as answer,
        ):
            return await answer.json()

    async with asyncio.timeout(60):  # a slow machine is ready late
        while await told("/readyz") != {"status": "ready"}:
            await asyncio.sleep(0.05)
    seen = await told("/v1/ops")
    assert [worker["worker"] for worker in seen["workers"]] == ["w1", "w2"]
    assert seen["redis"]["memory_bytes"] > 1_000_000
