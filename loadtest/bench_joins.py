"""`make bench-joins`: the CPU that one join costs a worker, and its reply's latency.

With several trees it takes them in turn, round after round, so that what else the machine does
falls on all of them alike. CPU is user and system time of the server without its Redis.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any

from loadtest.fanout import process
from loadtest.fanout.client import load_client
from loadtest.fanout.contenders import Running, Start
from loadtest.fanout.measure import (
    BUY_ROW,
    CLIENT_CORE,
    PUBLISHERS,
    SERVER_CORE,
    NotMeasured,
    Row,
)
from loadtest.fanout.ours import ours
from loadtest.fanout.plan import Crowd, LoadClient

_WARM = 300
_WAIT_S = 6
_PATIENCE_S = 60


@dataclass(frozen=True)
class Cost:
    """µs of CPU a join, of the server and of its Redis."""

    server_us: float
    redis_us: float

    def __str__(self) -> str:
        return f"{self.server_us:6.1f} µs CPU a join, Redis {self.redis_us:5.1f} µs"


@dataclass(frozen=True)
class Wait:
    """ms from one `join` to its reply, while a full room is told comments."""

    p50_ms: float
    p99_ms: float

    def __str__(self) -> str:
        return f"{self.p50_ms:6.1f} ms to the reply, p99 {self.p99_ms:6.1f} ms"


@contextmanager
def _server(viewers: int) -> Iterator[tuple[Running, LoadClient]]:
    with tempfile.TemporaryDirectory(prefix="joins-") as name:
        start = Start(viewers, PUBLISHERS, SERVER_CORE, Path(name))
        with ours()[0].start(start) as running:
            crowd = Crowd(running.port, viewers, PUBLISHERS)
            with closing(load_client(running.talk, crowd)) as client:
                yield running, client


def join_cost(joins: int) -> Cost:
    """Start a server, let a few in, then measure so many."""
    with _server(joins + _WARM) as (running, client):
        client.join(_WARM, _PATIENCE_S)
        before = process.cost(running.pids)
        joined = client.join(joins + _WARM, _PATIENCE_S).joined - _WARM
        after = process.cost(running.pids)
    return Cost(
        (after.server_s - before.server_s) / joined * 1e6,
        (after.redis_s - before.redis_s) / joined * 1e6,
    )


def reply_wait(row: Row, seconds: float) -> Wait:
    """Fill a room, publish in it, and let newcomers in one by one meanwhile."""
    with _server(row.viewers) as (running, client):
        client.join(row.viewers + PUBLISHERS, _PATIENCE_S)
        client.deliver(row.rate_per_s, 1)
        assert running.newcomers is not None
        with running.newcomers() as newcomers:
            client.deliver(row.rate_per_s, seconds)
    p50, p99 = newcomers.quantile_ms(0.5), newcomers.quantile_ms(0.99)
    if p50 is None or p99 is None:
        raise NotMeasured(f"Newcomers were refused: {newcomers.refused}")
    return Wait(p50, p99)


def _middle(found: Sequence[Cost] | Sequence[Wait]) -> Cost | Wait:
    """The median of each figure."""
    kind = type(found[0])
    return kind(*(median(getattr(one, field.name) for one in found) for field in fields(kind)))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench_joins", description=__doc__)
    parser.add_argument("--joins", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--wait",
        action="store_true",
        help="the time to the reply to one join in a room of 2,000 with 200 comments/s",
    )
    parser.add_argument("trees", nargs="*", default=["."], help="checkouts; by default this one")
    options = parser.parse_args(argv)
    process.raise_file_limit(40_000)
    process.end_children_on_sigterm()
    os.sched_setaffinity(0, {CLIENT_CORE})
    trees = [Path(tree).resolve() for tree in options.trees]
    found: dict[Path, list[Any]] = {tree: [] for tree in trees}
    for turn in range(options.rounds):
        for tree in trees if turn % 2 == 0 else trees[::-1]:
            os.chdir(tree)
            os.environ["PYTHONPATH"] = str(tree)
            measured = reply_wait(BUY_ROW, _WAIT_S) if options.wait else join_cost(options.joins)
            found[tree].append(measured)
            print(f"{tree.name:12} {measured}", flush=True)
    for tree, each in found.items():
        print(f"{tree.name:12} median {_middle(each)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
