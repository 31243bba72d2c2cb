"""Orders bought and paid over shards: rooms on a private Redis Cluster of one, two and three.

One process plays the worker, and each shard is a process of its own, so two cores can't run all of
them at full speed. What counts is the CPU that each shard spends on an order: while it stays the
same with more shards, orders a second grow with the shards.
"""

import asyncio
import contextlib
import functools
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import uvloop
from redis.asyncio import Redis
from redis.exceptions import RedisError

from loadtest.bench_engine import BUYERS, Bench, cpu_s
from loadtest.fanout.ready import free_port
from server.house import HOUSE, keys_under, store_on
from server.processes.collector import Collector
from server.store import redis_program
from server.store.client import connect
from server.store.cluster import slot_of
from server.telemetry.metrics import Metrics

SLOTS = 16_384
ROOMS_MAX = 10_000
PATIENCE_S = 60
_KEYS = keys_under("bench")


class ShardRow(NamedTuple):
    """One line of the table: orders/s of all rooms; CPU seconds of each shard and of Python."""

    shards: int
    rooms: int
    orders: int
    took_s: float
    shard_s: list[float]
    python_s: float

    @property
    def per_redis_s(self) -> float:
        """Orders bought and paid per CPU second of Redis."""
        return self.orders / sum(self.shard_s)


def measure(orders: int) -> list[ShardRow]:
    """One room on one shard; three rooms on one, two and three. `orders` of all rooms a row."""
    with Collector(Metrics()):
        return [
            uvloop.run(_row(shards, rooms, orders))
            for shards, rooms in ((1, 1), (1, 3), (2, 3), (3, 3))
        ]


async def _row(shards: int, rooms: int, orders: int) -> ShardRow:
    settings = HOUSE.settings_model.model_validate(
        {"orders": {"fair_window_ms": 0, "batch_waiting_max": 1_000_000}}
    )
    async with _cluster(shards) as nodes:
        ports = ",".join(f"127.0.0.1:{_port_of(node)}" for node in nodes)
        redis = connect(f"redis+cluster://{ports}", settings.redis)
        store = store_on(redis, _KEYS)
        benches = [Bench(store, settings, _room_on(n % shards, shards, n)) for n in range(rooms)]
        each = orders // rooms
        for bench in benches:
            await bench.build()
        runs = [await bench.bought_and_paid(each, BUYERS // rooms) for bench in benches]
        before, python_s = [await _cpu_of(node) for node in nodes], cpu_s()
        began = time.perf_counter()
        await asyncio.gather(*(run() for run in runs))
        took_s = time.perf_counter() - began
        python_s = cpu_s() - python_s
        spent = [await _cpu_of(node) - was for node, was in zip(nodes, before, strict=True)]
        await redis.aclose()
    return ShardRow(shards, rooms, each * rooms, took_s, spent, python_s)


def _room_on(shard: int, shards: int, number: int) -> str:
    """A room id whose keys lie on this shard."""
    for n in range(ROOMS_MAX):
        room = f"room{number}-{n}"
        if slot_of(_KEYS.room(room, "room")) * shards // SLOTS == shard:
            return room
    raise RuntimeError(f"None of {ROOMS_MAX} room ids lies on shard {shard} of {shards}.")


async def _cpu_of(node: Redis) -> float:
    info = await node.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def _port_of(node: Redis) -> int:
    return int(node.connection_pool.connection_kwargs["port"])


@contextlib.asynccontextmanager
async def _cluster(shards: int) -> AsyncIterator[list[Redis]]:
    """A client of each of the primaries that share all slots; each syncs every write."""
    program = str((await redis_program.find()).path)
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lr-shards-")))
        nodes = [
            await stack.enter_async_context(_node(program, folder / str(n))) for n in range(shards)
        ]
        for n, node in enumerate(nodes):
            low, high = -(-n * SLOTS // shards), -(-(n + 1) * SLOTS // shards) - 1
            await node.execute_command("CLUSTER", "ADDSLOTSRANGE", low, high)
            await node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", n + 1)
        for node in nodes[1:]:
            bus_port = (await node.config_get("cluster-port"))["cluster-port"]
            await nodes[0].execute_command("CLUSTER", "MEET", "127.0.0.1", _port_of(node), bus_port)
        for node in nodes:
            await _wait_until(functools.partial(_is_whole, node, shards))
        yield nodes


async def _wait_until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what only asking tells. Raises TimeoutError after PATIENCE_S."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.02)


async def _is_whole(node: Redis, shards: int) -> bool:
    info = await node.execute_command("CLUSTER INFO")
    return bool(info["cluster_state"] == "ok" and int(info["cluster_size"]) == shards)


@contextlib.asynccontextmanager
async def _node(program: str, folder: Path) -> AsyncIterator[Redis]:
    await asyncio.to_thread(folder.mkdir)
    port, bus_port = free_port(), free_port()
    options = {
        "port": port, "bind": "127.0.0.1", "save": "", "dir": folder, "appendonly": "yes",
        "appendfsync": "always", "loglevel": "warning", "cluster-enabled": "yes",
        "cluster-port": bus_port, "cluster-node-timeout": 60_000,
    }  # fmt: skip
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    process = await asyncio.create_subprocess_exec(
        program, *words, stdout=asyncio.subprocess.DEVNULL
    )
    node = Redis(port=port, socket_timeout=PATIENCE_S)
    try:
        await _wait_until(lambda: _answers(node))
        yield node
    finally:
        await node.aclose()
        process.terminate()
        await process.wait()


async def _answers(node: Redis) -> bool:
    try:
        return bool(await node.ping())
    except (RedisError, OSError):
        return False
