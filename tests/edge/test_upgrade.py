"""Any request may ask for the WebSocket: in every form, and on a connection that spoke HTTP."""

import aiohttp
import pytest

from server.edge.edge import Edge
from server.protocol.roles import Role
from tests.edge.conftest import Connect, Token, time_is_up
from tests.edge.raw_socket import ACCEPT, KEY, PING, RawSocket, command, frame, request
from tests.running import Worker

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST /v1/rooms HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"


def changed(*swaps: tuple[str, str]) -> bytes:
    """A good upgrade request with parts of it said differently."""
    text = request().decode()
    for old, new in swaps:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


FORMS = {
    "as browsers send it": request(),
    "a list of protocols": changed(("Upgrade: websocket", "Upgrade: h2c, websocket")),
    "protocols on two lines": changed(("Upgrade: websocket", "Upgrade: h2c\r\nUpgrade: websocket")),
    "another case": changed(("Upgrade: websocket", "UPGRADE: WebSocket")),
    "no white space": changed(("Upgrade: websocket", "Upgrade:websocket")),
    "tabs": changed(("Upgrade: websocket", "Upgrade:\t websocket \t")),
    "empty parts of a list": changed(("Connection: Upgrade", "Connection: , keep-alive,,Upgrade,")),
    "two Connection lines": changed(
        ("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade")
    ),
    "an absolute target": changed(("GET /", "GET http://127.0.0.1/")),
    "an encoded path": changed(("/v1/rooms/r1/ws", "/v1/%72ooms/%721/ws")),
    "a body of no bytes": changed(("Host:", "Content-Length: 0\r\nHost:")),
    "an empty line before it": b"\r\n" + request(),
}


@pytest.mark.parametrize("before", [b"", HEALTH, POST], ids=["first", "after GET", "after POST"])
async def test_every_form_of_the_request_is_upgraded(connect: Connect, before: bytes) -> None:
    for name, form in FORMS.items():
        raw = await connect()
        if before:
            raw.send(before)
            await raw.response()
        raw.send(form)
        response = await raw.response()
        assert response.status == 101, name
        assert response.headers["sec-websocket-accept"] == ACCEPT, name
        raw.send(command("join", 3))
        assert (await raw.messages())[0]["room"]["room"] == "r1", name


@pytest.mark.parametrize("before", [b"", HEALTH], ids=["first", "after GET"])
async def test_a_token_in_the_join_opens_a_fan_group_wherever_the_upgrade_came(
    worker: Worker, raw: RawSocket, token: Token, before: bytes
) -> None:
    headers = {"Authorization": f"Bearer {token('h1', Role.HOST)}"}
    async with aiohttp.ClientSession(worker.url, headers=headers) as http:
        made = await http.put("/v1/hosts/h1/group", json={"title": "Tea people"})
        assert made.status == 200
    if before:
        raw.send(before)
        await raw.response()
    await raw.upgrade(room="fans:h1")
    raw.send(command("join", 3, token=token("h1", Role.HOST)))
    assert (await raw.messages())[0]["t"] == "ok"


@pytest.mark.parametrize("frames", [b"", command("join", 3)], ids=["alone", "with its join"])
async def test_an_upgrade_in_one_segment_with_requests_before_it_comes_after_their_answers(
    raw: RawSocket, frames: bytes
) -> None:
    raw.send(HEALTH, POST, request(), frames)
    assert [(await raw.response()).status for _ in range(3)] == [200, 401, 101]
    raw.send(b"" if frames else command("join", 3))
    assert (await raw.messages())[0]["ref"] == 3


async def test_a_connection_upgraded_late_counts_as_a_websocket_and_no_longer_as_http(
    raw: RawSocket, edge: Edge
) -> None:
    raw.send(HEALTH)
    await raw.response()
    assert (len(edge.http_sockets), len(edge.connections)) == (1, 0)
    await raw.upgrade()
    assert (len(edge.http_sockets), len(edge.connections)) == (0, 1)
    assert len(edge._places) == 1


async def test_a_connection_upgraded_late_must_join_in_time(raw: RawSocket, edge: Edge) -> None:
    raw.send(HEALTH)
    await raw.response()
    await raw.upgrade()
    time_is_up(edge.waiting_for_join)
    assert (await raw.ended())[0] == 4408


REFUSED = {
    "another site's page": (request("r1", "Origin: https://evil.example"), 403),
    "an unknown version": (changed(("Version: 13", "Version: 8")), 426),
    "no key": (request(drop="Sec-WebSocket-Key"), 400),
    "two keys": (request("r1", f"Sec-WebSocket-Key: {KEY}"), 400),
    "an impossible room": (request(path="/v1/rooms/a%20b/ws"), 404),
    "no Connection": (request(drop="Connection"), 426),
    "no Upgrade": (request(drop="Upgrade"), 426),
    "only other protocols": (changed(("Upgrade: websocket", "Upgrade: h2c, foo")), 426),
    "a name that only begins so": (changed(("Upgrade: websocket", "Upgrade: websocket2")), 426),
    "two Hosts": (request("r1", "Host: evil.example"), 400),
    "no Host": (request(drop="Host"), 400),
    "a body": (request("r1", "Content-Length: 4") + b"abcd", 400),
    "a head that is too big": (request("r1", *(f"X-{n}: {'y' * 900}" for n in range(10))), 431),
}


@pytest.mark.parametrize("before", [b"", HEALTH], ids=["first", "after GET"])
async def test_a_bad_request_for_it_is_refused_and_the_socket_ends(
    connect: Connect, bystander: RawSocket, before: bytes
) -> None:
    for name, (sent, status) in REFUSED.items():
        raw = await connect()
        if before:
            raw.send(before)
            await raw.response()
        raw.send(sent)
        response = await raw.response()
        assert response.status == status, name
        assert response.body, name
        await raw.is_cut()


@pytest.mark.parametrize("limits", [{"connections_max": 1}])
async def test_a_full_worker_refuses_a_late_upgrade(connect: Connect) -> None:
    await (await connect()).upgrade()
    late = await connect()
    late.send(HEALTH)
    await late.response()
    late.send(request())
    response = await late.response()
    assert (response.status, "holds 1 connections" in response.body) == (503, True)
    assert int(response.headers["retry-after"]) >= 1
    assert await late.is_cut() == b""


async def test_the_cookie_speaks_on_a_late_upgrade_too(raw: RawSocket, token: Token) -> None:
    raw.send(HEALTH)
    await raw.response()
    cookie = f"Cookie: liveroom_session={token('ann')}"
    raw.send(request("r1", "Origin: http://127.0.0.1", cookie), command("join"))
    assert (await raw.response()).status == 101
    assert (await raw.messages())[0]["you"]["user"] == "ann"


async def test_pings_right_behind_a_late_upgrade_are_answered(raw: RawSocket) -> None:
    raw.send(HEALTH)
    await raw.response()
    raw.send(request(), frame(b"x", PING))
    assert (await raw.response()).status == 101
    assert (await raw.received()).payload == b"x"


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("https://shop.example", "shop.example:443", 101),
        ("http://shop.example:80", "shop.example", 101),
        ("http://SHOP.example", "shop.EXAMPLE", 101),
        ("https://shop.example", "shop.example:80", 403),
        ("http://[::1]:8080", "[::1]:8080", 101),
        ("http://shop.example@evil.example", "evil.example", 403),
        ("file://shop.example", "shop.example", 403),
    ],
)
async def test_a_default_port_may_be_written_or_left_out(
    raw: RawSocket, origin: str, host: str, status: int
) -> None:
    raw.send(changed(("Host: 127.0.0.1", f"Host: {host}\r\nOrigin: {origin}")))
    assert (await raw.response()).status == status


@pytest.mark.parametrize(
    ("bits", "agreed"), [("8", False), ("9", False), ("14", False), ("15", True), (None, True)]
)
async def test_a_window_smaller_than_the_shared_one_is_not_agreed_to(
    raw: RawSocket, bits: str | None, agreed: bool
) -> None:
    wanted = f"; server_max_window_bits={bits}" if bits else ""
    response = await raw.upgrade(f"Sec-WebSocket-Extensions: permessage-deflate{wanted}")
    assert ("sec-websocket-extensions" in response.headers) == agreed


async def test_of_two_offers_the_one_without_a_small_window_is_taken(raw: RawSocket) -> None:
    offers = "permessage-deflate; server_max_window_bits=10, permessage-deflate"
    response = await raw.upgrade(f"Sec-WebSocket-Extensions: {offers}")
    assert "server_max_window_bits" not in response.headers["sec-websocket-extensions"]


OTHER_COOKIES = {
    "JSON": 'g_state={"i_l":0}',
    "brackets": "cart[items]=2",
    "spaces": "features= width:1920 height:1080",
    "no equals sign": "consent",
    "no name": "=x",
    "a quoted comma": 'theme="a,b"',
    "an attribute's name": "path=/x",
    "a name that ends like ours": "my_liveroom_session=no",
    "not ASCII": "city=Zürich",
}


async def test_a_cookie_of_another_program_hides_nobody(connect: Connect, token: Token) -> None:
    for name, other in OTHER_COOKIES.items():
        raw = await connect()
        cookie = f"Cookie: {other}; liveroom_session={token('ann')}; {other}"
        raw.send(request("r1", "Origin: http://127.0.0.1", cookie), command("join"))
        assert (await raw.response()).status == 101
        assert (await raw.messages())[0]["you"]["user"] == "ann", name
