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
from loadtest.fanout.centrifugo import centrifugo, go_install
from loadtest.fanout.contenders import Contender, npm_install, peers
from loadtest.fanout.goals import goals, in_words
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
from loadtest.fanout.rates import CONTENDERS as RATES_CONTENDERS
from loadtest.fanout.rates import ROWS as RATES_ROWS
from loadtest.fanout.rates import rates_picture
from loadtest.fanout.table import OTHERS_LIMIT, table

ROWS = (Row(1, 2000), Row(30, 2000), Row(200, 2000), Row(1000, 2000), Row(5, 15_000))
_DOCS = Path("docs/benchmarks.md")
_KEPT = Path("docs/benchmarks/fanout")
_KEPT_RATES = Path("docs/benchmarks/rates")
_RATES_SHOWN = "![Latency and CPU against the rate of comments](benchmarks/rates.svg)\n"
_QUICK = Timing(1, 2)
_FULL = Timing(2, 6, comments_min=30)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code: 2 if it could not measure the request."""
    options = _options(argv)
    if options.install_peers:
        return max(npm_install(), go_install())
    if not cores_fit():
        print("The benchmark needs cores 0 and 1: one for the server, one for the load.")
        return 2
    wanted = {contender.key: contender for contender in (*ours(), *peers(), *centrifugo())}
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
    if options.show:
        found = json.loads(options.show.read_text(encoding="utf-8"))
        results, notes = [Result(**row) for row in found["results"]], found["notes"]
    else:
        timing = _QUICK if options.quick else _FULL
        results, notes = _run(chosen, options.rows, timing, options.tries, options.out)
    if options.docs:
        kept = _KEPT_RATES if options.rates else _KEPT
        options.out, options.picture = kept.with_suffix(".json"), kept.with_suffix(".svg")
    drawn = rates_picture(results) if options.rates else picture(results)
    said = _write(results, notes, options.out, options.picture, drawn)
    if options.docs:
        _into_docs(*(("rates", _RATES_SHOWN) if options.rates else ("measured", _as_text(said))))
    return 0 if results else 2


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench_fanout", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 s a row instead of 6")
    parser.add_argument(
        "--only", type=lambda text: text.split(","), default=[], help="for example ours,uws"
    )
    parser.add_argument(
        "--rates",
        action="store_true",
        help="latency and CPU against the rate, ours and uWebSockets', as a picture of its own",
    )
    parser.add_argument(
        "--rows",
        type=lambda text: [Row(*map(int, part.split("x"))) for part in text.split(",")],
        help="comments a second x viewers, for example 200x2000,5x15000",
    )
    parser.add_argument(
        "--tries", type=int, default=3, help="how often to measure a row that others disturb"
    )
    parser.add_argument(
        "--docs", action="store_true", help="keep the results in docs/benchmarks.md"
    )
    parser.add_argument("--show", type=Path, help="show these results again; measure nothing")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument(
        "--install-peers", action="store_true", help="fetch the npm peers and Centrifugo, and stop"
    )
    options = parser.parse_args(argv)
    options.rows = options.rows or (RATES_ROWS if options.rates else ROWS)
    options.only = options.only or (list(RATES_CONTENDERS) if options.rates else [])
    name = "rates" if options.rates else "fanout"
    options.out = options.out or Path(f"out/{name}.json")
    options.picture = options.picture or Path(f"out/{name}.svg")
    return options


def _run(
    chosen: Sequence[Contender], rows: Sequence[Row], timing: Timing, tries: int, so_far: Path
) -> tuple[list[Result], list[str]]:
    """Measure all; `so_far` always has the results so far, in case the rest is cut short."""
    so_far.parent.mkdir(parents=True, exist_ok=True)
    results: list[Result] = []
    notes: list[str] = []
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
            so_far.write_text(_as_json(results, notes), encoding="utf-8")
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


def _write(results: list[Result], notes: list[str], out: Path, drawing: Path, drawn: str) -> str:
    """Print the findings, keep them as JSON and picture; returns the printed text."""
    machine = _machine()
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"
    said = "\n".join(
        (table(results), "", in_words(goals(results)), *(f"- {note}" for note in notes), where)
    )
    print(said)
    for path, text in (
        (out, _as_json(results, notes)),
        (drawing, drawn),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    print(f"Written to {out} and {drawing}.")
    return said


def _as_json(results: list[Result], notes: list[str]) -> str:
    found = {
        "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": _machine(),
        "notes": notes,
        "goals": [asdict(goal) for goal in goals(results)],
        "results": [asdict(result) for result in results],
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _machine() -> dict[str, object]:
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _as_text(said: str) -> str:
    return f"```text\n{said}\n```\n"


def _into_docs(part: str, text: str) -> None:
    """Put a text between the two marks of a part of the page."""
    page = _DOCS.read_text(encoding="utf-8")
    head, begin, rest = page.partition(f"<!-- {part} -->\n")
    _, end, tail = rest.partition(f"<!-- /{part} -->")
    _DOCS.write_text(f"{head}{begin}{text}{end}{tail}", encoding="utf-8")
    print(f"Put into {_DOCS}.")


def _cpu_name() -> str:
    for row in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if row.startswith("model name"):
            return row.partition(":")[2].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
