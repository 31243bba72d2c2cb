"""The other system, over real HTTP: keeps what it was told, answers as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answer = Callable[[dict[str, Any]], Awaitable[int]]


async def ok(_: dict[str, Any]) -> int:
    """Take everything."""
    return 200


class Receiver:
    """`answer(body)` gives the status of each post; lines of posts answered 200 are `taken`."""

    def __init__(self, answer: Answer = ok) -> None:
        self.answer = answer
        self.posts: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []
        self.url = ""
        self._news = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.posts.append(body)
        self._news.set()
        status = await self.answer(body)
        if status == 200:
            self.taken += [line | {"room": body["room"]} for line in body["lines"]]
        self._news.set()
        return web.Response(status=status)

    def numbers(self, room: str) -> list[int]:
        """The numbers of the lines taken of a room, in the order they came."""
        return [line["n"] for line in self.taken if line["room"] == room]

    async def until(self, state: Callable[[], bool]) -> None:
        """Wait until posts have brought about a state."""
        while not state():
            self._news.clear()
            await self._news.wait()


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    """Let it listen on a free port of this machine; hanging answers are cut at the end."""
    app = web.Application()
    app.router.add_post("/", receiver.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        receiver.url = f"http://{host}:{port}/"
        yield receiver
    finally:
        await runner.cleanup()
