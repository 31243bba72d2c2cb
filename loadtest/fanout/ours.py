"""Liveroom as a contender: a real server with its own Redis, tokens checked, one live room."""

import json
import os
import secrets
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import msgpack

from loadtest.fanout import process
from loadtest.fanout.buyer import Buyer
from loadtest.fanout.contenders import Contender, Running, Start, texts, upgrade
from loadtest.fanout.newcomer import Newcomers
from loadtest.fanout.plan import REF, Talk
from loadtest.fanout.ready import free_port, wait_until_open
from loadtest.own_counts import own_counts
from loadtest.phrases import NAMES
from loadtest.tokens import mint

Variant = Literal["json", "msgpack", "deflate"]
ROOM = "bench"
_SECRET = secrets.token_hex(32)
_SETTLES_S, _SETTLES_S_PER_VIEWER = 12.0, 0.0005
"""Within 10 s (`visits_interval_s`) it is written who came, which the archive then copies: work of
the joins, not of the talk."""
_DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"  # a browser's
# The publishers stand for the whole audience, so the limits on one person are lifted; nothing
# that a viewer's message goes through is switched off, but its budget: all is to be delivered.
_SETTINGS = {
    "MODE": "loadtest",
    "PAYMENTS_PROVIDER": "sandbox",
    "JWT_SECRET": _SECRET,
    "SERVER_WORKERS": "1",
    "HUB_SAMPLE_PER_S_MAX": "0",
    "EDGE_COMMANDS_PER_S": "10000",
    "EDGE_COMMANDS_BURST": "10000",
    "EDGE_COMMANDS_IN_FLIGHT_MAX": "1000",
    "EDGE_ACCEPTS_PER_S_MAX": "0",
    "EDGE_JOINS_PER_S_MAX": "0",
    "ORDERS_ORDERS_PER_USER_MAX": "10000",
    "ORDERS_FAIR_WINDOW_MS": "0",
    "ROOMS_COMMENTS_PER_USER_PER_S": "1000",
    "ROOMS_COMMENTS_BURST": "1000",
    "LOG_LEVEL": "warning",
}


def ours() -> tuple[Contender, ...]:
    """Liveroom in its three ways of writing the same messages."""
    return (
        Contender("ours", "Liveroom, JSON", lambda start: _start(start, "json")),
        Contender("ours-msgpack", "Liveroom, msgpack", lambda start: _start(start, "msgpack")),
        Contender(
            "ours-deflate", "Liveroom, JSON deflated", lambda start: _start(start, "deflate")
        ),
    )


@contextmanager
def _start(start: Start, variant: Variant) -> Iterator[Running]:
    port, log = free_port(), start.folder / "server.log"
    env = {f"LIVEROOM_{name}": value for name, value in _SETTINGS.items()} | {
        "LIVEROOM_SERVER_PORT": str(port),
        "LIVEROOM_DATA_DIR": str(start.folder / "data"),
    }
    child = process.spawn(
        [sys.executable, "-m", "server", "serve"], start.core, {**os.environ, **env}, log
    )
    try:
        wait_until_open(port, child, log)
        sale = _open_room(port)
        yield Running(
            port,
            child.pid,
            (child.pid,),
            _talk(start, variant),
            lambda: _buyer(port, sale),
            lambda: _newcomers(port),
            _SETTLES_S + start.viewers * _SETTLES_S_PER_VIEWER,
            lambda: own_counts(f"http://127.0.0.1:{port}"),
        )
    finally:
        process.end(child, patience_s=15)


def _open_room(port: int) -> str:
    """Make the room and go live; the id of a sale in it."""
    tea = {"sku": "tea", "title": "Tea", "price": 9900, "currency": "CNY"}
    sale = {"sku": "tea", "price": 990, "stock": 100_000, "per_user": 1000, "hold_s": 600}
    for method, path, body in (
        ("POST", "", {"room": ROOM, "title": "Bench"}),
        ("POST", f"/{ROOM}/live", {"phase": "live"}),
        ("PUT", f"/{ROOM}/shelf/tea", tea),
        ("POST", f"/{ROOM}/sales", sale),
    ):
        answer = _as_host(port, method, path, body)
    return str(answer["sale"])


def _as_host(port: int, method: str, path: str, body: Any) -> Any:
    token = mint(_SECRET, "host", "主播小夏", "host")
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/rooms{path}",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own server
        return json.loads(answer.read())


def _buyer(port: int, sale: str) -> Buyer:
    return Buyer(_url(port), mint(_SECRET, "buyer", "Buyer"), sale)


def _newcomers(port: int) -> Newcomers:
    return Newcomers(_url(port), lambda n: mint(_SECRET, f"new{n:05}", NAMES[n % len(NAMES)]))


def _url(port: int) -> str:
    return f"ws://127.0.0.1:{port}/v1/rooms/{ROOM}/ws"


def _talk(start: Start, variant: Variant) -> Talk:
    path = f"/v1/rooms/{ROOM}/ws"
    as_json = "Sec-WebSocket-Protocol: liveroom.v1.json"
    headers = {
        "json": (as_json,),
        "msgpack": ("Sec-WebSocket-Protocol: liveroom.v1.msgpack",),
        "deflate": (as_json, _DEFLATE),
    }[variant]
    joins = [
        {"op": "join", "ref": 1, "token": mint(_SECRET, f"u{n:05}", NAMES[n % len(NAMES)])}
        for n in range(start.viewers + start.publishers)
    ]
    packed = variant == "msgpack"
    hellos = [
        msgpack.packb(join) if packed and n < start.viewers else json.dumps(join).encode()
        for n, join in enumerate(joins)
    ]
    commands = tuple(
        json.dumps({"op": "comment", "ref": 0, "text": text}, ensure_ascii=False)
        .replace('"ref": 0', f'"ref": {REF}')
        .encode()
        for text in texts()
    )
    return Talk(
        upgrade(path, *headers), upgrade(path, as_json), commands, tuple(hellos),
        greetings=1, binary=packed,
    )  # fmt: skip
