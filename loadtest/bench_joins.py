"""`python -m loadtest.bench_joins`: the CPU that one join costs a worker, and its reply's latency.

With several trees it takes them in turn, round after round, so that what else the machine does
falls on all of them alike. CPU is user and system time of the server without its Redis.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from loadtest.fanout import process
from loadtest.fanout.client import load_client
from loadtest.fanout.contenders import Start
from loadtest.fanout.measure import CLIENT_CORE, SERVER_CORE
from loadtest.fanout.ours import ours
from loadtest.fanout.plan import Crowd

_WARM = 300
_PATIENCE_S = 60


@dataclass(frozen=True)
class Cost:
    """µs of CPU a join, of the server and of its Redis; and joins a second of its core."""

    server_us: float
    redis_us: float

    @property
    def per_core_s(self) -> float:
        """Joins a second of a core that does nothing else."""
        return 1e6 / self.server_us


def join_cost(joins: int) -> Cost:
    """Start a server, let a few in, then measure so many."""
    with tempfile.TemporaryDirectory(prefix="joins-") as name:
        start = Start(joins + _WARM, 0, SERVER_CORE, Path(name))
        with ours()[0].start(start) as running:
            crowd = Crowd(running.port, joins + _WARM, 0)
            with closing(load_client(running.talk, crowd)) as client:
                client.join(_WARM, _PATIENCE_S)
                before = process.cost(running.pids)
                joined = client.join(joins + _WARM, _PATIENCE_S).joined - _WARM
                after = process.cost(running.pids)
    return Cost(
        (after.server_s - before.server_s) / joined * 1e6,
        (after.redis_s - before.redis_s) / joined * 1e6,
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench_joins", description=__doc__)
    parser.add_argument("--joins", type=int, default=6000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("trees", nargs="*", default=["."], help="checkouts; by default this one")
    options = parser.parse_args(argv)
    process.raise_file_limit(40_000)
    process.end_children_on_sigterm()
    os.sched_setaffinity(0, {CLIENT_CORE})
    trees = [Path(tree).resolve() for tree in options.trees]
    found: dict[Path, list[Cost]] = {tree: [] for tree in trees}
    for turn in range(options.rounds):
        for tree in trees if turn % 2 == 0 else trees[::-1]:
            os.chdir(tree)
            os.environ["PYTHONPATH"] = str(tree)
            cost = join_cost(options.joins)
            found[tree].append(cost)
            print(f"{tree.name:12} {cost.server_us:7.1f} µs  Redis {cost.redis_us:6.1f} µs")
    for tree, costs in found.items():
        us, redis = (median(getattr(c, n) for c in costs) for n in ("server_us", "redis_us"))
        rate = f"{1e6 / us:,.0f}/s a core"
        print(f"{tree.name:12} median {us:.1f} µs a join ({rate}), Redis {redis:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
