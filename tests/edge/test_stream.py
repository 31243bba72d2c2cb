"""The stream: the room by HTTP, for who can't open a WebSocket. Bytes, limits, and how it ends."""

import asyncio
import itertools
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from server.access.auth import SESSION_COOKIE
from server.edge.edge import Edge
from server.edge.event_stream import SAID_BYTES_MAX
from server.protocol.roles import Role
from tests.edge.conftest import Connect, Token
from tests.edge.raw_socket import RawSocket
from tests.edge.raw_stream import RawStream, get, post
from tests.running import Worker

Listen = Callable[..., Awaitable[RawStream]]
Say = Callable[..., Awaitable[Any]]


def bearer(token: str) -> str:
    return f"Authorization: Bearer {token}"


@pytest.fixture
def listen(connect: Connect) -> Listen:
    """`await listen("Last-Event-ID: e:1")`: a stream of the room r1."""

    async def opened(*lines: str, **more: Any) -> RawStream:
        return await RawStream(await connect()).open(*lines, **more)

    return opened


@pytest.fixture
def say(connect: Connect, token: Token) -> Say:
    """`await say("comment", text="hi", user="ann")`: the reply to a command by POST."""

    async def said(op: str, user: str = "u1", role: Role = Role.VIEWER, **fields: Any) -> Any:
        raw = await connect()
        raw.send(post({"op": op, "ref": 7} | fields, bearer(token(user, role))))
        response = await raw.response()
        assert response.status == 200, response.body
        return response.body

    return said


async def test_a_viewer_by_http_gets_what_a_viewer_by_websocket_gets(
    listen: Listen, joined: RawSocket, token: Token, say: Say, edge: Edge
) -> None:
    stream = await listen(bearer(token("ann")), query="?source=search:q-1")
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["cache-control"] == "no-store, no-transform"
    first = await stream.sent()
    [reply] = first.messages
    assert reply["you"] == {"user": "ann", "name": "Ann", "role": "viewer"}
    assert reply["room"]["room"] == "r1"
    assert first.id == f"{reply['epoch']}:{reply['seq']}"
    assert edge.metrics.connections._value.get() == 2
    assert edge.metrics.event_streams._value.get() == 1

    await say("notice", "h1", Role.HOST, text="Hello")
    await say("comment", "ann", text="hi")
    notice, heard = await stream.sent(), await joined.message("notice")
    assert notice.messages[0] == heard
    assert notice.id == f"{reply['epoch']}:{heard['seq']}"
    comment = await stream.sent()
    assert comment.messages[0] == await joined.message("comment")
    assert comment.id == "", "an event without a must-event leaves the last id as it is"


async def test_a_stream_goes_on_after_the_last_event_that_was_heard(
    listen: Listen, say: Say
) -> None:
    stream = await listen()
    place = (await stream.sent()).id
    for text in ("one", "two"):
        await say("notice", "h1", Role.HOST, text=text)
    by_header = await (await listen(f"Last-Event-ID: {place}")).sent()
    by_query = await (await listen(query=f"?last_event_id={place}")).sent()
    for back in (by_header, by_query):
        assert [event["text"] for event in back.messages[0]["missed"]] == ["one", "two"]
        assert "gap" not in back.messages[0]
    for other in ("another:1", f"{place}000"):
        [reply] = (await (await listen(f"Last-Event-ID: {other}")).sent()).messages
        assert reply["gap"], "an epoch that is not ours, and a seq that never was"


REFUSED = {
    "an id without a place": (get("r1", "Last-Event-ID: nonsense"), 400),
    "a seq that is no number": (get("r1", "Last-Event-ID: e:-1"), 400),
    "a long id": (get("r1", "Last-Event-ID: " + "x" * 5000 + ":1"), 400),
    "ten thousand bytes": (get("r1", "Last-Event-ID: " + "x" * 10_000), 431),
    "a long id in the query": (get(query="?last_event_id=" + "x" * 5000), 400),
    "an unknown parameter": (get(query="?token=abc"), 400),
    "a source of no kind": (get(query="?source=moon"), 400),
    "a room that is not there": (get("nowhere"), 404),
    "no possible room": (get("r%20%2F1"), 404),
    "a bad token": (get("r1", "Authorization: Bearer nonsense"), 401),
    "another origin": (get("r1", "Origin: https://evil.example"), 403),
    "a picture on another page": (get("r1", "Sec-Fetch-Site: cross-site"), 403),
    "two origins": (get("r1", "Origin: http://127.0.0.1", "Origin: https://evil.example"), 403),
}


async def test_what_can_not_be_a_stream_is_refused_with_a_status_and_a_sentence(
    connect: Connect, token: Token, edge: Edge, bystander: RawSocket
) -> None:
    elsewhere = get("r1", bearer(token("ann", rooms=["r2"])))
    for name, (head, status) in (REFUSED | {"another room": (elsewhere, 403)}).items():
        raw = await connect()
        raw.send(head)
        response = await raw.response()
        assert response.status == status, (name, response)
        assert response.body.rstrip().endswith((".", '."}}', '?"}}')), (name, response)
        await raw.close()
    assert edge.metrics.event_streams._value.get() == 0


@pytest.mark.parametrize("limits", [{"origins": ("https://shop.example",)}])
async def test_a_page_of_a_listed_origin_listens_with_a_token_and_never_by_cookie(
    listen: Listen, connect: Connect, token: Token
) -> None:
    shop, cookie = "Origin: https://shop.example", f"Cookie: {SESSION_COOKIE}={token('ann')}"
    stream = await listen(shop, cookie)
    assert stream.headers["access-control-allow-origin"] == "https://shop.example"
    assert (await stream.sent()).messages[0]["you"]["role"] == "guest"
    stream = await listen(shop, bearer(token("ann")))
    assert (await stream.sent()).messages[0]["you"]["user"] == "ann"
    stream = await listen(cookie)  # a page of our own: browsers send no Origin then
    assert (await stream.sent()).messages[0]["you"]["user"] == "ann"

    raw = await connect()
    raw.send(post({"op": "comment", "ref": 1, "text": "hi"}, shop, cookie))
    refused = await raw.response()
    assert refused.status == 403
    assert refused.headers["access-control-allow-origin"] == "https://shop.example"
    for origin, status in (("https://shop.example", 204), ("https://evil.example", 403)):
        for path in ("stream", "commands"):
            raw = await connect()
            head = f"OPTIONS /v1/rooms/r1/{path} HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n\r\n"
            raw.send(head.encode())
            response = await raw.response()
            assert response.status == status
            allowed = response.headers.get("access-control-allow-headers", "")
            assert ("Authorization" in allowed) is (status == 204)


@pytest.mark.parametrize("limits", [{"connections_per_address_max": 2}])
async def test_streams_and_sockets_share_their_places(
    listen: Listen, connect: Connect, joined: RawSocket, edge: Edge
) -> None:
    stream = await listen()
    raw = await connect()
    raw.send(get())
    refused = await raw.response()
    assert refused.status == 503
    assert "Your address has 2 connections already." in refused.body
    assert int(refused.headers["retry-after"]) >= 1
    assert edge.metrics.rejected.labels("full")._value.get() == 1
    await stream.raw.close()
    while edge.metrics.event_streams._value.get():
        await asyncio.sleep(0)
    await listen()


async def test_a_later_request_of_a_connection_may_open_a_stream(
    connect: Connect, edge: Edge
) -> None:
    raw = await connect()
    raw.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await raw.response()).status == 200
    assert (await (await RawStream(raw).open()).sent()).messages[0]["t"] == "ok"
    assert len(edge.http_sockets) == 0


async def test_a_quiet_stream_is_kept_alive_by_comments(
    listen: Listen, edge: Edge, say: Say
) -> None:
    stream = await listen()
    await stream.sent()
    await edge._ping_all()
    await say("notice", "h1", Role.HOST, text="Hello")
    assert (await stream.sent()).messages[0]["t"] == "notice"
    assert stream.heartbeats == 1


async def test_a_drain_says_when_to_come_back(listen: Listen, worker: Worker) -> None:
    stream = await listen()
    await stream.sent()
    worker.drain()
    last = await stream.sent()
    [bye] = last.messages
    assert bye["code"] == 4000
    assert last.retry == str(bye["reconnect_ms"]), "an EventSource waits as long"
    assert await stream.raw.is_cut() == b""


async def test_who_signs_out_everywhere_hears_why_the_stream_ends(
    listen: Listen, token: Token, edge: Edge
) -> None:
    stream = await listen(bearer(token("ann")))
    await stream.sent()
    edge.end_signed_out("ann", 2**50)
    last = await stream.sent()
    assert last.messages == [{"t": "bye", "code": 4401}]
    assert last.retry == ""
    assert await stream.raw.is_cut() == b""


@pytest.mark.parametrize("limits", [{"send_buffer_bytes": 4096, "commands_burst": 5000}])
async def test_a_stream_that_is_not_read_is_cut_as_a_socket_is(
    worker: Worker, edge: Edge, say: Say
) -> None:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.setblocking(False)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", worker.port))
    idle = RawSocket(*await asyncio.open_connection(sock=made, limit=4096))
    await RawStream(idle).open()
    [member] = edge.connections
    for text in itertools.cycle("xy"):  # the same line again would be told to nobody
        if member.behind_since:
            break
        await say("notice", "h1", Role.HOST, text=text * 500)
    member.behind_since -= edge.settings.hub.behind_s_max + 1
    await say("notice", "h1", Role.HOST, text="the last")
    while edge.connections:
        await asyncio.sleep(0)
    assert edge.metrics.cut_behind._value.get() == 1
    await idle.close()


async def test_a_client_that_talks_into_its_stream_is_cut(listen: Listen, edge: Edge) -> None:
    stream = await listen()
    await stream.sent()
    stream.raw.send(b"x" * (SAID_BYTES_MAX + 1))
    await stream.raw.is_cut()
    assert not edge.connections
