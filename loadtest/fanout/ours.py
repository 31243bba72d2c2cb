"""Liveroom as a contender: a real server with its own Redis, tokens checked, one live room."""

import json
import os
import secrets
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import msgpack

from loadtest.fanout import process
from loadtest.fanout.contenders import Contender, Running, Start, texts, upgrade
from loadtest.fanout.plan import REF, Talk
from loadtest.fanout.ready import free_port, wait_until_open
from loadtest.phrases import NAMES
from loadtest.tokens import mint

Variant = Literal["json", "msgpack", "deflate"]
ROOM = "bench"
_SECRET = secrets.token_hex(32)
_DEFLATE = (
    "Sec-WebSocket-Extensions: permessage-deflate; "
    "server_no_context_takeover; client_no_context_takeover"
)
# The publishers stand for the whole audience, so the limits on one person are lifted; nothing
# that a viewer's message goes through is switched off, but its budget: all is to be delivered.
_SETTINGS = {
    "MODE": "loadtest",
    "JWT_SECRET": _SECRET,
    "SERVER_WORKERS": "1",
    "HUB_SAMPLE_PER_S_MAX": "0",
    "EDGE_COMMANDS_PER_S": "10000",
    "EDGE_COMMANDS_BURST": "10000",
    "EDGE_COMMANDS_IN_FLIGHT_MAX": "1000",
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
        _open_room(port)
        yield Running(port, child.pid, (child.pid,), _talk(start, variant))
    finally:
        process.end(child, patience_s=15)


def _open_room(port: int) -> None:
    token = mint(_SECRET, "host", "主播小夏", "host")
    for path, body in (
        ("/v1/rooms", {"room": ROOM, "title": "Bench"}),
        (f"/v1/rooms/{ROOM}/live", {"phase": "live"}),
    ):
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - a server of our own
            pass


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
