"""A server of the test's own on this machine, that other programs post to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class Listener:
    """Keeps what was posted: `posts` all of it, `taken` what was answered 200. `url` is where it
    listens. A subclass has `handle`, which sets `news` after each change."""

    def __init__(self) -> None:
        self.posts: list[dict[str, Any]] = []
        self.taken: list[dict[str, Any]] = []
        self.url = ""
        self.news = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a post."""
        raise NotImplementedError

    async def until(self, state: Callable[[], bool]) -> None:
        """Wait until posts have brought about a state."""
        while not state():
            self.news.clear()
            await self.news.wait()


@asynccontextmanager
async def listening(listener: Listener) -> AsyncIterator[None]:
    """Let it listen on a free port of this machine; hanging answers are cut at the end."""
    app = web.Application()
    app.router.add_post("/", listener.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.01)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        listener.url = f"http://{host}:{port}/"
        yield
    finally:
        await runner.cleanup()
