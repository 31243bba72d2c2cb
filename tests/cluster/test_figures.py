"""A host's figures where their rooms, and what is kept by host, are on different nodes."""

import pytest

from client_sim.rest import Rest
from client_sim.tokens import mint
from server.protocol.roles import Role
from tests.cluster.conftest import keys_of, stall
from tests.cluster.redis_cluster import RedisCluster, until
from tests.conftest import JWT_SECRET, MakeSettings
from tests.running import running

# Workers start, and read their scripts, on the test's own loop.
pytestmark = pytest.mark.blocking_allowed


async def test_figures_are_read_and_compared_across_nodes(
    cluster: RedisCluster, make_settings: MakeSettings
) -> None:
    settings = make_settings(
        redis={"url": cluster.url, "command_timeout_s": 10, "durability": "memory"},
        figures={"visits_interval_s": 0.1, "fresh_s": 0, "compare_s": 0},
    )
    rooms = [cluster.room_on(node, keys_of(settings)) for node in range(3)]
    token = mint(JWT_SECRET, "host", "Host", Role.HOST)
    async with running(settings, "w1") as worker, Rest(worker.url, token) as rest:
        for room_id in rooms:
            async with stall(room_id, [worker, worker], stock=100) as here:
                buyer = here.people[0]
                await buyer.follow()
                order = await buyer.buy(here.sale)
                await buyer.pay(order["order"])
                await here.host.live_end()

        async def all_visits_are_written() -> bool:
            last = await rest.read(f"rooms/{rooms[-1]}/figures")
            return bool(last["numbers"]["watchers"] == 2)

        await until(all_visits_are_written)
        figures = await rest.read(f"rooms/{rooms[-1]}/figures")

    numbers = figures["numbers"]
    assert (numbers["orders"], numbers["buyers"], numbers["viewers"]) == (1, 1, 2)
    assert (numbers["returning_buyers"], numbers["fan_orders"]) == (1, 1)
    assert figures["compared"]["gmv_gross.CNY"] == {"median": 400.0, "streams": 2, "change": 0.0}
