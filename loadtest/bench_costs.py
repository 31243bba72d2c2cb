"""`python -m loadtest.bench_costs`: measures the CPU of a comment, an order and a heard message.

Two servers share one Redis, as two machines would. All people who speak and buy are on the first,
one viewer is on the second; so the second's CPU is what hearing costs, the first's beyond that is
what taking costs, and Redis' own is beside them. These are constants of `liveroom size`.
"""

import asyncio
import contextlib
import json
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from client_sim.client import RoomClient
from client_sim.client.errors import RoomError
from client_sim.rest import Rest
from loadtest.fanout import process
from loadtest.fanout.ready import free_port, wait_until_open
from loadtest.fanout.redis_program import redis_program
from loadtest.own_counts import OwnCounts, own_counts
from loadtest.phrases import COMMENTS
from loadtest.tokens import mint

ROOM = "costs"
SPEAKERS, BUYERS = 40, 60
SECONDS, QUIET_SECONDS = 6.0, 15.0
"""How long people act; and longer where little is done, or nothing."""
SETTLES_S = 12.0
"""Servers write who came every 10 s (`visits_interval_s`): that is no work of idle ones."""
COMMENTS_PER_S, SLOW_COMMENTS_PER_S = 400, 30
"""Some ten share a call at the first rate; at the second each has its own."""
SUBSCRIBERS, PUBLISHED, MESSAGE_BYTES = 40, 5000, 3000
_SECRET = secrets.token_hex(32)
# People here stand for many: the limits on one person are lifted.
_SETTINGS = {
    "MODE": "loadtest",
    "PAYMENTS_PROVIDER": "sandbox",
    "JWT_SECRET": _SECRET,
    "EDGE_COMMANDS_PER_S": "10000",
    "EDGE_COMMANDS_BURST": "10000",
    "ROOMS_COMMENTS_PER_USER_PER_S": "1000",
    "ROOMS_COMMENTS_BURST": "1000",
    "MODERATION_DUPLICATE_S": "0",
    "MODERATION_FLOOD_USERS_MAX": "0",
    "ORDERS_ORDERS_PER_USER_MAX": "100000",
    "ORDERS_FAIR_WINDOW_MS": "0",
    # Either of the two would copy what happens to the records: `make bench-archive` measures that.
    "RECORDS_ARCHIVE_INTERVAL_S": "3600",
    "LOG_LEVEL": "warning",
}


class Spent(NamedTuple):
    """CPU seconds so far: the server with the people, the one that only hears, Redis."""

    busy: float
    hearing: float
    redis: float

    def since(self, before: "Spent") -> "Spent":
        """Return the CPU time spent since `before`."""
        return Spent(*(now - then for now, then in zip(self, before, strict=True)))


class Took(NamedTuple):
    """What many acts took: the CPU, how many were done, the seconds, and what servers counted."""

    spent: Spent
    done: int
    seconds: float
    counts: tuple[OwnCounts, OwnCounts]
    """Of both servers."""


class Servers(NamedTuple):
    """Base URLs and process ids."""

    urls: tuple[str, str]
    pids: tuple[int, int, int]
    redis_port: int

    async def counts(self) -> Sequence[OwnCounts]:
        """What each server did so far."""
        return [await asyncio.to_thread(own_counts, url) for url in self.urls]

    def spent(self) -> Spent:
        """CPU seconds so far."""
        costs = [process.cost([pid]) for pid in self.pids]
        return Spent(costs[0].server_s, costs[1].server_s, costs[2].server_s + costs[2].redis_s)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table, and JSON with `--json`."""
    options = sys.argv[1:] if argv is None else list(argv)
    with tempfile.TemporaryDirectory() as folder, _servers(Path(folder)) as servers:
        found = asyncio.run(_measure(servers))
    if "--json" in options:
        print(json.dumps(found, indent=1))
    else:
        for name, value in found.items():
            print(f"{name:32} {value:10.1f}")
    return 0


@contextlib.contextmanager
def _servers(folder: Path) -> Iterator[Servers]:
    redis_port, ports = free_port(), (free_port(), free_port())
    with contextlib.ExitStack() as stack:

        def spawn(name: str, port: int, argv: list[str], env: dict[str, str]) -> int:
            log = folder / f"{name}.log"
            child = process.spawn(argv, None, {**os.environ, **env}, log)
            stack.callback(process.end, child, 15)
            wait_until_open(port, child, log)
            return child.pid

        program = redis_program()
        assert program, "the server's own package brings one"
        redis = [
            *(program, "--port", str(redis_port), "--bind", "127.0.0.1", "--save", ""),
            *("--appendonly", "yes", "--appendfsync", "always", "--dir", str(folder)),
        ]
        pids = [spawn("redis", redis_port, redis, {})]
        for n, port in enumerate(ports):
            named = _SETTINGS | {
                "SERVER_PORT": str(port),
                "DATA_DIR": str(folder / str(n)),
                "REDIS_URL": f"redis://127.0.0.1:{redis_port}",
            }
            env = {f"LIVEROOM_{key}": value for key, value in named.items()}
            pids.append(spawn(f"server-{n}", port, [sys.executable, "-m", "server", "serve"], env))
        urls = (f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}")
        yield Servers(urls, (pids[1], pids[2], pids[0]), redis_port)


async def _measure(servers: Servers) -> dict[str, float]:
    here, there = servers.urls
    host_token = mint(_SECRET, "host", "Host", "host")
    async with Rest(here, host_token) as rest:
        await rest.create(ROOM, "Costs")
    async with contextlib.AsyncExitStack() as stack:

        async def enter(url: str, name: str, token: str | None = None) -> RoomClient:
            token = token or mint(_SECRET, name, name)
            return await stack.enter_async_context(RoomClient(url, ROOM, token))

        host = await enter(here, "host", host_token)
        people = [await enter(here, f"p{n}") for n in range(max(SPEAKERS, BUYERS))]
        await enter(there, "far")
        await host.live_start()
        await host.shelf_put({"sku": "tea", "title": "Tea", "price": 500, "currency": "CNY"})
        sale = (await host.sale_open("tea", 400, 1_000_000, per_user=1000))["sale"]

        await asyncio.sleep(SETTLES_S)
        idle = await _cost(servers, [], QUIET_SECONDS)
        rates = {"comment": COMMENTS_PER_S, "slow_comment": SLOW_COMMENTS_PER_S}
        spoken = {
            name: await _cost(
                servers, [_speaker(one, rate) for one in people[:SPEAKERS]], QUIET_SECONDS
            )
            for name, rate in rates.items()
        }
        async with Redis(port=servers.redis_port) as redis:
            empty = (await redis.info("memory"))["used_memory"]
            orders = await _cost(servers, [_buyer(one, sale) for one in people[:BUYERS]])
            full = (await redis.info("memory"))["used_memory"]
            publish_us = await _publish_us(redis, servers)
        resident = process.memory_bytes(servers.pids[1])
    return _costs(idle, spoken | {"order": orders}) | {
        "order_redis_bytes": (full - empty) / orders.done,
        "publish_us_per_worker": publish_us,
        "worker_mb": resident / 1e6,
    }


def _costs(idle: Took, acts: Mapping[str, Took]) -> dict[str, float]:
    """Return what idle servers take in a second, and each act beside that, in CPU microseconds."""
    rest_of = [total / idle.seconds for total in idle.spent]
    found = {f"idle_{k}_us_per_s": v * 1e6 for k, v in zip(Spent._fields, rest_of, strict=True)}
    for name, (spent, done, seconds, counts) in acts.items():
        busy, hearing, store = (
            (total - rest * seconds) / done * 1e6
            for total, rest in zip(spent, rest_of, strict=True)
        )
        found |= {
            f"{name}s_per_s": done / seconds,
            f"{name}_calls_per_s": counts[0].calls / seconds,
            f"{name}_frames_per_s": counts[0].frames / seconds,
            f"{name}_frames_far_per_s": counts[1].frames / seconds,
            f"{name}_heard_us": hearing,
            f"{name}_taken_us": busy,
            f"{name}_redis_us": store,
        }
    return found


async def _publish_us(redis: Redis, servers: Servers) -> float:
    """Return the CPU time that Redis spends to hand one bus message to one worker."""
    async with contextlib.AsyncExitStack() as stack:
        heard = []
        for _ in range(SUBSCRIBERS):
            pubsub = await stack.enter_async_context(redis.pubsub())
            await pubsub.subscribe("costs")
            heard.append(pubsub)
        before = servers.spent()
        for _ in range(PUBLISHED // 100):
            for _ in range(100):
                await redis.publish("costs", b"x" * MESSAGE_BYTES)
            await asyncio.gather(*map(_drain, heard))
        return servers.spent().since(before).redis / PUBLISHED / SUBSCRIBERS * 1e6


async def _drain(pubsub: PubSub) -> None:
    while await pubsub.get_message(timeout=0) is not None:
        pass


Act = Callable[[], Awaitable[None]]


def _speaker(person: RoomClient, rate_per_s: float) -> Act:
    async def speak() -> None:
        await asyncio.sleep(SPEAKERS / rate_per_s * secrets.randbelow(2000) / 1000)
        # Nobody may say the same twice in a short time.
        await person.comment(f"{secrets.choice(COMMENTS)} {secrets.token_hex(2)}")

    return speak


def _buyer(person: RoomClient, sale: str) -> Act:
    async def buy() -> None:
        with contextlib.suppress(RoomError):
            order = await person.buy(sale)
            await person.pay(order["order"])

    return buy


async def _cost(servers: Servers, acts: Sequence[Act], seconds: float = SECONDS) -> Took:
    """Have everybody act again and again."""
    done, until = 0, time.monotonic() + seconds

    async def again(act: Act) -> None:
        nonlocal done
        while time.monotonic() < until:
            await act()
            done += 1

    counts = await servers.counts()
    before, began = servers.spent(), time.monotonic()
    await asyncio.gather(*map(again, acts), asyncio.sleep(seconds))
    spent, took_s = servers.spent().since(before), time.monotonic() - began
    here, there = (
        now.since(then) for now, then in zip(await servers.counts(), counts, strict=True)
    )
    return Took(spent, done, took_s, (here, there))


if __name__ == "__main__":
    sys.exit(main())
