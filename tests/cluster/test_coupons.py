"""Coupons for circles whose people stand on another node than the room."""

from typing import Any

import pytest

from client_sim.rest import Rest
from client_sim.tokens import mint
from server.protocol.roles import Role
from server.settings import Settings
from tests.cluster.conftest import keys_of
from tests.cluster.redis_cluster import RedisCluster
from tests.conftest import JWT_SECRET
from tests.running import Worker
from tests.server.talk import talk

# Workers start, and read their scripts, on the test's own loop.
pytestmark = pytest.mark.blocking_allowed


@pytest.mark.parametrize("audience", ["followers", "group"])
async def test_members_are_known_across_nodes(
    cluster: RedisCluster, settings: Settings, workers: list[Worker], audience: str
) -> None:
    # Of two rooms on two nodes at least one is apart from the host's keys, and from the group's.
    host = mint(JWT_SECRET, "h", "H", Role.HOST)
    async with Rest(workers[0].url, host) as rest:
        await rest.open_group("h", "Tea people", "all")
        for node, worker in enumerate(workers):
            room_id = cluster.room_on(node, keys_of(settings))
            await rest.create(room_id, "Tea")
            claimed, refused = await claim_both(worker.url, room_id, host, audience)
            assert claimed["claim"]["user"] == "ann"
            assert refused["code"] == "forbidden"


async def claim_both(url: str, room_id: str, host: str, audience: str) -> tuple[Any, Any]:
    """What ann, who belongs to the audience, and bob, who does not, are answered to a claim."""
    async with talk(url, room_id) as giver, talk(url, room_id) as ann, talk(url, room_id) as bob:
        await giver.join(host)
        await ann.join(mint(JWT_SECRET, "ann", "ann", Role.VIEWER))
        await bob.join(mint(JWT_SECRET, "bob", "bob", Role.VIEWER))
        await ann.ask("follow" if audience == "followers" else "group.join")
        terms = {"title": "C", "quota": 9, "currency": "CNY", "percent": 5}
        opened = await giver.ask("coupon.open", audience=audience, **terms)
        claim = {"coupon": opened["coupon"]["coupon"], "key": "k"}
        return await ann.ask("coupon.claim", **claim), await bob.ask("coupon.claim", **claim)
