"""From the first byte of a socket to the end of the upgrade."""

import asyncio

import pytest

from server.access.auth import SESSION_COOKIE
from server.edge.edge import Edge
from server.edge.handshake import shake_hands
from server.edge.plain_upgrade import plain_upgrade
from server.settings import Settings
from tests.edge.conftest import Connect, Token, shorten
from tests.edge.raw_socket import ACCEPT, CLOSE, FIN, PING, PONG, RawSocket, command, frame, request


async def test_a_good_request_is_upgraded(raw: RawSocket) -> None:
    response = await raw.upgrade()
    assert response.headers["sec-websocket-accept"] == ACCEPT
    assert response.headers["upgrade"].lower() == "websocket"
    assert "sec-websocket-protocol" not in response.headers
    assert "sec-websocket-extensions" not in response.headers


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        ("liveroom.v1.json", "liveroom.v1.json"),
        ("liveroom.v1.msgpack", "liveroom.v1.msgpack"),
        ("liveroom.v9.cbor, liveroom.v1.msgpack, liveroom.v1.json", "liveroom.v1.msgpack"),
    ],
)
async def test_the_first_known_subprotocol_is_taken(
    raw: RawSocket, offered: str, taken: str
) -> None:
    response = await raw.upgrade(f"Sec-WebSocket-Protocol: {offered}")
    assert response.headers["sec-websocket-protocol"] == taken


async def test_only_unknown_subprotocols_are_refused_with_the_known_ones(raw: RawSocket) -> None:
    raw.send(request("r1", "Sec-WebSocket-Protocol: chat, liveroom.v2.json"))
    response = await raw.response()
    assert response.status == 400
    assert "liveroom.v1.json, liveroom.v1.msgpack" in response.body


@pytest.mark.parametrize(
    ("asked", "kept"), [("", True), ("; server_no_context_takeover", False)], ids=["yes", "no"]
)
async def test_the_server_keeps_its_window_for_clients_that_can(
    raw: RawSocket, asked: str, kept: bool
) -> None:
    response = await raw.upgrade(f"Sec-WebSocket-Extensions: permessage-deflate{asked}")
    agreed = response.headers["sec-websocket-extensions"].split("; ")
    assert agreed[0] == "permessage-deflate"
    assert "client_no_context_takeover" in agreed
    assert ("server_no_context_takeover" not in agreed) == kept


CHROME = "Mozilla/5.0 ({}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
MAC, IPHONE = "Macintosh; Intel Mac OS X 10_15_7", "iPhone; CPU iPhone OS 18_6 like Mac OS X"
APPLES = "Mozilla/5.0 ({}) AppleWebKit/605.1.15 (KHTML, like Gecko) "
AGENTS = {
    "Chrome on a Mac": (CHROME.format(MAC), True),
    "WeChat on Android": (CHROME.format("Linux; Android 15") + " MicroMessenger/8.0.60", True),
    "Firefox on a Mac": ("Mozilla/5.0 (Macintosh; rv:142.0) Gecko/20100101 Firefox/142.0", True),
    "Safari": (APPLES.format(MAC) + "Version/18.6 Safari/605.1.15", False),
    "Chrome on an iPhone": (APPLES.format(IPHONE) + "CriOS/140.0 Mobile/15E148", False),
    "WeChat on an iPhone": (APPLES.format(IPHONE) + "Mobile/15E148 MicroMessenger/8.0.60", False),
    "an app on an iPhone": ("Shop/3.1 CFNetwork/1568.100.1 Darwin/24.0.0", False),
}


@pytest.mark.parametrize("plainly", [True, False])
@pytest.mark.parametrize(("agent", "compresses"), AGENTS.values(), ids=AGENTS)
def test_apples_websocket_gets_plain_frames_unless_told_otherwise(
    agent: str, compresses: bool, plainly: bool
) -> None:
    deflate = "Sec-WebSocket-Extensions: permessage-deflate"
    head = request("r1", deflate, f"User-Agent: {agent}")
    for wanted in (False, True):
        settings = Settings.model_validate({"edge": {"deflate_apple": wanted}})
        answer = shake_hands(head, plain_upgrade(head) if plainly else None, settings)
        assert answer.accepted is not None
        agreed = compresses or wanted
        assert bool(answer.accepted.extensions) is agreed
        assert answer.accepted.variant.deflate is agreed
        assert (b"permessage-deflate" in answer.answer) is agreed


@pytest.mark.parametrize("plainly", [True, False])
@pytest.mark.parametrize("asked", ["", "; server_no_context_takeover"])
def test_no_connection_has_a_compressor_of_its_own(asked: str, plainly: bool) -> None:
    head = request("r1", f"Sec-WebSocket-Extensions: permessage-deflate{asked}")
    settings = Settings.model_validate({})
    accepted = shake_hands(head, plain_upgrade(head) if plainly else None, settings).accepted
    assert accepted is not None
    [reader] = accepted.extensions
    assert not hasattr(reader, "encoder")
    assert accepted.variant.window is not bool(asked)


@pytest.mark.parametrize("limits", [{"deflate": False}])
async def test_compression_can_be_turned_off(raw: RawSocket) -> None:
    response = await raw.upgrade("Sec-WebSocket-Extensions: permessage-deflate")
    assert "sec-websocket-extensions" not in response.headers


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (request(drop="Sec-WebSocket-Key"), 400),
        (request(drop="Sec-WebSocket-Version"), 400),
        (request("r1", "Sec-WebSocket-Version: 8", drop="Sec-WebSocket-Version"), 426),
        (request("r1", "Sec-WebSocket-Key: c2hvcnQ=", drop="Sec-WebSocket-Key"), 400),
        (request("r1", "Sec-WebSocket-Key: !", drop="Sec-WebSocket-Key"), 400),
        (request("r1", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="), 400),
        (request(drop="Connection"), 426),
        (request(drop="Upgrade"), 426),
        (request("r1", "Upgrade: h2c", drop="Upgrade"), 426),
        (request(path="/v1/rooms/a%20b/ws"), 404),
        (request("x" * 65), 404),
        (request(path="/v1/rooms/%ff/ws"), 404),
        (request().replace(b"GET ", b"POST "), 405),
        (request().replace(b"HTTP/1.1", b"HTTP/1.0"), 505),
        (request("r1", "no colon here"), 400),
        (request("r1", "Bad Name: x"), 400),
        (request("r1", "X-Nul: \x00"), 400),
        (request("r1", " folded: x"), 400),
        (request("r1", "Origin: http://[", "Cookie: a=b"), 403),
        (b"GET\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ],
    ids=lambda value: repr(value)[:60],
)
async def test_a_bad_handshake_gets_a_status_and_the_socket_ends(
    raw: RawSocket, bystander: RawSocket, data: bytes, status: int
) -> None:
    raw.send(data)
    response = await raw.response()
    assert response.status == status
    assert response.body
    if b"upgrade:" in data.lower():  # else it is HTTP, which may go on
        assert await raw.is_cut() == b""


@pytest.mark.parametrize("path", ["/v1/rooms/r1/ws/more", "/v1/rooms//ws", "/"])
async def test_any_other_path_is_plain_http(raw: RawSocket, path: str) -> None:
    raw.send(request(path=path))
    assert (await raw.response()).status in {200, 302, 404}


async def test_an_unknown_version_is_told_the_known_one(raw: RawSocket) -> None:
    raw.send(request("r1", "Sec-WebSocket-Version: 99", drop="Sec-WebSocket-Version"))
    assert (await raw.response()).headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("query", ["", "?", "?v=1", "?token=never-read"])
async def test_a_query_changes_nothing(raw: RawSocket, query: str) -> None:
    raw.send(request(path=f"/v1/rooms/r1/ws{query}"))
    assert (await raw.response()).status == 101


async def test_a_percent_encoded_room_is_that_room(raw: RawSocket) -> None:
    raw.send(request(path="/v1/rooms/%72%31/ws"))
    assert (await raw.response()).status == 101
    raw.send(command("join"))
    assert (await raw.messages())[0]["room"]["room"] == "r1"


# Origins


@pytest.mark.parametrize(
    ("limits", "origin", "status"),
    [
        ({}, None, 101),
        ({}, "http://127.0.0.1", 101),
        ({}, "https://evil.example", 403),
        ({}, "null", 403),
        ({}, "http://127.0.0.1.evil.example", 403),
        ({}, "http://127.0.0.1:9", 403),
        ({"origins": ["https://shop.example"]}, "https://shop.example", 101),
        ({"origins": ["https://shop.example"]}, "http://shop.example", 403),
        ({"origins": ["https://shop.example"]}, "http://127.0.0.1", 101),
        ({"origins": ["*"]}, "https://any.example", 101),
    ],
)
async def test_a_web_page_connects_from_allowed_origins_only(
    raw: RawSocket, origin: str | None, status: int
) -> None:
    raw.send(request("r1", *([f"Origin: {origin}"] if origin else [])))
    assert (await raw.response()).status == status


@pytest.mark.parametrize("limits", [{"origins": ["https://shop.example"]}])
@pytest.mark.parametrize("good", ["https://shop.example", "http://127.0.0.1"])
async def test_a_second_origin_does_not_hide_a_bad_one(raw: RawSocket, good: str) -> None:
    raw.send(request("r1", f"Origin: {good}", "Origin: https://evil.example"))
    assert (await raw.response()).status == 403


@pytest.mark.parametrize(
    ("origin", "role"), [("http://127.0.0.1", "viewer"), (None, "guest"), ("http://x", None)]
)
async def test_a_cookie_speaks_for_a_page_of_this_server_only(
    raw: RawSocket, token: Token, origin: str | None, role: str | None
) -> None:
    lines = [f"Cookie: {SESSION_COOKIE}={token()}", *([f"Origin: {origin}"] if origin else [])]
    raw.send(request("r1", *lines))
    if role is None:
        assert (await raw.response()).status == 403
        return
    assert (await raw.response()).status == 101
    raw.send(command("join"))
    assert (await raw.messages())[0]["you"]["role"] == role


# Time and size of the head


@pytest.mark.parametrize("said", [b"", b"\r\n\r\n", b"GET /v1/rooms/r1/ws HTTP/1.1\r\nHost: x\r\n"])
async def test_a_client_that_never_ends_its_head_is_sent_away(
    edge: Edge, connect: Connect, said: bytes
) -> None:
    shorten(edge.waiting_for_head)
    raw = await connect()
    raw.send(said)
    response = await raw.response()
    assert response.status == 408
    assert await raw.is_cut() == b""


async def test_a_head_that_drips_is_measured_from_its_first_byte(
    edge: Edge, connect: Connect
) -> None:
    shorten(edge.waiting_for_head, 0.3)
    raw = await connect()

    async def drip() -> None:
        raw.send(b"GET /v1/rooms/r1/ws HTTP/1.1\r\nX: ")
        while True:
            raw.send(b"y")
            await asyncio.sleep(0.01)

    async with asyncio.TaskGroup() as group:
        dripping = group.create_task(drip())
        assert (await raw.response()).status == 408
        dripping.cancel()


async def test_a_head_may_come_in_any_pieces(raw: RawSocket) -> None:
    for byte in request():
        raw.send(bytes([byte]))
        await raw.writer.drain()
        await asyncio.sleep(0)
    assert (await raw.response()).status == 101


@pytest.mark.parametrize("limits", [{"request_head_bytes_max": 1024}])
@pytest.mark.parametrize(
    "head",
    [request("r1", "X: " + "y" * 1024), b"GET /" + b"a" * 2000, b"\x00" * 1025],
    ids=["whole", "unended", "binary"],
)
async def test_a_head_that_is_too_big_is_refused(raw: RawSocket, head: bytes) -> None:
    raw.send(head)
    assert (await raw.response()).status == 431
    assert await raw.is_cut() == b""


async def test_a_client_that_leaves_within_its_head_is_no_trouble(
    connect: Connect, bystander: RawSocket
) -> None:
    for said in (b"", b"GET /v1", request()[:-2]):
        raw = await connect()
        raw.send(said)
        raw.writer.write_eof()
        await raw.is_cut()


# One port for both


async def test_http_and_websocket_share_the_port(connect: Connect) -> None:
    plain, raw = await connect(), await connect()
    plain.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await plain.response()).status == 200
    await raw.upgrade()


async def test_http_requests_sent_together_are_all_answered(raw: RawSocket) -> None:
    raw.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
    assert [(await raw.response()).status for _ in range(3)] == [200, 200, 200]


async def test_frames_that_come_with_the_request_are_read(raw: RawSocket) -> None:
    raw.send(request(), command("join", 5), frame(b"x", PING))
    assert (await raw.response()).status == 101
    got = [await raw.received() for _ in range(2)]  # the pong overtakes the reply
    assert (FIN | PONG, b"x") in got
    assert any(b'"ref":5' in payload for _, payload in got)


# Full


async def full_answer(raw: RawSocket) -> str:
    raw.send(request())
    response = await raw.response()
    assert response.status == 503
    assert int(response.headers["retry-after"]) >= 1
    assert await raw.is_cut() == b""
    return response.body


@pytest.mark.parametrize("limits", [{"connections_max": 2}])
async def test_a_full_worker_says_so_and_has_room_again_when_one_leaves(
    connect: Connect,
) -> None:
    first, second = await connect(), await connect()
    await first.upgrade()
    await second.upgrade()
    assert "holds 2 connections" in await full_answer(await connect())
    first.send(frame(b"\x03\xe8", CLOSE))
    await first.is_cut()
    await (await connect()).upgrade()


@pytest.mark.parametrize("limits", [{"connections_per_address_max": 1}])
async def test_one_address_cannot_take_every_place(connect: Connect) -> None:
    await (await connect()).upgrade()
    assert "Your address has 1" in await full_answer(await connect())


@pytest.mark.parametrize("limits", [{"connections_max": 1}])
async def test_a_refused_handshake_takes_no_place(connect: Connect) -> None:
    refused = await connect()
    refused.send(request("r1", "Origin: https://evil.example"))
    assert (await refused.response()).status == 403
    await refused.is_cut()
    await (await connect()).upgrade()


@pytest.mark.parametrize("limits", [{"connections_max": 1}])
async def test_a_full_worker_still_answers_http(connect: Connect) -> None:
    await (await connect()).upgrade()
    plain = await connect()
    plain.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await plain.response()).status == 200
