"""Following, announcing and fan groups where rooms, host and group are on different nodes."""

from contextlib import AsyncExitStack

import aiohttp
import pytest
from aiohttp import ClientSession

from client_sim.rest import Rest
from client_sim.tokens import mint
from server.features.books.audit import audit
from server.house import store_on
from server.protocol.roles import Role
from server.settings import Settings
from server.store.client import connect
from tests.cluster.conftest import keys_of
from tests.cluster.redis_cluster import RedisCluster, until
from tests.conftest import JWT_SECRET
from tests.running import Worker
from tests.server.talk import Talk, talk

# Workers start, and read their scripts, on the test's own loop.
pytestmark = pytest.mark.blocking_allowed


async def test_a_start_is_told_and_a_group_is_joined_across_nodes(
    cluster: RedisCluster, settings: Settings, workers: list[Worker]
) -> None:
    keys = keys_of(settings)
    new, old = cluster.room_on(0, keys), cluster.room_on(1, keys)
    one, two = (worker.url for worker in workers)
    async with AsyncExitStack() as stack:
        rest = await stack.enter_async_context(Rest(one, mint(JWT_SECRET, "h", "H", Role.HOST)))
        for room_id in (new, old):
            await rest.create(room_id, "Tea")
        await rest.open_group("h", "Tea people", "all")

        async def enter(user: str, room_id: str, url: str, role: Role = Role.VIEWER) -> Talk:
            made = await stack.enter_async_context(talk(url, room_id))
            joined = await made.join(mint(JWT_SECRET, user, user, role))
            assert joined["t"] == "ok", joined
            return made

        ann, bob = await enter("ann", old, one), await enter("bob", old, two)
        host = await enter("h", new, two, Role.HOST)
        assert (await ann.ask("follow"))["total"] == 1
        assert (await ann.ask("group.join"))["group"] == "fans:h"
        async with talk(one, new) as waiting:
            await waiting.join(mint(JWT_SECRET, "bob", "bob", Role.VIEWER))
            assert (await waiting.ask("reserve"))["total"] == 1
        chat = await enter("ann", "fans:h", two)
        assert (await chat.ask("comment", text="hi"))["t"] == "ok"
        await chat.hear(lambda m: m["t"] == "comment" and m["text"] == "hi")

        assert (await host.ask("live.start"))["t"] == "ok"

        heard = [await who.hear(lambda m: m["t"] == "announce") for who in (ann, bob, chat)]
        assert [news["why"] for news in heard] == ["follow", "reserved", "follow"]
        assert {news["room"] for news in heard} == {new}
        for url in (one, two):  # the list, and each room, may lie on another node
            http = await stack.enter_async_context(aiohttp.ClientSession(url))
            async with http.get("/v1/rooms?order=live_first&limit=2") as answer:
                rooms = await answer.json()
            assert [room["room"] for room in rooms] == [new, old]
        assert (await chat.ask("group.leave"))["t"] == "ok"
        assert await chat.end() == 4403

    redis = connect(settings.redis.url, settings.redis)
    try:
        store = store_on(redis, keys)

        async def all_lines() -> bool:
            return (await audit(store, new)).entries == 2

        await until(all_lines)
        assert (await audit(store, new)).differences == []
    finally:
        await redis.aclose()


async def test_revoked_tokens_and_bans_are_known_to_all_workers(
    cluster: RedisCluster, settings: Settings, workers: list[Worker]
) -> None:
    room, (one, two) = cluster.room_on(2, keys_of(settings)), (worker.url for worker in workers)
    root = {"Authorization": f"Bearer {mint(JWT_SECRET, 'root', 'Root', Role.ADMIN)}"}
    async with (
        Rest(one, mint(JWT_SECRET, "h", "H", Role.HOST)) as rest,
        ClientSession(headers=root, raise_for_status=True) as http,
        talk(two, room) as ann,
        talk(two, room) as bob,
    ):
        await rest.create(room, "Tea")
        for person, user in ((ann, "ann"), (bob, "bob")):
            assert (await person.join(mint(JWT_SECRET, user, user, Role.VIEWER)))["t"] == "ok"
        await http.post(f"{one}/v1/users/ann/revoke")
        await http.put(f"{one}/v1/rooms/{room}/bans/bob", json={"reason": "spam"})
        assert (await ann.end(), await bob.end()) == (4401, 4403)
