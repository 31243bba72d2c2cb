"""`python -m loadtest fit`: measures this machine, and fits the costs of `liveroom size` to it.

It runs the rows of `bench-fanout` for ours, plain and deflated, and then `bench_costs`. The rows
take about five minutes, and are measured `--rounds` times: of each row the round counts whose CPU
is the median. `--fanout` and `--costs` take results instead. The costs, and what they were fitted
to, go into `server/cli/costs.toml`; `make docs` brings them into docs/scaling.md.
"""

import argparse
import contextlib
import io
import json
import math
import os
import statistics
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from loadtest import bench_costs, bench_fanout
from loadtest.fanout.ready import NotStarted
from loadtest.fanout.table import OTHERS_LIMIT
from server.cli.costs import FILE, Costs, Round, Row
from server.cli.residuals import (
    WITHIN,
    Equation,
    equations,
    in_words,
)

_ROWS = "1x2000,30x2000,200x2000,1000x2000,5x15000"
_OURS = ("ours", "ours-deflate")
_FULL, _TALKING = "5x15000", "200x2000"
"""The rows that say what a viewer and a join cost, and how large a comment is."""
DEFLATED_SHARE = 0.43
"""What is left of comments whose texts, names and users all differ, one or seven a frame (decision
121). Those of the benchmark come again and again: 0.15."""
_DUE_WITHIN = 0.05
_SWEEPS, _ROUNDS, _TIMES = 100, 40, 5
_FANOUT_OUT, _COSTS_OUT = Path("out/fit-fanout.json"), Path("out/fit-costs.json")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command: 1 if a residual is too large, 2 if it could not measure."""
    options = _options(argv)
    try:
        fanout = _read(options.fanout) if options.fanout else _run_fanout(options.rounds)
        rounds = _read(options.costs) if options.costs else _run_costs()
        rows, twice = rows_of(fanout), rounds_of(rounds)
        costs = fitted(rows, twice, fanout, rounds)
    except (OSError, ValueError, TypeError, KeyError, NotStarted) as error:
        print(f"No costs were fitted, and {FILE.name} stays as it is: {_in_words(error)}")
        return 2
    tick = "load" if _by_load(rows) else "head count"
    machine = {"when": fanout["measured"], **fanout["machine"], "tick": tick}
    options.out.write_text(toml(machine, costs, rows, twice), encoding="utf-8")
    found = [it.compared(costs) for it in _equations(rows, twice, costs)]
    print(in_words(found, "modelled"))
    if rows_disturbed := disturbed(fanout):
        print(
            f"Other programs disturbed {', '.join(rows_disturbed)}: measure again while nothing "
            "else runs."
        )
    print(f"Written to {options.out}. `make docs` brings them into docs/scaling.md.")
    return int(any(abs(one.share) > WITHIN for one in found))


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest fit", description=__doc__)
    parser.add_argument(
        "--fanout", type=Path, help="results of bench-fanout, such as docs/benchmarks/fanout.json"
    )
    parser.add_argument("--costs", type=Path, help="what bench_costs --json printed")
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure every row")
    parser.add_argument("--out", type=Path, default=FILE)
    return parser.parse_args(argv)


def _in_words(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"the results have no {error}."
    return f"{error}."


def _read(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise TypeError(f"{path} holds no results of a benchmark")
    return found


def _run_fanout(rounds: int) -> dict[str, Any]:
    cores = os.sched_getaffinity(0)
    measured = []
    for _ in range(max(1, rounds)):
        os.sched_setaffinity(0, cores)  # the benchmark keeps to one of them
        measured.append(_run_round())
    rows = [{(one["key"], one["row"]): one for one in found["results"]} for found in measured]
    medians = [_median([row[key] for row in rows if key in row]) for key in rows[0]]
    found = measured[-1] | {"results": medians}
    _FANOUT_OUT.write_text(json.dumps(found, indent=1), encoding="utf-8")
    return found


def _median(results: list[dict[str, Any]]) -> dict[str, Any]:
    by_cpu = sorted(results, key=lambda one: one["cpu_us"] or math.inf)
    return by_cpu[(len(by_cpu) - 1) // 2]


def _run_round() -> dict[str, Any]:
    picture = _FANOUT_OUT.with_suffix(".svg")
    code = bench_fanout.main(
        ["--only", ",".join(_OURS), "--rows", _ROWS, "--tries", "1",
         "--out", str(_FANOUT_OUT), "--picture", str(picture)]
    )  # fmt: skip
    if code:
        raise ValueError("bench-fanout could not measure")
    return _read(_FANOUT_OUT)


def _run_costs() -> dict[str, Any]:
    print("bench_costs ...", file=sys.stderr)
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        bench_costs.main(["--json"])
    _COSTS_OUT.parent.mkdir(exist_ok=True)
    _COSTS_OUT.write_text(said.getvalue(), encoding="utf-8")
    return _read(_COSTS_OUT)


def rows_of(fanout: Mapping[str, Any]) -> list[Row]:
    """The rows of ours among the results of bench-fanout. Redis' work is the same in all writings
    of a row, so each has the median of it, which one noisy run does not move."""
    rows = [one for one in fanout["results"] if one["key"] in _OURS and one["cpu_us"]]
    if not rows:
        raise ValueError("the results of bench-fanout have no row of ours")
    redis: dict[str, list[float]] = {}
    for one in fanout["results"]:
        if one["key"].startswith("ours") and one["redis_us"]:
            redis.setdefault(one["row"], []).append(one["redis_us"])
    return [
        Row(
            comments_per_s=one["rate_per_s"],
            viewers=one["viewers"],
            deflate=one["key"] == "ours-deflate",
            frames_per_s=one.get("frames_per_s") or 0.0,
            calls_per_s=one.get("calls_per_s") or 0.0,
            cpu_us=one["cpu_us"],
            redis_us=statistics.median(redis[one["row"]]),
            p50_ms=one["p50_ms"],
            p99_ms=one["p99_ms"],
        )
        for one in rows
    ]


def disturbed(fanout: Mapping[str, Any]) -> list[str]:
    """The rows of ours, by key and name, of which other programs took a share, or which did not
    deliver what was due: their costs are those of a busy machine."""
    return [
        f"{one['key']} {one['row']}"
        for one in fanout["results"]
        if one["key"] in _OURS
        and (one["others_cpu"] > OTHERS_LIMIT or abs(one["reached"] - 1) > _DUE_WITHIN)
    ]


def rounds_of(costs: Mapping[str, float]) -> list[Round]:
    """The rounds of comments in the results of bench_costs. Old results lack the slow one."""
    return [
        Round(
            comments_per_s=costs[f"{name}s_per_s"],
            taken_us=costs[f"{name}_taken_us"],
            heard_us=costs[f"{name}_heard_us"],
            redis_us=costs[f"{name}_redis_us"],
            **{
                f"{what}_per_s": costs.get(f"{name}_{what}_per_s", 0.0)
                for what in ("calls", "frames", "frames_far")
            },
        )
        for name in ("comment", "slow_comment")
        if f"{name}s_per_s" in costs
    ]


def fitted(
    rows: Sequence[Row],
    rounds: Sequence[Round],
    fanout: Mapping[str, Any],
    costs: Mapping[str, float],
) -> Costs:
    """Return the costs that come nearest to all measurements, with those that one of them tells.

    How often a worker calls follows from its costs, so they are looked for more than once.
    """
    told, found = _told(fanout, costs), Costs()
    for _ in range(_TIMES):
        sums = list(_equations(rows, rounds, found))
        free = [name for name in _names(sums) if name not in told]
        found = Costs(**(told | least_errors(sums, free, told)))
    return found


def _told(fanout: Mapping[str, Any], costs: Mapping[str, float]) -> dict[str, float]:
    by = {(one["key"], one["row"]): one for one in fanout["results"]}
    full, plain = by["ours", _FULL], by["ours", _TALKING]
    now = Costs()
    # Without a round in which each comment has a pass of its own, the two can't be told apart.
    unknown = {} if "slow_comment_heard_us" in costs else {"pass_us": now.pass_us}
    return unknown | {
        "order_taken_us": costs["order_taken_us"],
        "order_heard_us": costs["order_heard_us"],
        "redis_order_us": costs["order_redis_us"],
        "redis_publish_us": costs["publish_us_per_worker"],
        "redis_order_bytes": costs["order_redis_bytes"],
        "worker_bytes": costs["worker_mb"] * 1e6,
        # Results of before joins were measured apart say how many came a second on a full core.
        "join_us": full.get("join_us") or 1e6 / full["joins_per_s"],
        "redis_join_us": full.get("join_redis_us") or now.redis_join_us,
        "viewer_bytes": full["memory_kb"] * 1024,
        "comment_wire_bytes": plain["bytes_per_comment"],
        "comment_deflated_bytes": plain["bytes_per_comment"] * DEFLATED_SHARE,
        "packet_bytes": now.packet_bytes,
    }


def _names(equations: Iterable[Equation]) -> list[str]:
    used = {name for it in equations for name, n in it.counts.items() if n}
    return [field.name for field in fields(Costs) if field.name in used]


def least_errors(
    equations: Sequence[Equation], free: Sequence[str], told: Mapping[str, float]
) -> dict[str, float]:
    """Return the costs, none below zero, whose largest relative error is about as small as can be.

    Least squares over relative errors, again and again, with more weight each time on those that
    are still large.
    """
    wanted, table = [], []
    for it in equations:
        known = sum(n * told.get(name, 0.0) for name, n in it.counts.items())
        wanted.append((it.measured_us - known) / it.measured_us)
        table.append([it.counts.get(name, 0.0) / it.measured_us for name in free])
    largest = [max(column) or 1.0 for column in zip(*table, strict=True)]
    table = [[n / most for n, most in zip(row, largest, strict=True)] for row in table]
    weights, best, found = [1.0] * len(table), float("inf"), [0.0] * len(free)
    guess = found
    for _ in range(_ROUNDS):
        guess = _least_squares(table, wanted, weights, guess)
        errors = [abs(_product(row, guess) - y) for row, y in zip(table, wanted, strict=True)]
        if max(errors) < best:
            best, found = max(errors), guess
        weights = [w * (0.5 + e / max(errors)) for w, e in zip(weights, errors, strict=True)]
        total = sum(weights)
        weights = [w / total * len(weights) for w in weights]
    return {name: c / most for name, c, most in zip(free, found, largest, strict=True)}


def _product(row: Sequence[float], values: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(row, values, strict=True))


def _least_squares(
    table: Sequence[Sequence[float]],
    wanted: Sequence[float],
    weights: Sequence[float],
    start: Sequence[float],
) -> list[float]:
    """Descend along one cost after the other; a cost that would go below zero stays there."""
    found = list(start)
    left = [_product(row, found) - y for row, y in zip(table, wanted, strict=True)]
    for _ in range(_SWEEPS):
        for n in range(len(found)):
            column = [row[n] for row in table]
            steep = sum(w * a * a for w, a in zip(weights, column, strict=True))
            if not steep:
                continue
            slope = sum(w * a * e for w, a, e in zip(weights, column, left, strict=True))
            step = max(0.0, found[n] - slope / steep) - found[n]
            if step:
                found[n] += step
                left = [e + a * step for e, a in zip(left, column, strict=True)]
    return found


def _equations(rows: Sequence[Row], rounds: Sequence[Round], costs: Costs) -> Iterable[Equation]:
    return equations(rows, rounds, costs, by_load=_by_load(rows))


def _by_load(rows: Sequence[Row]) -> bool:
    """Frames are counted since the server's tick follows the load."""
    return any(row.frames_per_s for row in rows)


def toml(
    machine: Mapping[str, Any], costs: Costs, rows: Sequence[Row], rounds: Sequence[Round]
) -> str:
    """The contents of `costs.toml`."""
    parts = [
        f"# Written by `python -m loadtest fit`, {time.strftime('%Y-%m-%d', time.gmtime())}.",
        *_table("[measured]", machine),
        *_table("[costs]", {name: float(f"{value:.4g}") for name, value in asdict(costs).items()}),
        *(line for row in rows for line in _table("[[row]]", row._asdict())),
        *(line for each in rounds for line in _table("[[round]]", each._asdict())),
    ]
    return "\n".join(parts) + "\n"


def _table(head: str, values: Mapping[str, Any]) -> list[str]:
    return ["", head, *(f"{name} = {_value(value)}" for name, value in values.items())]


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.5g}" if abs(value) < 1e5 else f"{value:.0f}"
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
