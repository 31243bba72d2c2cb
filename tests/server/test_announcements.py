"""A start is told across two workers, to real connections and to another system."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from aiohttp import web

from server.protocol.roles import Role
from tests.conftest import MakeSettings
from tests.running import running
from tests.server.conftest import OpenShop, Token
from tests.server.talk import Talk, talk


@asynccontextmanager
async def other_system() -> AsyncIterator[tuple[str, asyncio.Queue[dict[str, Any]]]]:
    """A server that takes the outbox's posts: its URL, and the lines posted."""
    lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        for line in json.loads(await request.read())["lines"]:
            lines.put_nowait(line)
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/", lines
    finally:
        await runner.cleanup()


async def test_a_user_who_reserved_or_follows_hears_of_the_start_on_any_worker_and_by_the_outbox(
    make_settings: MakeSettings, shop: OpenShop, token: Token
) -> None:
    async with AsyncExitStack() as stack:
        url, lines = await stack.enter_async_context(other_system())
        settings = make_settings(
            outbox={"url": url, "interval_s": 0.05},
            community={"announce_repeat_s": 0.05},
            redis={"command_timeout_s": 60},
        )
        one = await stack.enter_async_context(running(settings, "w1"))
        two = await stack.enter_async_context(running(settings, "w2"))
        host = shop(one.url)
        await host.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea tonight"})
        await host.send("POST", "/v1/rooms", {"room": "r0", "title": "Tea earlier"})

        async def enter(user: str, room: str, worker: str) -> Talk:
            made = await stack.enter_async_context(talk(worker, room))
            assert (await made.join(token(user)))["t"] == "ok"
            return made

        async with talk(two.url, "r1") as ann:
            await ann.join(token("ann"))
            assert (await ann.ask("reserve"))["total"] == 1
        bob = await enter("bob", "r1", one.url)
        assert (await bob.ask("follow"))["total"] == 1
        ann = await enter("ann", "r0", two.url)
        eve = await enter("eve", "r0", one.url)
        assert (await eve.ask("follow"))["total"] == 2

        await host.send("POST", "/v1/rooms/r1/live", {"phase": "live"})

        why = {"ann": await ann.hear(_is_news), "eve": await eve.hear(_is_news)}
        assert {user: (news["room"], news["why"]) for user, news in why.items()} == {
            "ann": ("r1", "reserved"),
            "eve": ("r1", "follow"),
        }
        posted: dict[str, list[str]] = {"reserved": [], "follow": []}
        while sum(map(len, posted.values())) < 3:
            line = await lines.get()
            posted[line["to"]] += line["users"]
        assert (posted["reserved"], sorted(posted["follow"])) == (["ann"], ["bob", "eve"])
        assert not any(map(_is_news, bob.messages))


async def test_a_follow_is_seen_in_the_room_on_the_other_worker(
    make_settings: MakeSettings, shop: OpenShop, token: Token
) -> None:
    settings = make_settings(redis={"command_timeout_s": 60})
    async with running(settings, "w1") as one, running(settings, "w2") as two:
        await shop(one.url).send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
        async with talk(one.url) as ann, talk(two.url) as watching:
            await watching.join()
            await ann.join(token("ann"))
            await ann.ask("follow")
            await watching.hear(lambda m: m["t"] == "followers" and m["total"] == 1)
            await ann.ask("follow", on=False)
            await watching.hear(lambda m: m["t"] == "followers" and m["total"] == 0)
        async with talk(one.url) as host:
            await host.join(token("h1", Role.HOST))
            refused = await host.ask("follow")
            assert (refused["t"], refused["code"]) == ("err", "conflict")


def _is_news(message: dict[str, Any]) -> bool:
    return bool(message["t"] == "announce")
