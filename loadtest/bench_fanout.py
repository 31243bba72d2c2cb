"""`make bench-fanout`: our fan-out beside its peers', measured in one run on this machine.

Each server in turn has core 0, the load client has core 1. Prints one table; writes the same as
JSON and as a picture.
"""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from loadtest.fanout import process
from loadtest.fanout.contenders import Contender, npm_install, peers
from loadtest.fanout.measure import (
    CLIENT_CORE,
    NotMeasured,
    Result,
    Row,
    Timing,
    cores_fit,
    measure,
)
from loadtest.fanout.ours import ours
from loadtest.fanout.picture import picture
from loadtest.fanout.table import OTHERS_LIMIT, table

ROWS = (Row(1, 2000), Row(30, 2000), Row(200, 2000), Row(1000, 2000), Row(5, 15_000))
_QUICK = Timing(1, 2)
_FULL = Timing(2, 6)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 2 if it could not measure what was asked for."""
    options = _options(argv)
    if options.install_peers:
        return npm_install()
    if not cores_fit():
        print("The benchmark needs cores 0 and 1: one for the server, one for the load.")
        return 2
    wanted = {contender.key: contender for contender in (*ours(), *peers())}
    if unknown := set(options.only) - set(wanted):
        print(f"There is no {', '.join(sorted(unknown))}; choose from {', '.join(wanted)}.")
        return 2
    chosen = [wanted[key] for key in (options.only or wanted)]
    files = process.raise_file_limit(40_000)
    if (most := max(row.viewers for row in options.rows)) > files - 500:
        print(f"{most:,} viewers need more open files than {files:,}: raise `ulimit -n` first.")
        return 2
    process.end_children_on_sigterm()
    os.sched_setaffinity(0, {CLIENT_CORE})
    results, notes = _run(chosen, options.rows, _QUICK if options.quick else _FULL, options.tries)
    _write(results, notes, options.out, options.picture)
    return 0 if results else 2


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench_fanout", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 s a row instead of 6")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=[], help="for example ours,uws"
    )
    parser.add_argument(
        "--rows",
        type=lambda text: [Row(*map(int, part.split("x"))) for part in text.split(",")],
        default=ROWS,
        help="comments a second x viewers, for example 200x2000,5x15000",
    )
    parser.add_argument(
        "--tries", type=int, default=3, help="how often to measure a row that others disturb"
    )
    parser.add_argument("--out", type=Path, default=Path("out/fanout.json"))
    parser.add_argument("--picture", type=Path, default=Path("out/fanout.svg"))
    parser.add_argument("--install-peers", action="store_true", help="fetch the npm peers and stop")
    return parser.parse_args(argv)


def _run(
    chosen: Sequence[Contender], rows: Sequence[Row], timing: Timing, tries: int
) -> tuple[list[Result], list[str]]:
    results, notes = [], []
    present = []
    for contender in chosen:
        if command := contender.missing():
            notes.append(f"{contender.title} is not installed: {command}")
        else:
            present.append(contender)
    for row in rows:
        for contender in present:
            print(f"{row.name:>10}  {contender.title} ... ", end="", file=sys.stderr, flush=True)
            try:
                results.append(_undisturbed(contender, row, timing, tries))
                print(f"{results[-1].delivered_per_s:,.0f} delivered/s", file=sys.stderr)
            except NotMeasured as why:
                notes.append(f"{contender.title} at {row.name}: {why}")
                print(why, file=sys.stderr)
    return results, notes


def _undisturbed(contender: Contender, row: Row, timing: Timing, tries: int) -> Result:
    """Measure; again if other programs used the cores meanwhile. The calmest try counts."""
    calmest = measure(contender, row, timing)
    for _ in range(tries - 1):
        if calmest.others_cpu <= OTHERS_LIMIT:
            break
        print("disturbed, again ... ", end="", file=sys.stderr, flush=True)
        again = measure(contender, row, timing)
        calmest = min(calmest, again, key=lambda result: result.others_cpu)
    return calmest


def _write(results: list[Result], notes: list[str], out: Path, drawing: Path) -> None:
    machine = {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    print(table(results))
    for note in notes:
        print(f"- {note}")
    print(f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, server on one core.")
    out.parent.mkdir(parents=True, exist_ok=True)
    found = {
        "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine,
        "notes": notes,
        "results": [asdict(result) for result in results],
    }
    out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if results:
        drawing.parent.mkdir(parents=True, exist_ok=True)
        drawing.write_text(picture(results), encoding="utf-8")
    print(f"Written to {out} and {drawing}.")


def _cpu_name() -> str:
    for row in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if row.startswith("model name"):
            return row.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
