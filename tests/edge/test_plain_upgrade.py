"""Requests that are read without websockets' parser are answered as it would answer them."""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.access.auth import SESSION_COOKIE
from server.edge.handshake import Handshake, is_upgrade, shake_hands
from server.edge.plain_upgrade import plain_upgrade
from server.house import Settings
from tests.edge.raw_socket import KEY, request

OWN = "http://live.example"
SETTINGS = {
    deflate: Settings.model_validate(
        {
            "edge": {"deflate": deflate, "origins": ["https://shop.example"]},
            "server": {"public_url": OWN},
        }
    )
    for deflate in (True, False)
}
VALUES: dict[str, list[str]] = {
    "Host": ["127.0.0.1", "live.example", "live.example:80", "", "[::1]:8080", "a b", "ä"],
    "Upgrade": ["websocket", "WebSocket", "h2c, websocket", "h2c", "", "websocket/13"],
    "Connection": ["Upgrade", "keep-alive, Upgrade", "close", "", "Upgrade,", "upgrade; x"],
    "Sec-WebSocket-Version": ["13", "8", "", "13, 8", "013"],
    "Sec-WebSocket-Key": [KEY, "A" * 22 + "==", "A" * 24, "c2hvcnQ=", "!", "", KEY + " "],
    "Origin": [OWN, "https://shop.example", "null", "http://[", "", "http://live.example:80"],
    "Sec-WebSocket-Protocol": ["liveroom.v1.json", "liveroom.v1.msgpack", "chat", "", "a, b", ","],
    "Sec-WebSocket-Extensions": [
        "permessage-deflate", "permessage-deflate; client_max_window_bits",
        "permessage-deflate; server_max_window_bits=10", "x-other", "", ";", "permessage-deflate;",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
        "permessage-deflate; client_max_window_bits, permessage-deflate",
    ],
    "Cookie": [f"{SESSION_COOKIE}=abc", "a=b; c", "", f'x=y; {SESSION_COOKIE}="q"'],
    "User-Agent": [
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
        "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 CriOS/140.0 Mobile/15E148 Safari/604.1", "",
    ],
    "Content-Length": ["0", "5", ""],
    "Transfer-Encoding": ["chunked"],
    "X-Else": ["1", "\t two ", "\xff", "\x00", "\x7f", "a\rb", "x" * 5000, "x" * 9000],
    "Bad Name": ["1"],
}  # fmt: skip
LINES = [
    "GET /v1/rooms/r1/ws HTTP/1.1", "GET /v1/rooms/r1/ws?x=1&y#z HTTP/1.1",
    "GET /v1/rooms/r1/ws?a%20b HTTP/1.1", "GET /v1/rooms/r%31/ws HTTP/1.1",
    "GET http://live.example/v1/rooms/r1/ws HTTP/1.1", "GET /v1/rooms//ws HTTP/1.1",
    "POST /v1/rooms/r1/ws HTTP/1.1", "GET /v1/rooms/r1/ws HTTP/1.0", "GET /v1/rooms/r1/ws",
    f"GET /v1/rooms/{'x' * 65}/ws HTTP/1.1", "GET /v1/rooms/a@b:c.d-e_f/ws HTTP/1.1",
]  # fmt: skip
USUAL = [
    "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
    f"Sec-WebSocket-Key: {KEY}",
]  # fmt: skip


def others() -> st.SearchStrategy[str]:
    """A line of any kind."""
    known = [f"{name}: {value}" for name, values in VALUES.items() for value in values]
    return st.one_of(
        st.sampled_from([*known, "no colon", " folded: x", ": empty", "A:b"]),
        st.text(st.characters(max_codepoint=255), max_size=20),
    )


@st.composite
def heads(draw: st.DrawFn) -> bytes:
    """Mostly usual requests, with some fields of other values, left out, twice, or in disorder."""
    fields = [line for line in USUAL if draw(st.integers(0, 15))]
    fields += draw(st.lists(others(), max_size=4))
    lines = [line.encode("latin-1") for line in draw(st.permutations(fields))]
    if draw(st.integers(0, 5)) == 0:
        lines = [line.swapcase() if b"Key" not in line else line for line in lines]
    first = draw(st.sampled_from([LINES[0]] * 6 + LINES)).encode()
    head = b"\r\n".join([first, *lines, b"", b""])
    return head[: head.index(b"\r\n\r\n") + 4]  # as the listener cuts it


def compared(found: Handshake) -> Any:
    """What must be equal: all but the date, and extensions by what they do."""
    answer = re.sub(rb"Date: [^\r]*", b"", found.answer)
    if found.accepted is None:
        return answer, found.status
    *same, extensions = found.accepted
    return answer, found.status, same, [repr(one) for one in extensions]


@given(heads(), st.booleans())
@example(request("r1", "Host: other"), True)
@example(request("r1", "Sec-WebSocket-Key: " + "A" * 22 + "=="), True)
@example(request("r1", "Origin: null"), True)
@example(request("r1", "Content-Length: 5"), True)
@example(request("r1", "Sec-WebSocket-Protocol:"), True)
def test_a_plain_request_is_answered_as_websockets_answers_it(head: bytes, deflate: bool) -> None:
    plain, settings = plain_upgrade(head), SETTINGS[deflate]
    assert compared(shake_hands(head, plain, settings)) == compared(
        shake_hands(head, None, settings)
    )
    assert plain is None or is_upgrade(head)


CHROME = (
    "Pragma: no-cache", "Cache-Control: no-cache", "User-Agent: Mozilla/5.0 (X11; Linux x86_64)",
    f"Origin: {OWN}", "Accept-Encoding: gzip, deflate, br, zstd", "Accept-Language: zh-CN,zh;q=0.9",
    f"Cookie: theme=dark; {SESSION_COOKIE}={'e' * 300}", "Sec-WebSocket-Protocol: liveroom.v1.json",
    "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
)  # fmt: skip


@pytest.mark.parametrize(
    "head",
    [
        request(),
        request("r1", *CHROME),
        request("r1", *CHROME).replace(b"Connection: Upgrade", b"Connection: keep-alive, Upgrade"),
        request("r1", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https"),
    ],
    ids=["a library's", "Chrome's", "Firefox's", "through a proxy"],
)
def test_usual_requests_are_plain(head: bytes) -> None:
    assert plain_upgrade(head) is not None
