"""`python -m loadtest bench-idle`: the CPU of a server with nobody connected, by its rooms.

A server is measured when it has rooms that left Redis for the records, and again when it also has
ended rooms in which people talked, bought and paid, and scheduled ones that wait for their day.
An empty server runs beside it and is measured over the same seconds, so a noisy machine is noisy
for both. What is alive costs; these do not: the benchmark fails if they cost more than the empty
server, beyond what the clock of /proc can tell.
"""

import argparse
import asyncio
import contextlib
import http.server
import os
import re
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from aiohttp import ClientSession

from client_sim.client import RoomClient
from client_sim.rest import Rest
from loadtest.fanout import process
from loadtest.fanout.ready import free_port, wait_until_open
from loadtest.tokens import mint

VIEWERS = 3
"""People in each room before it ended: each comments, buys and pays."""
ROOMS_AT_ONCE = 8
LEAVE_S_MAX = 7200
"""Longest wait for rooms to leave Redis."""
ASLEEP_S_MAX = 600
"""Longest wait for what the rooms leave to be done: holds, announcements, the outbox."""
ABOVE_EMPTY_MAX = 0.002
"""CPU seconds a second above the empty server's from which the benchmark fails."""
_SECRET = secrets.token_hex(32)
_SETTINGS = {
    "MODE": "loadtest",
    "PAYMENTS_PROVIDER": "sandbox",
    "JWT_SECRET": _SECRET,
    "ORDERS_FAIR_WINDOW_MS": "0",
    "COMMUNITY_ANNOUNCE_REPEATS": "1",
    "REST_USER_PER_S": "0",
    "REST_ADDRESS_PER_S": "0",
    "LOG_LEVEL": "warning",
}

NOTHING: Mapping[str, str] = MappingProxyType({})
_LEAVING = {
    "RECORDS_RETIRE_AFTER_S": "0",
    "RECORDS_RETIRE_INTERVAL_S": "1",
    "ORDERS_SWEEP_LAP_S": "1",
}
"""Settings under which rooms leave as soon as all in them is done."""


class Idle(NamedTuple):
    """CPU of a server at rest, as shares of one core."""

    server: float
    redis: float

    @property
    def both(self) -> float:
        """Of the server and its Redis together."""
        return self.server + self.redis


class Row(NamedTuple):
    """A server with some rooms, and the empty one over the same seconds."""

    rooms: str
    full: Idle
    empty: Idle


class Served(NamedTuple):
    """A server: its address and its process."""

    url: str
    pid: int


def main(argv: list[str]) -> int:
    """Print the table; 1 if rooms that are over cost a server anything."""
    parser = argparse.ArgumentParser(prog="python -m loadtest bench-idle")
    parser.add_argument("--retired", type=int, default=10_000, help="rooms that left (10000)")
    parser.add_argument("--ended", type=int, default=1000, help="ended rooms (1000)")
    parser.add_argument("--scheduled", type=int, default=1000, help="scheduled rooms (1000)")
    parser.add_argument("--seconds", type=float, default=60, help="seconds a row (60)")
    wishes = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="lr-idle-") as folder, _told() as sink:
        found = asyncio.run(_measure(Path(folder), sink, wishes))
    print(f"\nA server with nobody connected, {wishes.seconds:.0f} s a row\n")
    print(f"| {'rooms':<42} | server, % of a core | Redis | both | an empty server's |")
    print(f"|{'-' * 44}|--------------------:|------:|-----:|------------------:|")
    for row in found:
        full = row.full
        print(
            f"| {row.rooms:<42} | {full.server * 100:>19.2f} | {full.redis * 100:>5.2f} |"
            f" {full.both * 100:>4.2f} | {row.empty.both * 100:>17.2f} |"
        )
    return int(any(row.full.both > row.empty.both + ABOVE_EMPTY_MAX for row in found))


async def _measure(folder: Path, sink: str, wishes: argparse.Namespace) -> list[Row]:
    found = []
    with _serving(folder / "full", sink, _LEAVING) as served:
        await _all_left(served.url, wishes.retired)
    with (
        _serving(folder / "full", sink) as served,
        _serving(folder / "empty", sink) as empty,
    ):
        await _asleep(served.url)
        found.append(await _row(f"{wishes.retired:,} retired", served, empty, wishes.seconds))
        await _all_over(served.url, wishes.ended)
        await _schedule(served.url, wishes.scheduled)
        awake = await _asleep(served.url)
        print(f"all rooms asleep after {awake:.0f} s", file=sys.stderr)
        name = f"and {wishes.ended:,} ended, {wishes.scheduled:,} scheduled"
        found.append(await _row(name, served, empty, wishes.seconds))
    return found


async def _row(rooms: str, served: Served, empty: Served, seconds: float) -> Row:
    """Return what both servers and their Redis take while nobody asks for anything."""
    await asyncio.sleep(5)  # whoever was connected is forgotten
    both = (served, empty)
    before, began = [process.cost([each.pid]) for each in both], time.monotonic()
    await asyncio.sleep(seconds)
    after, took = [process.cost([each.pid]) for each in both], time.monotonic() - began
    full, nothing = (
        Idle((now.server_s - then.server_s) / took, (now.redis_s - then.redis_s) / took)
        for then, now in zip(before, after, strict=True)
    )
    return Row(rooms, full, nothing)


async def _all_left(url: str, count: int) -> None:
    """Hold `count` short streams, and wait until they are in the records alone."""
    gate = asyncio.Semaphore(ROOMS_AT_ONCE)
    token = mint(_SECRET, "old-host", "Host", "host")

    async def hold(room: str) -> None:
        async with gate, Rest(url, token) as rest:
            await rest.create(room, f"Evening of {room}")
            await _short_stream(url, room, token)

    await asyncio.gather(*(hold(f"left-{n}") for n in range(count)))
    async with asyncio.timeout(LEAVE_S_MAX):
        while True:
            if sum(await _told_by(url, "liveroom_records_retired_rooms_total")) >= count:
                return
            await asyncio.sleep(2)


async def _short_stream(url: str, room: str, token: str) -> None:
    viewer = RoomClient(url, room, mint(_SECRET, "viewer-0", "viewer-0"))
    async with RoomClient(url, room, token) as host, viewer as person:
        await host.live_start()
        await host.shelf_put({"sku": "tea", "title": "Tea", "price": 500, "currency": "CNY"})
        sale = (await host.sale_open("tea", 400, 100, per_user=9, hold_s=5))["sale"]
        await person.comment("How much is the tea?")
        await person.pay((await person.buy(sale))["order"])
        await host.live_end()


async def _all_over(url: str, count: int) -> None:
    """Hold `count` streams, from the first comment to the end."""
    gate = asyncio.Semaphore(ROOMS_AT_ONCE)
    token = mint(_SECRET, "host", "Host", "host")

    async def hold(room: str) -> None:
        async with gate, Rest(url, token) as rest:
            await rest.create(room, f"Evening of {room}")
            await _stream(url, room, token)

    await asyncio.gather(*(hold(f"over-{n}") for n in range(count)))


async def _stream(url: str, room: str, token: str) -> None:
    async with RoomClient(url, room, token) as host, _people(url, room) as people:
        await host.live_start()
        await host.shelf_put({"sku": "tea", "title": "Tea", "price": 500, "currency": "CNY"})
        sale = (await host.sale_open("tea", 400, 100, per_user=9, hold_s=5))["sale"]
        for person in people:
            await person.comment("How much is the tea?")
            await person.like(3)
            order = await person.buy(sale)
            await person.pay(order["order"])
        await people[0].cancel((await people[0].buy(sale))["order"])
        await people[1].buy(sale)  # never paid: its hold lapses when the stream is over
        await host.live_end()


@contextlib.asynccontextmanager
async def _people(url: str, room: str) -> AsyncIterator[list[RoomClient]]:
    async with contextlib.AsyncExitStack() as stack:
        names = [f"viewer-{n}" for n in range(VIEWERS)]
        rooms = [RoomClient(url, room, mint(_SECRET, name, name)) for name in names]
        yield [await stack.enter_async_context(each) for each in rooms]


async def _schedule(url: str, count: int) -> None:
    async with Rest(url, mint(_SECRET, "host", "Host", "host")) as rest:
        for n in range(count):
            await rest.create(f"coming-{n}", f"Evening {n}")


async def _asleep(url: str) -> float:
    """Wait until nothing can be due in any room; the seconds that took. Raises TimeoutError."""
    began = time.monotonic()
    await asyncio.sleep(10)  # a lap of the sweeper, so that the metric is of now
    async with asyncio.timeout(ASLEEP_S_MAX):
        while True:
            told = await _told_by(url, "liveroom_rooms_awake")
            if told and not any(told):
                return time.monotonic() - began
            await asyncio.sleep(2)


async def _told_by(url: str, metric: str) -> list[float]:
    """The values of a metric of all workers."""
    async with ClientSession() as session, session.get(f"{url}/metrics") as answer:
        text = await answer.text()
    return [float(n) for n in re.findall(rf"^{metric}\{{.*\}} (\S+)$", text, re.MULTILINE)]


@contextlib.contextmanager
def _serving(folder: Path, sink: str, more: Mapping[str, str] = NOTHING) -> Iterator[Served]:
    """A server with a private Redis, as `liveroom serve` starts it."""
    folder.mkdir(exist_ok=True)
    port, log = free_port(), folder / "server.log"
    settings = dict(_SETTINGS) | {
        **more,
        "SERVER_PORT": str(port),
        "DATA_DIR": str(folder / "data"),
        "OUTBOX_URL": sink,
    }
    env = {f"LIVEROOM_{name}": value for name, value in settings.items()}
    argv = [sys.executable, "-m", "server", "serve"]
    child = process.spawn(argv, None, {**os.environ, **env}, log)
    try:
        wait_until_open(port, child, log)
        yield Served(f"http://127.0.0.1:{port}", child.pid)
    finally:
        process.end(child, 15)


class _Sink(http.server.BaseHTTPRequestHandler):
    """The system that the outbox tells: it takes everything."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing: there are thousands."""


@contextlib.contextmanager
def _told() -> Iterator[str]:
    """A place for the outbox to tell orders to; its URL."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Sink) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
