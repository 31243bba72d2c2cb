"""The load client of the fan-out benchmark, against a small real server that knows what it sent."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace

import pytest
from websockets.asyncio.server import ServerConnection, broadcast, serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

from loadtest.fanout.client import CClient
from loadtest.fanout.contenders import peer_comments, upgrade
from loadtest.fanout.plan import Crowd, LoadClient, Talk
from loadtest.fanout.slow_client import PythonClient

DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover"
# The one in C is only there where a compiler is.
CLIENTS = [PythonClient, *([CClient] if shutil.which("cc") else [])]
NewClient = Callable[[Talk, Crowd], LoadClient]


class Room:
    """Greets whoever says hello, and sends all that publishers say to all, `copies` in a frame."""

    def __init__(self, copies: int) -> None:
        self.copies = copies
        self.hellos: set[str] = set()
        self.published = 0
        self.viewers: set[ServerConnection] = set()

    async def __call__(self, connection: ServerConnection) -> None:
        self.hellos.add(str(await connection.recv()))
        self.viewers.add(connection)
        await connection.send("[]")
        async for text in connection:
            self.published += 1
            broadcast(self.viewers, "[" + ",".join([str(text)] * self.copies) + "]")


class LineRoom(Room):
    """Speaks by line, as Centrifugo does: both replies in one frame, or each in its own; pings."""

    def __init__(self) -> None:
        super().__init__(copies=1)
        self.pongs: set[ServerConnection] = set()

    async def __call__(self, connection: ServerConnection) -> None:
        self.hellos.add(str(await connection.recv()))
        self.viewers.add(connection)
        in_one_frame = len(self.viewers) % 2
        for frame in ["[]\n[]"] if in_one_frame else ["[]", "[]"]:
            await connection.send(frame)
        async for text in connection:
            if text == "{}":
                self.pongs.add(connection)
                continue
            self.published += 1
            pinged = "{}\n" if self.published % 2 else ""
            broadcast(self.viewers, pinged + str(text) + ("" if pinged else "\n{}"))


@asynccontextmanager
async def serving(room: Room, *, alone: bool = True) -> AsyncIterator[int]:
    extension = ServerPerMessageDeflateFactory(
        server_no_context_takeover=alone, client_no_context_takeover=True
    )
    async with serve(room, "127.0.0.1", 0, compression=None, extensions=[extension]) as server:
        yield server.sockets[0].getsockname()[1]


def talk(*, viewers: int, deflate: bool) -> Talk:
    hellos = tuple(json.dumps({"op": "join", "n": n}).encode() for n in range(viewers + 2))
    request = upgrade("/", *([DEFLATE] if deflate else []))
    return Talk(request, upgrade("/"), peer_comments(), hellos, greetings=1)


@pytest.mark.parametrize("new_client", CLIENTS)
@pytest.mark.parametrize("deflate", ["", "alone", "by a window"])
async def test_every_comment_that_reaches_a_viewer_is_counted_once(
    new_client: NewClient, deflate: str
) -> None:
    room = Room(copies=3)
    async with serving(room, alone=deflate != "by a window") as port:
        said = talk(viewers=20, deflate=bool(deflate))
        with closing(new_client(said, Crowd(port, viewers=20, publishers=2))) as client:
            joins = await asyncio.to_thread(client.join, 22, 120)
            while_publishing = await asyncio.to_thread(client.deliver, 100, 0.5)
            delivered = while_publishing.delivered
            while delivered < while_publishing.published * 20 * 3:
                delivered += (await asyncio.to_thread(client.deliver, 0, 0.3)).delivered
            delivered += (await asyncio.to_thread(client.deliver, 0, 0.3)).delivered  # and no more

    assert (joins.joined, joins.failed) == (22, 0)
    assert room.hellos == {json.dumps({"op": "join", "n": n}) for n in range(22)}
    assert while_publishing.published == room.published > 0
    assert delivered == room.published * 20 * 3
    assert while_publishing.quantile_ms(0.5) is not None
    assert while_publishing.closed == 0


@pytest.mark.parametrize("new_client", CLIENTS)
async def test_messages_that_share_a_frame_by_line_greet_count_and_ping(
    new_client: NewClient,
) -> None:
    room = LineRoom()
    async with serving(room) as port:
        said = replace(talk(viewers=6, deflate=False), greetings=2, by_line=True)
        with closing(new_client(said, Crowd(port, viewers=6, publishers=2))) as client:
            joins = await asyncio.to_thread(client.join, 8, 120)
            told = await asyncio.to_thread(client.deliver, 50, 0.3)
            delivered = told.delivered
            while delivered < told.published * 6:
                delivered += (await asyncio.to_thread(client.deliver, 0, 0.3)).delivered
            answers = room.viewers if new_client is not PythonClient else set()  # see slow_client
            while room.pongs != answers:
                await asyncio.to_thread(client.deliver, 0, 0.1)

    assert (joins.joined, joins.failed) == (8, 0)
    assert delivered == room.published * 6 > 0


@pytest.mark.parametrize("new_client", CLIENTS)
async def test_a_server_that_refuses_viewers_is_reported_not_waited_for(
    new_client: NewClient,
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        crowd = Crowd(port, viewers=5, publishers=2)
        with closing(new_client(talk(viewers=5, deflate=False), crowd)) as client:
            joins = await asyncio.to_thread(client.join, 5, 120)

    assert (joins.joined, joins.failed) == (0, 5)
