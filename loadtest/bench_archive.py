"""`python -m loadtest bench-archive`: how fast the archive copies, and what it costs orders.

Like `bench_engine` it looks inside the server: the archive has no door to the outside.
"""

import argparse
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import uvloop

from loadtest.bench_engine import Bench, Row, cpu_s
from server.features.archive.archiver import Archiver
from server.house import HOUSE, keys_under, records_of, store_on
from server.processes.collector import Collector
from server.records.database import Database
from server.rooms.restoring import Restorer
from server.rooms.retiring import Retirer
from server.settings import Settings
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

ROUNDS = 3
"""Runs with and without the archive, in turn: a busy machine is busy for both."""


class Copied(NamedTuple):
    """How the archive copied one room's ledger: lines a second of a core, and of the clock."""

    engine: str
    lines: int
    per_cpu_s: float
    per_s: float


def _settings(records_url: str) -> Settings:
    return HOUSE.settings_model.model_validate(
        {
            "orders": {"fair_window_ms": 0, "batch_waiting_max": 1_000_000},
            "records": {"url": records_url, "archive_interval_s": 0.05},
        }
    )


@contextlib.asynccontextmanager
async def _bench(settings: Settings) -> AsyncIterator[Bench]:
    """A room with an open sale on a Redis of its own, which the archive finds."""
    with tempfile.TemporaryDirectory(prefix="lr-bench-") as folder:
        async with EmbeddedRedis(Path(folder), fsync=False) as embedded:
            redis = connect(embedded.url, settings.redis)
            bench = Bench(store_on(redis, keys_under("bench")), settings)
            await bench.build()
            await redis.zadd(bench.store.keys.rooms, {"bench": 1})
            yield bench
            await redis.aclose()


def _archiver(bench: Bench, records: Database) -> Archiver:
    return Archiver(bench.store, records, bench.settings, "bench", HOUSE.streams, [], Metrics())


async def copying(records_url: str, orders: int) -> Copied:
    """Make orders, then copy their ledger as fast as it goes."""
    settings = _settings(records_url)
    async with _bench(settings) as bench:
        await (await bench.engine(orders))()
        records = records_of(settings)
        await records.upgrade()
        archiver = _archiver(bench, records)
        cpu, began = cpu_s(), time.perf_counter()
        more = True
        while more:
            _, more = await archiver.copy_all()
        cpu, took = cpu_s() - cpu, time.perf_counter() - began
        lines = int(
            await bench.store.redis.hget(bench.store.keys.room("bench", "stats"), "entries")
        )
        await records.aclose()
        return Copied(records.shown.split(":")[0], lines, lines / cpu, lines / took)


class Retired(NamedTuple):
    """What leaving Redis saves, and what coming back costs."""

    rooms: int
    orders: int
    before: int
    """Memory of Redis with all rooms, bytes."""
    after: int
    """The same with all of them retired."""
    empty: int
    stored: int
    """Bytes of the snapshots."""
    retire_s: float
    restore_s: float
    """Mean time of one room."""


async def retiring(records_url: str, rooms: int, orders: int) -> Retired:
    """Fill rooms with orders that expire, end them, retire them all, and bring one back."""
    settings = _settings(records_url)
    async with _bench(settings) as bench:
        store = bench.store
        records = records_of(settings)
        await records.upgrade()
        empty = await _memory(store)
        names = [f"room{n}" for n in range(rooms)]
        for name in names:
            one = Bench(store, settings, name)
            await one.build()
            await (await one.engine(orders))()
            await one.end()
        before = await _memory(store)
        apart = store_on(store.redis, store.keys)
        # The engine's buys are held for ten minutes, and nothing here waits for their end.
        retirer = Retirer(apart, records, settings, "bench", None, [], None, Metrics())
        began, stored = time.perf_counter(), 0
        for name in names:
            outcome = await retirer.retire(name, at_once=True)
            assert outcome.left, outcome
            stored += outcome.bytes
        retire_s = (time.perf_counter() - began) / rooms
        after = await _memory(store)
        restorer = Restorer(store, records, Metrics())
        began = time.perf_counter()
        await restorer.restore(names[0])
        restore_s = time.perf_counter() - began
        await restorer.aclose()
        await records.aclose()
        return Retired(rooms, orders, before, after, empty, stored, retire_s, restore_s)


async def _memory(store: RoomStore) -> int:
    await store.redis.execute_command("MEMORY", "PURGE")
    return int((await store.redis.info("memory"))["used_memory"])


async def beside(records_url: str, orders: int) -> tuple[Row, Row]:
    """The engine without the archive, and while it copies what the engine writes."""
    settings = _settings(records_url)
    async with _bench(settings) as bench:
        alone = await bench.measure("engine", orders, await bench.engine(orders))
    async with _bench(settings) as bench:
        records = records_of(settings)
        await records.upgrade()
        async with _archiver(bench, records):
            busy = await bench.measure("engine, archive on", orders, await bench.engine(orders))
        await records.aclose()
    return alone, busy


def main(argv: list[str]) -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python -m loadtest bench-archive")
    parser.add_argument("--orders", type=int, default=50_000)
    parser.add_argument("--rooms", type=int, default=20, help="rooms that are retired (20)")
    parser.add_argument("--orders-a-room", type=int, default=5000, help="orders of each (5000)")
    parser.add_argument("--postgres", help="address of an empty database, to measure it, too")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="lr-bench-") as folder, Collector(Metrics()):
        urls = [f"sqlite:///{folder}/records.sqlite3"]
        if options.postgres:
            urls.append(options.postgres)
        print("| records | lines | lines a second of CPU | lines a second |\n|---|--:|--:|--:|")
        for url in urls:
            row = uvloop.run(copying(url, options.orders))
            print(f"| {row.engine} | {row.lines:,} | {row.per_cpu_s:,.0f} | {row.per_s:,.0f} |")
        print("\n| rooms | orders each | Redis MB before, after, empty | records MB |", end="")
        print(" s to retire, restore |")
        print("|--:|--:|--:|--:|--:|")
        for url in urls:
            it = uvloop.run(retiring(url, options.rooms, options.orders_a_room))
            print(
                f"| {it.rooms} | {it.orders:,} | {it.before / 1e6:.1f}, {it.after / 1e6:.1f}, "
                f"{it.empty / 1e6:.1f} | {it.stored / 1e6:.1f} | {it.retire_s:.2f}, "
                f"{it.restore_s:.2f} |"
            )
        print("\n| engine, memory | orders/s alone | with the archive | |\n|---|--:|--:|--:|")
        for n in range(ROUNDS):
            url = f"sqlite:///{folder}/beside{n}.sqlite3"
            alone, busy = uvloop.run(beside(url, options.orders))
            ratio = busy.per_s / alone.per_s
            print(f"| run {n + 1} | {alone.per_s:,.0f} | {busy.per_s:,.0f} | {ratio:.2f} |")
    return 0
