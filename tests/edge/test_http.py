"""Bad HTTP on the same port: refused with a code and a sentence, never with a traceback."""

import asyncio
import gzip
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.compression_utils import ZLibDecompressor

from server import app
from server.access.auth import SESSION_COOKIE
from server.protocol.roles import Role
from server.web import body as request_body
from tests.edge.conftest import Connect, Token
from tests.edge.raw_socket import RawSocket


def http(
    method: str, path: str, *lines: str, body: bytes = b"", length: int | None = None
) -> bytes:
    """An HTTP request as bytes; `length` contradicts the body."""
    size = len(body) if length is None else length
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {size}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


@pytest.fixture
def host(token: Token) -> str:
    return f"Authorization: Bearer {token('h1', Role.HOST)}"


async def error_of(raw: RawSocket, status: int) -> dict[str, Any]:
    """The error in the next response, which must have this status."""
    response = await raw.response()
    assert response.status == status, response
    error: dict[str, Any] = json.loads(response.body)["error"]
    assert error["msg"].endswith(".")
    return error


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"room":"a b","title":"x"}',
        b'{"room":"r9"}',
        b'{"room":"r9","title":""}',
        b'{"room":"r9","title":5}',
        b'{"room":"r9\\n","title":"x"}',
        b'{"room":"r9","title":"\\ud800"}',
        b'{"room":"r9","title":"x","scheduled":-1}',
        b'{"room":"r9","title":"x","scheduled":4102444800001}',
        b'{"room":"r9","title":"x","scheduled":9223372036854775808}',
        b'{"room":".","title":"x"}',
        b'{"room":"..","title":"x"}',
        b'{"room":"r9","title":"x","stream_url":"javascript:alert(1)"}',
        b'{"room":"r9","title":"x","y":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    ],
    ids=lambda body: repr(body[:50]),
)
async def test_a_body_that_cannot_be_read_is_a_bad_message(
    raw: RawSocket, host: str, body: bytes
) -> None:
    raw.send(http("POST", "/v1/rooms", host, body=body))
    assert (await error_of(raw, 400))["code"] == "bad_message"


async def test_a_body_that_is_too_big_is_refused_and_the_connection_closed(
    raw: RawSocket, host: str
) -> None:
    raw.send(http("POST", "/v1/rooms", host, body=b" " * 70_000))
    assert (await error_of(raw, 413))["code"] == "too_long"
    assert await raw.is_cut() == b""


@pytest.mark.parametrize("path", ["/v1/rooms", "/v1/nothing", "/"])
async def test_a_packed_body_is_refused_and_never_unpacked(
    raw: RawSocket, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    unpacked: list[object] = []
    monkeypatch.setattr(ZLibDecompressor, "__init__", lambda *args, **_: unpacked.append(args))
    packed = gzip.compress(bytes(200_000))
    raw.send(http("POST", path, "Content-Encoding: gzip", body=packed))
    assert (await error_of(raw, 415))["code"] == "bad_message"
    assert await raw.is_cut() == b""
    assert not unpacked


@pytest.mark.parametrize("path", ["/v1/rooms", "/v1/nothing"])
async def test_an_expectation_that_is_none_is_refused(raw: RawSocket, path: str) -> None:
    raw.send(http("GET", path).replace(b"Host", b"Expect: \xff\r\nHost"))
    assert (await error_of(raw, 417))["code"] == "bad_message"
    assert await raw.is_cut() == b""


@pytest.mark.parametrize("path", ["/v1/users/a%00b", "/v1/search?q=%00", "/r/%00"])
async def test_an_address_with_a_character_0_is_refused(raw: RawSocket, path: str) -> None:
    raw.send(http("GET", path))
    assert (await error_of(raw, 400))["code"] == "bad_message"
    assert await raw.is_cut() == b""


async def test_a_body_that_is_asked_for_is_sent_then(raw: RawSocket, host: str) -> None:
    body = b'{"room":"r2","title":"Tea"}'
    raw.send(http("POST", "/v1/rooms", host, "Expect: 100-continue", length=len(body)))
    assert (await raw.response()).status == 100
    raw.send(body)
    assert (await raw.response()).status == 201


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (http("GET", "/v1/rooms/r404"), 404, "not_found"),
        (http("GET", "/v1/nothing"), 404, "not_found"),
        (http("PATCH", "/v1/rooms"), 405, "bad_message"),
        (http("GET", "/v1/rooms?limit=-1"), 400, "bad_message"),
        (http("GET", "/v1/rooms?limit=%D9%A3"), 400, "bad_message"),
        (http("POST", "/v1/rooms", body=b"{}"), 401, "bad_token"),
        (http("POST", "/v1/rooms", "Authorization: Bearer", body=b"{}"), 401, "bad_token"),
        (http("POST", "/v1/rooms", "Authorization: Basic eA==", body=b"{}"), 401, "bad_token"),
        (http("POST", "/v1/rooms", "Authorization: Bearer a.b.c", body=b"{}"), 401, "bad_token"),
        (http("POST", "/v1/rooms", "Authorization: Bearer \xe9", body=b"{}"), 401, "bad_token"),
    ],
)
async def test_a_bad_request_gets_a_code_and_a_status(
    raw: RawSocket, request_: bytes, status: int, code: str
) -> None:
    raw.send(request_)
    assert (await error_of(raw, status))["code"] == code


@pytest.mark.parametrize(
    "origin", ["", "null", "http://[", "https://evil.example", "http://127.0.0.1@evil.example"]
)
async def test_a_cookie_changes_nothing_for_a_page_of_another_site(
    raw: RawSocket, token: Token, origin: str
) -> None:
    cookie = f"Cookie: {SESSION_COOKIE}={token('h1', Role.HOST)}"
    body = b'{"phase":"ended"}'
    raw.send(http("POST", "/v1/rooms/r1/live", cookie, f"Origin: {origin}", body=body))
    assert (await error_of(raw, 403))["code"] == "forbidden"


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/rooms HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\nhello",
        b"GET / HTTP/1.1\r\nHost: x\r\nX y: z\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"HELO mail.example\r\n\r\n",
    ],
    ids=lambda data: repr(data[:60]),
)
async def test_a_request_that_could_be_read_in_two_ways_is_refused(
    raw: RawSocket, bystander: RawSocket, data: bytes
) -> None:
    raw.send(data)
    assert (await raw.response()).status == 400
    await raw.is_cut()


async def test_a_chunk_that_is_none_ends_the_connection(raw: RawSocket, host: str) -> None:
    head = f"POST /v1/rooms HTTP/1.1\r\nHost: x\r\n{host}\r\nTransfer-Encoding: chunked\r\n\r\n"
    raw.send(head.encode() + b"zz\r\nhello\r\n")
    assert b" 400 " in (await raw.is_cut()).split(b"\r\n")[0]


class Lines(logging.Handler):
    """What is logged about requests, from the first line on."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[logging.LogRecord] = []
        self.said = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record)
        self.said.set()


@pytest.fixture
def lines() -> Iterator[Lines]:
    log, handler = logging.getLogger("server.web"), Lines()
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    yield handler
    log.setLevel(level)
    log.removeHandler(handler)


@pytest.mark.parametrize(
    "path", ["/v1/rooms", "/v1/session", "/v1/session/dev", "/v1/payments/events"]
)
async def test_a_client_that_leaves_within_its_body_is_no_trouble(
    connect: Connect, bystander: RawSocket, host: str, lines: Lines, path: str
) -> None:
    raw = await connect()
    head = (host, "Content-Type: application/json", "Expect: 100-continue")
    raw.send(http("POST", path, *head, body=b'{"room"', length=5000))
    assert (await raw.response()).status == 100
    raw.writer.transport.abort()
    await lines.said.wait()
    assert [line.levelno for line in lines.lines] == [logging.DEBUG]


async def test_a_bad_chunk_after_the_head_ends_the_connection(
    raw: RawSocket, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_body, "BODY_S_MAX", 0.05)
    head = (host, "Transfer-Encoding: chunked", "Expect: 100-continue")
    raw.send(http("POST", "/v1/rooms", *head).replace(b"Content-Length: 0\r\n", b""))
    assert (await raw.response()).status == 100
    raw.send(b"zz\r\nhello\r\n")
    assert (await error_of(raw, 400))["code"] == "bad_message"
    await raw.is_cut()


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"connections_max": 1}, "This worker holds 1 connections already."),
        ({"connections_per_address_max": 1}, "Your address has 1 connections already."),
    ],
)
async def test_sockets_that_speak_http_have_so_many_places(
    connect: Connect, limits: dict[str, Any], why: str
) -> None:
    first = await connect()
    first.send(http("GET", "/healthz"))
    assert (await first.response()).status == 200
    second = await connect()
    second.send(http("GET", "/healthz"))
    refused = await second.response()
    assert (refused.status, refused.body.strip()) == (503, why)
    assert int(refused.headers["retry-after"]) >= 1
    await (await connect()).upgrade()
    first.send(http("GET", "/healthz", "Connection: close"))
    assert (await first.response()).status == 200
    await first.is_cut()
    third = await connect()
    third.send(http("GET", "/healthz"))
    assert (await third.response()).status == 200


async def test_a_refused_change_changes_nothing(raw: RawSocket, token: Token) -> None:
    viewer = f"Authorization: Bearer {token('u1')}"
    raw.send(http("POST", "/v1/rooms/r1/live", viewer, body=b'{"phase":"ended"}'))
    assert (await error_of(raw, 403))["code"] == "forbidden"
    raw.send(http("GET", "/v1/rooms/r1"))
    assert json.loads((await raw.response()).body)["phase"] == "live"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "HTTP_IDLE_S", 0.1)


@pytest.mark.parametrize("said", [b"", b"GET /healthz HTTP/1.1\r\nX: "])
async def test_a_connection_that_does_not_get_on_with_its_next_request_ends(
    impatient: None, raw: RawSocket, said: bytes
) -> None:
    raw.send(http("GET", "/healthz"))
    assert (await raw.response()).status == 200
    raw.send(said)
    assert await raw.is_cut() == b""


async def test_every_route_of_the_openapi_document_is_on_the_page_of_the_protocol(
    raw: RawSocket,
) -> None:
    raw.send(http("GET", "/v1/openapi.json"))
    document = json.loads((await raw.response()).body)
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"| `{method.upper()} {path}` |" in page
