"""Reads the upgrade requests that almost every client sends; all others are websockets' to judge.

A request is plain if each of its fields has the form that browsers, proxies and WebSocket libraries
give it. Then reading it takes a tenth of the time. Nothing is refused here: a request that is
unusual in any way is not plain, and `handshake` reads it with websockets' own parser.
"""

import base64
import functools
import hashlib
import re
import time
from email.utils import formatdate
from typing import Final, NamedTuple

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 section 1.3
_HEAD: Final = re.compile(
    rb"GET /v1/rooms/([A-Za-z0-9_.:@-]{1,64})/ws(?:\?[!-\"$-~]*)? HTTP/1\.1\r\n"
    rb"((?:[-!#$%&'*+.^_`|~0-9a-zA-Z]+:[\t\x20-\x7e\x80-\xff]*\r\n){1,64})\r\n"
)
"""A room's id, and the fields; the same characters as websockets allows in them."""
_LINE_BYTES_MAX: Final = 4096
"""Longer lines are not plain; websockets refuses them from 8192 on."""
_KEY: Final = re.compile(rb"[A-Za-z0-9+/]{22}==")
_CONNECTION: Final = frozenset({b"upgrade", b"keep-alive, upgrade", b"upgrade, keep-alive"})
_BODY: Final = (b"content-length", b"transfer-encoding")


class PlainUpgrade(NamedTuple):
    """What a plain request asks for; None for a field that it does not have."""

    room_id: str
    key: bytes
    host: str
    origin: str | None
    subprotocol: str | None
    extensions: str | None
    cookie: str | None
    user_agent: str | None


def plain_upgrade(head: bytes) -> PlainUpgrade | None:
    """Read a complete request head; None if it is not a plain upgrade request."""
    read = _HEAD.fullmatch(head)
    if read is None:
        return None
    lines = read[2].split(b"\r\n")
    lines.pop()  # the text after the last line's end, which is empty
    fields = {}
    for line in lines:
        name, _, value = line.partition(b":")
        fields[name.lower()] = value.strip(b" \t")
    field = fields.get
    key, host = field(b"sec-websocket-key", b""), field(b"host")
    if (
        len(fields) < len(lines)  # a field that comes twice
        or max(map(len, lines)) > _LINE_BYTES_MAX
        or host is None
        or field(b"upgrade", b"").lower() != b"websocket"
        or field(b"connection", b"").lower() not in _CONNECTION
        or field(b"sec-websocket-version") != b"13"
        or _KEY.fullmatch(key) is None
        or not fields.keys().isdisjoint(_BODY)
    ):
        return None
    return PlainUpgrade(
        read[1].decode("ascii"),
        key,
        host.decode("latin-1"),
        _text(field(b"origin")),
        _text(field(b"sec-websocket-protocol")),
        _text(field(b"sec-websocket-extensions")),
        _text(field(b"cookie")),
        _text(field(b"user-agent")),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def switching(key: bytes, subprotocol: str | None, extensions: str | None) -> bytes:
    """The answer that accepts an upgrade with this key, with what was agreed on."""
    accept = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return b"%b%b%b" % (_before_accept(int(time.time())), accept, _after(extensions, subprotocol))


@functools.lru_cache(maxsize=1)
def _before_accept(now_s: int) -> bytes:
    return (
        "HTTP/1.1 101 Switching Protocols\r\n"
        f"Date: {formatdate(now_s, usegmt=True)}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    ).encode()


@functools.lru_cache(maxsize=64)
def _after(extensions: str | None, subprotocol: str | None) -> bytes:
    lines = ["", ""]
    if subprotocol:
        lines.insert(1, f"Sec-WebSocket-Protocol: {subprotocol}")
    if extensions:
        lines.insert(1, f"Sec-WebSocket-Extensions: {extensions}")
    return ("\r\n".join(lines) + "\r\n").encode()
