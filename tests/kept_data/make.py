"""Writes a data folder as a server leaves it: `python -m tests.kept_data.make PROGRAM FOLDER`.

PROGRAM is the redis-server to write it with, such as /usr/bin/redis-server. The server that is
asked to write is the one of this checkout: to keep data of an older version, run this file there.
Only what Redis keeps is left in FOLDER, no lock, log or secret.
"""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from client_sim.client import RoomClient
from client_sim.rest import Rest
from client_sim.tokens import mint, read_secret
from server.protocol.roles import Role

ROOM, ROUNDS = "kept", "rounds"


async def story(url: str, secret: str, redis: Redis) -> None:
    """One sale with a coupon: orders paid, held, cancelled and returned; talk beside it.

    The log of Redis is rewritten in the middle, so that a snapshot and commands are both in it.
    """
    async with AsyncExitStack() as stack:

        async def enter(name: str, role: Role = Role.VIEWER) -> RoomClient:
            token = mint(secret, name, name, role)
            return await stack.enter_async_context(RoomClient(url, ROOM, token))

        token = mint(secret, "host", "host", Role.HOST)
        async with Rest(url, token) as rest:
            await rest.create(ROOM, "Tea that was kept")
        host = await enter("host", Role.HOST)
        ann, bob, cid = [await enter(name) for name in ("ann", "bob", "cid")]
        await host.live_start()
        tea = {"sku": "tea", "title": "Tea 茶", "price": 1000, "currency": "CNY"}
        await host.shelf_put(tea)
        sale = (await host.sale_open("tea", 800, 10, per_user=4))["sale"]
        await ann.follow()
        await ann.comment("hello 你好")
        coupon = (await host.coupon_open("Two off", 3, amount=200, floor=800))["coupon"]
        claim = await ann.coupon_claim(coupon, key="claim-ann")
        first = await ann.buy(sale, 2, key="ann-1", claim=claim["claim"])
        await ann.pay(first["order"])

        await redis.bgrewriteaof()
        while (await redis.info("persistence"))["aof_rewrite_in_progress"]:
            await asyncio.sleep(0.05)

        await bob.buy(sale, 1, key="bob-1")
        await cid.cancel((await cid.buy(sale, 1, key="cid-1"))["order"])
        again = await cid.buy(sale, 1, key="cid-2")
        await cid.pay(again["order"])
        await host.order_return(again["order"], restock=True)
        await cid.comment("thank you")


async def rounds(url: str, secret: str) -> None:
    """A room in which a poll is open, a lucky draw too, and two wait for units; a fan group."""
    token = mint(secret, "host", "host", Role.HOST)
    async with Rest(url, token) as rest:
        await rest.create(ROUNDS, "Two rounds")
        await rest.open_group("host", "Friends of tea", "all")
    async with AsyncExitStack() as stack:

        async def enter(name: str, role: Role = Role.VIEWER) -> RoomClient:
            token = mint(secret, name, name, role)
            return await stack.enter_async_context(RoomClient(url, ROUNDS, token))

        host = await enter("host", Role.HOST)
        ann, bob, cid = [await enter(name) for name in ("ann", "bob", "cid")]
        await host.live_start()
        for question in ("Which pot?", "Which tea?"):
            poll = await host.poll_open(question, ["this", "that"])
            await ann.vote(poll["poll"], 1)
            if question == "Which pot?":
                await host.poll_close(poll["poll"])
        lucky = await host.lucky_open("A cup", 1)
        await bob.lucky_enter(lucky["lucky"])
        await host.shelf_put({"sku": "tea", "title": "Tea", "price": 1000, "currency": "CNY"})
        sale = (await host.sale_open("tea", 800, 1))["sale"]
        await ann.buy(sale, 1, key="ann-1")
        for viewer in (cid, bob):
            await viewer.waitlist(sale)


@asynccontextmanager
async def serving(program: Path, folder: Path) -> AsyncIterator[str]:
    """A server on a data folder, with this program as its private Redis; its URL."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "serve", "--port", "0", "--data-dir", str(folder)),
        env={"LIVEROOM_REDIS_SERVER_PATH": str(program), "LIVEROOM_SERVER_DRAIN_S": "1"},
        stdout=asyncio.subprocess.PIPE,
    )
    assert server.stdout is not None
    try:
        url = None
        while url is None:
            line = await server.stdout.readline()
            assert line, "the server ended"
            url = re.search(rb"http://[^\s/]+", line)
        yield url[0].decode()
    finally:
        server.terminate()
        await server.communicate()


async def write(program: Path, folder: Path) -> None:
    """Play the story on a server with a new folder, stop it, keep what Redis wrote."""
    with tempfile.TemporaryDirectory(prefix="lr-kept-") as data:
        home = Path(data) / "redis"
        async with serving(program, Path(data)) as url:
            redis = Redis(unix_socket_path=str(home / "redis.sock"))
            await story(url, read_secret(None, data), redis)
            await rounds(url, read_secret(None, data))
            await redis.aclose()
        others = shutil.ignore_patterns("*.log", "*.pid", "*.sock")
        shutil.copytree(home, folder / "redis", ignore=others)


if __name__ == "__main__":
    asyncio.run(write(Path(sys.argv[1]), Path(sys.argv[2])))
