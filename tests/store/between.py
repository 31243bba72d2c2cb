"""A balancer in front of a Redis: where new connections lead, and what becomes of idle ones."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator


class Between:
    """Forwards TCP to `target` (a port); `opened` counts the connections so far."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.port = 0
        self.opened = 0
        self._idle: list[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = []
        self._forgotten: set[asyncio.StreamWriter] = set()
        self._resetting: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def reset_now(self) -> None:
        """Reset all connections, as a balancer does that tells both sides."""
        for client, server in self._idle:
            client.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            client.transport.abort()
            server.close()

    def close_all(self) -> None:
        """End all connections, as a `timeout` of Redis does."""
        for client, server in self._idle:
            client.close()
            server.close()

    def reset_all(self) -> None:
        """Answer whatever comes next on the connections there are with a reset."""
        self._resetting.update(client for client, _ in self._idle)

    def forget_all(self) -> None:
        """Swallow whatever comes next on the connections there are."""
        self._forgotten.update(client for client, _ in self._idle)

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection both ways until either side ends."""
        self.opened += 1
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._idle.append((writer, to_writer))
        ways = (
            asyncio.create_task(self._forward(reader, to_writer, writer)),
            asyncio.create_task(self._forward(to_reader, writer, writer)),
        )
        self._tasks.update(ways)
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for each in (writer, to_writer):
            each.close()

    async def _forward(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65_536):
                if client in self._resetting:
                    client.transport.abort()
                    return
                if client not in self._forgotten:
                    sink.write(data)

    async def end(self) -> None:
        """Forward nothing any more."""
        self.close_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def between(target: int) -> AsyncIterator[Between]:
    """Listen on 127.0.0.1 and forward to a port of it."""
    made = Between(target)
    async with await asyncio.start_server(made.accept, "127.0.0.1", 0) as listener:
        made.port = listener.sockets[0].getsockname()[1]
        yield made
        await made.end()
