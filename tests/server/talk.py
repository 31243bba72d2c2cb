"""A client that shows everything: messages as they come, `bye`, and how the connection ended."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

Message = dict[str, Any]


class Gone(Exception):
    """The connection was closed while something was waited for."""


class Talk:
    """One connection to one room."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._refs = itertools.count(1)
        self._news = asyncio.Event()
        self.messages: list[Message] = []
        self.replies: dict[int, Message] = {}
        self.closed_with: int | None = None

    async def read(self) -> None:
        """Read until the connection is closed."""
        try:
            async for frame in self._socket:
                for message in json.loads(frame):
                    if message["t"] in ("ok", "err"):
                        self.replies[message["ref"]] = message
                    self.messages.append(message)
                self._news.set()
        except ConnectionClosed:
            pass
        self.closed_with = self._socket.close_code
        self._news.set()

    async def tell(self, op: str, **fields: Any) -> int:
        """Send a command; its ref."""
        ref = next(self._refs)
        try:
            await self._socket.send(json.dumps({"op": op, "ref": ref} | fields))
        except ConnectionClosed as closed:
            raise Gone(str(closed)) from None
        return ref

    async def ask(self, op: str, **fields: Any) -> Message:
        """Send a command and wait for its reply."""
        ref = await self.tell(op, **fields)
        await self.wait_for(lambda: ref in self.replies)
        return self.replies[ref]

    async def join(self, token: str | None = None, **more: Any) -> Message:
        """Join; the reply, whatever it is."""
        return await self.ask("join", **({"token": token} if token else {}), **more)

    async def hear(self, wanted: Callable[[Message], bool]) -> Message:
        """The first message of this kind, once it is there."""
        await self.wait_for(lambda: any(map(wanted, self.messages)))
        return next(message for message in self.messages if wanted(message))

    async def end(self) -> int | None:
        """The close code, once the connection is closed."""
        await self.wait_for(lambda: self.closed_with is not None)
        return self.closed_with

    async def wait_for(self, true: Callable[[], bool]) -> None:
        while not true():
            if self.closed_with is not None:
                raise Gone(f"closed with {self.closed_with}")
            self._news.clear()
            await self._news.wait()

    @property
    def seqs(self) -> list[int]:
        """The seqs of the must-events heard."""
        return [m["seq"] for m in self.messages if "seq" in m and m["t"] != "ok"]


@asynccontextmanager
async def talk(url: str, room: str = "r1") -> AsyncIterator[Talk]:
    """Connect to a room."""
    address = url.replace("http://", "ws://") + f"/v1/rooms/{room}/ws"
    async with connect(address, compression=None, ping_interval=None, open_timeout=120) as socket:
        made = Talk(socket)
        reader = asyncio.create_task(made.read())
        try:
            yield made
        finally:
            await socket.close()
            await reader
