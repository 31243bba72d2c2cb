"""Sockets that cost without giving: replies that nobody reads, and sockets that say nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from server.edge.edge import Edge
from server.edge.listener import READ_BYTES_MIN, HttpSocket
from tests.edge.conftest import Connect, shorten, time_is_up
from tests.edge.raw_socket import PING, RawSocket, frame, request
from tests.running import Worker

SMALL = 4096
BIG_FILE = b"GET /static/ui/french.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
SENT = {"send_buffer_bytes": SMALL}


@pytest.fixture
async def idle_reader(worker: Worker) -> AsyncIterator[RawSocket]:
    """A client whose kernel takes little before the program must read."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", worker.port))
    raw = RawSocket(*await asyncio.open_connection(sock=made, limit=SMALL))
    yield raw
    await raw.close()


@pytest.fixture
def gone(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when a socket of any kind has ended."""
    event = asyncio.Event()
    for places in (edge.http_sockets, edge._places):
        monkeypatch.setattr(places, "remove", _then(places.remove, event))
    return event


def _then(act: Callable[[str], None], event: asyncio.Event) -> Callable[[str], None]:
    def both(address: str) -> None:
        act(address)
        event.set()

    return both


@pytest.mark.parametrize("limits", [SENT | {"unread_s_max": 0.1}])
async def test_an_http_reply_that_nobody_reads_ends_its_socket(
    idle_reader: RawSocket, edge: Edge, gone: asyncio.Event
) -> None:
    idle_reader.send(BIG_FILE * 20)
    await gone.wait()
    assert len(edge.http_sockets) == 0
    assert edge.metrics.closed.labels("unread")._value.get() == 1


@pytest.mark.parametrize("limits", [SENT])
async def test_a_slow_reader_is_kept_as_long_as_it_reads(
    idle_reader: RawSocket, edge: Edge, gone: asyncio.Event
) -> None:
    idle_reader.send(BIG_FILE)
    await idle_reader.reader.readuntil(b"\r\n\r\n")  # the reply is on its way, and waits
    await idle_reader.reader.readexactly(READ_BYTES_MIN + SMALL)
    late = _wait_is_over(edge)
    assert late._transport is not None
    assert not late._transport.is_closing()
    _wait_is_over(edge)  # and it has read nothing since
    await gone.wait()


def _wait_is_over(edge: Edge) -> HttpSocket:
    [(_, late)] = edge.unread._queue
    assert isinstance(late, HttpSocket)
    late._paused_at -= edge.settings.edge.unread_s_max
    time_is_up(edge.unread)
    return late


@pytest.mark.parametrize(
    "limits", [SENT | {"unread_s_max": 0.1, "commands_burst": 10_000, "join_s_max": 60}]
)
async def test_a_websocket_that_reads_nothing_before_its_join_ends(
    idle_reader: RawSocket, edge: Edge, gone: asyncio.Event
) -> None:
    idle_reader.send(request(), frame(b"x" * 125, PING) * 5000)
    await gone.wait()
    assert not edge.connections


@pytest.mark.parametrize("limits", [SENT])
async def test_a_refusal_that_nobody_reads_ends_its_socket(
    idle_reader: RawSocket, edge: Edge, gone: asyncio.Event
) -> None:
    shorten(edge.closing)
    await idle_reader.upgrade()
    idle_reader.send(frame("{" * 200) * 200)
    await gone.wait()
    assert not edge.connections


@pytest.mark.parametrize("limits", [{"connections_per_address_max": 2}, {"connections_max": 2}])
async def test_sockets_that_say_nothing_have_so_many_places(connect: Connect, edge: Edge) -> None:
    first, second = await connect(), await connect()
    refused = await connect()
    response = await refused.response()
    assert response.status == 503
    assert "2 connections already" in response.body
    assert await refused.is_cut() == b""
    await first.upgrade()  # it has a place of another kind now
    shorten(edge.waiting_for_head)
    third = await connect()
    assert (await third.response()).status == 408
    await third.is_cut()
    await second.upgrade()
    assert len(edge.silent_sockets) == 0
