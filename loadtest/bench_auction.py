"""`python -m loadtest bench-auction`: bids a second in one auction, and how long each waits.

Like `bench_engine` it looks inside the server, and has a Redis of its own that syncs each write.
"""

import argparse
import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import uvloop

from loadtest.bench_engine import Bench, cpu_s, program
from server.features.auctions.auctions import Auctions
from server.features.auctions.messages import AuctionOk, AuctionOpen, Bid, StandingOk
from server.features.books.audit import audit
from server.house import HOUSE, keys_under, store_on
from server.processes.collector import Collector
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

GOAL_PER_S = 1000
BIDDERS = 2000
STEP_MAX = 50
_RATES = (1000, 5000)


class Load(NamedTuple):
    """What became of bids: how many were taken and refused, and the seconds each waited."""

    name: str
    took_s: float
    taken: int
    refused: int
    waited: list[float]
    redis_us: float
    python_us: float

    def quantile(self, share: float) -> float:
        """Seconds that so many of the bids waited at most."""
        return sorted(self.waited)[int(share * (len(self.waited) - 1))]


class AuctionBench(Bench):
    """A room with an auction in which everybody bids a little more than anybody did: each bid makes
    another leader, another price and another rank."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        super().__init__(store, settings)
        self.auctions = Auctions(store, settings)
        self.auction = ""
        self._chance = random.Random(1)
        self._keys = itertools.count()
        self._most = 1

    async def open_auction(self) -> None:
        """Open one that outlasts the run."""
        cmd = AuctionOpen(
            ref=1, sku="tea", opening=1, increment=1, hold_s=60, lasts_s=3600, counter_bid_s=10
        )
        opened = await self.auctions.open(self._call("h"), cmd)
        assert isinstance(opened, AuctionOk)
        self.auction = opened.auction.auction

    async def bid(self, n: int) -> bool:
        """Bid; whether it was taken."""
        self._most += self._chance.randint(2, STEP_MAX)
        cmd = Bid(ref=1, auction=self.auction, max=self._most, key=f"k{next(self._keys)}")
        try:
            answered = await self.auctions.bid(self._call(f"u{n}"), cmd)
        except CommandError as refused:
            if refused.code != "conflict":
                raise
            return False
        assert isinstance(answered, StandingOk)
        return answered.standing.max == cmd.max

    async def at_rate(self, per_s: int, seconds: float) -> Load:
        """Bids that come evenly, `per_s` of them, whether or not earlier ones are answered."""
        return await self._measure(f"{per_s:,} a second", self._evenly(per_s, seconds))

    async def at_once(self, bids: int) -> Load:
        """Bids as fast as they are answered, of BIDDERS bidders."""
        return await self._measure(f"{BIDDERS:,} bidders at once", itertools.repeat(0.0, bids))

    def _evenly(self, per_s: int, seconds: float) -> Iterator[float]:
        return (n / per_s for n in range(int(per_s * seconds)))

    async def _measure(self, name: str, due: Iterator[float]) -> Load:
        waited: list[float] = []
        taken = 0
        gate = asyncio.Semaphore(BIDDERS)
        began, redis_s, python_s = time.perf_counter(), await self._redis_s(), cpu_s()

        async def one(n: int) -> None:
            nonlocal taken
            sent = time.perf_counter()
            try:
                was_taken = await self.bid(n % BIDDERS)
            finally:
                gate.release()
            waited.append(time.perf_counter() - sent)
            taken += was_taken

        async with asyncio.TaskGroup() as group:
            for n, at in enumerate(due):
                await asyncio.sleep(max(0.0, began + at - time.perf_counter()))
                await gate.acquire()
                group.create_task(one(n))
        took_s = time.perf_counter() - began
        each_us = 1e6 / len(waited)
        redis_us = (await self._redis_s() - redis_s) * each_us
        refused = len(waited) - taken
        return Load(name, took_s, taken, refused, waited, redis_us, (cpu_s() - python_s) * each_us)


async def _loads(seconds: float, bids: int) -> tuple[list[Load], list[str]]:
    settings = HOUSE.settings_model.model_validate({"orders": {"fair_window_ms": 0}})
    with tempfile.TemporaryDirectory(prefix="lr-bench-") as folder:
        async with EmbeddedRedis(Path(folder), fsync=True) as embedded:
            redis = connect(embedded.url, settings.redis)
            bench = AuctionBench(store_on(redis, keys_under("bench")), settings)
            await bench.build()
            await bench.open_auction()
            loads = [await bench.at_rate(rate, seconds) for rate in _RATES]
            loads.append(await bench.at_once(bids))
            await bench.auctions.aclose()
            found = await audit(bench.store, bench.room)
            await redis.aclose()
    return loads, found.differences


def main(argv: list[str]) -> int:
    """Print the table; 1 if 1,000 bids a second are not reached, or the audit finds anything."""
    parser = argparse.ArgumentParser(prog="python -m loadtest bench-auction")
    parser.add_argument("--seconds", type=float, default=5, help="for each rate (5)")
    parser.add_argument("--bids", type=int, default=20_000, help="at once (20000)")
    wishes, _ = parser.parse_known_args(argv)
    with Collector(Metrics()):
        loads, differences = uvloop.run(_loads(wishes.seconds, wishes.bids))
    print(f"\nBids in one auction, one worker, fsync, {program()}\n")
    print("| bids | bids/s | taken | too low | p50 ms | p99 ms | Redis CPU µs | Python CPU µs |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for load in loads:
        answered = load.taken + load.refused
        print(
            f"| {load.name} | {answered / load.took_s:,.0f} | {load.taken:,} | {load.refused:,} |"
            f" {load.quantile(0.5) * 1000:.1f} | {load.quantile(0.99) * 1000:.1f} |"
            f" {load.redis_us:.1f} | {load.python_us:.1f} |"
        )
    for sentence in differences[:5]:
        print(f"The audit finds: {sentence}")
    most = max((load.taken + load.refused) / load.took_s for load in loads)
    return int(bool(differences) or most < GOAL_PER_S)
