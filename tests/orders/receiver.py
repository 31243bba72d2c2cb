"""The other system, over real HTTP: keeps what it was told, answers as a test wants."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.listening import Listener, listening

Answer = Callable[[dict[str, Any]], Awaitable[int]]


async def ok(_: dict[str, Any]) -> int:
    """Take everything."""
    return 200


class Receiver(Listener):
    """`answer(body)` gives the status of each post; lines of posts answered 200 are `taken`."""

    def __init__(self, answer: Answer = ok) -> None:
        super().__init__()
        self.answer = answer

    async def handle(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.posts.append(body)
        self.news.set()
        status = await self.answer(body)
        if status == 200:
            self.taken += [line | {"room": body["room"]} for line in body["lines"]]
        self.news.set()
        return web.Response(status=status)

    def numbers(self, room: str) -> list[int]:
        """The numbers of the lines taken of a room, in the order they came."""
        return [line["n"] for line in self.taken if line["room"] == room]


@asynccontextmanager
async def receiving(receiver: Receiver) -> AsyncIterator[Receiver]:
    """Let it listen on a free port of this machine; hanging answers are cut at the end."""
    async with listening(receiver):
        yield receiver
