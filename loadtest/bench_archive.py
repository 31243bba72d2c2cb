"""`python -m loadtest bench-archive`: how fast the archive copies, and what it costs orders.

Like `bench_engine` it looks inside the server: the archive has no door to the outside.
"""

import argparse
import asyncio
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from random import Random
from statistics import median
from typing import NamedTuple

import uvloop

from loadtest.bench_engine import Bench, Row, cpu_s
from loadtest.record_engines import MakeRecords, record_engines
from server.features.archive.archiver import Archiver
from server.house import HOUSE, keys_under, records_of, store_on
from server.processes.collector import Collector
from server.records.database import Database
from server.records.projection import Projection
from server.rooms.restoring import Restorer
from server.rooms.retiring import Retirer
from server.settings import Settings
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from server.worker import Worker

GOAL_LINES_PER_S = 10_000
"""Lines a second of one core that the archive is to copy."""
WARM_UP = 1_000
"""Orders before those that are measured."""
GOAL_RATIO = 0.95
"""What is to be left of the engine's speed while the archive copies."""


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


def _projections(bench: Bench) -> list[Projection]:
    """All that the features fold from the archive, as in a worker."""
    worker = Worker(
        bench.store.redis, bench.settings, worker_id="bench", metrics=Metrics(), random=Random(1)
    )
    return [each for running in worker.running.values() for each in running.projections]


def _archiver(bench: Bench, records: Database) -> Archiver:
    return Archiver(
        *(bench.store, records, bench.settings, "bench", HOUSE.streams, _projections(bench)),
        Metrics(),
    )


async def copying(records_url: str, orders: int) -> Copied:
    """Make orders, then copy their ledger as fast as it goes, all projections folded."""
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
        program = await records.program()
        await records.aclose()
        return Copied(program, lines, lines / cpu, lines / took)


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
    """Fill rooms with orders, end and archive them, retire them all, and bring one back."""
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
            await store.redis.zadd(store.keys.rooms, {name: 1})
        archiver = _archiver(bench, records)
        while (await archiver.copy_all())[1]:
            pass
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


class Beside(NamedTuple):
    """The engine alone and while the archive copies, by turns: medians, and those of the ratios."""

    engine: str
    alone_per_s: float
    busy_per_s: float
    ratio: float
    redis_ratio: float
    """Of what an order costs Redis in CPU, alone, to what it costs beside the archive."""


async def _until_copied(bench: Bench) -> None:
    """Wait until the archive has told the room that it has all: then its statements are compiled,
    and its projections read. That happens once in the life of a worker."""
    keys = bench.store.keys
    while True:
        last = await bench.store.redis.xrevrange(keys.room("bench", "ledger"), count=1)
        told = await bench.store.redis.hget(keys.room("bench", "archived"), "ledger")
        if told is not None and told == last[0][0]:
            return
        await asyncio.sleep(0.02)


async def _alone(records_url: str, orders: int) -> Row:
    async with _bench(_settings(records_url)) as bench:
        await (await bench.engine(WARM_UP))()
        return await bench.measure("engine", orders, await bench.engine(orders))


async def _busy(records_url: str, orders: int) -> tuple[Row, str]:
    settings = _settings(records_url)
    async with _bench(settings) as bench:
        records = records_of(settings)
        await records.upgrade()
        async with _archiver(bench, records):
            await (await bench.engine(WARM_UP))()
            await _until_copied(bench)
            row = await bench.measure("engine, archive on", orders, await bench.engine(orders))
        program = await records.program()
        await records.aclose()
        return row, program


def beside(make: MakeRecords, orders: int, rounds: int) -> Beside:
    """Measure the engine without and with the archive, by turns: noise is of both."""
    alone, busy, program = list[Row](), list[Row](), ""
    for n in range(rounds):
        for is_busy in (n % 2 == 1, n % 2 == 0):
            if is_busy:
                row, program = uvloop.run(_busy(make(), orders))
                busy.append(row)
            else:
                alone.append(uvloop.run(_alone(make(), orders)))
    pairs = list(zip(alone, busy, strict=True))
    return Beside(
        program,
        median(each.per_s for each in alone),
        median(each.per_s for each in busy),
        median(two.per_s / one.per_s for one, two in pairs),
        median(one.redis_us / two.redis_us for one, two in pairs),
    )


def main(argv: list[str]) -> int:
    """Print the tables; 1 if an engine copies, or orders go beside it, slower than the goals."""
    parser = argparse.ArgumentParser(prog="python -m loadtest bench-archive")
    parser.add_argument("--orders", type=int, default=20_000, help="orders a run (20000)")
    parser.add_argument("--rooms", type=int, default=10, help="rooms that are retired (10)")
    parser.add_argument("--orders-a-room", type=int, default=500, help="orders of each (500)")
    parser.add_argument("--rounds", type=int, default=4, help="runs with and without archive (4)")
    parser.add_argument(
        "--records", action="append", default=[], metavar="URL", help="records to measure"
    )
    wishes = parser.parse_args(argv)
    slow = False
    with (
        tempfile.TemporaryDirectory(prefix="lr-bench-") as folder,
        record_engines(wishes.records, Path(folder)) as made,
        Collector(Metrics()),
    ):
        print("| records | lines | lines a second of CPU | lines a second |\n|---|--:|--:|--:|")
        for make in made:
            row = uvloop.run(copying(make(), wishes.orders))
            print(f"| {row.engine} | {row.lines:,} | {row.per_cpu_s:,.0f} | {row.per_s:,.0f} |")
            slow |= row.per_cpu_s < GOAL_LINES_PER_S
        _print_retired(made, wishes)
        print("\n| engine, memory | orders/s alone | with the archive | ratio | Redis' ratio |")
        print("|---|--:|--:|--:|--:|")
        for make in made:
            it = beside(make, wishes.orders, wishes.rounds)
            print(
                f"| {it.engine} | {it.alone_per_s:,.0f} | {it.busy_per_s:,.0f} | {it.ratio:.3f} |"
                f" {it.redis_ratio:.3f} |"
            )
            slow |= it.ratio < GOAL_RATIO
    return int(slow)


def _print_retired(made: Sequence[MakeRecords], wishes: argparse.Namespace) -> None:
    print("\n| rooms | orders each | Redis MB before, after, empty | records MB |", end="")
    print(" s to retire, restore |\n|--:|--:|--:|--:|--:|")
    for make in made:
        it = uvloop.run(retiring(make(), wishes.rooms, wishes.orders_a_room))
        print(
            f"| {it.rooms} | {it.orders:,} | {it.before / 1e6:.1f}, {it.after / 1e6:.1f}, "
            f"{it.empty / 1e6:.1f} | {it.stored / 1e6:.1f} | {it.retire_s:.3f}, "
            f"{it.restore_s:.3f} |"
        )
