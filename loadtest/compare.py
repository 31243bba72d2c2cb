"""`compare A.json B.json`: tells the changes from one run to the other."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

_WORTH = 0.1
"""Changes below ten per cent are noise between two runs, and left out."""
_LATENCY_FLOOR_MS = 5
_SHORT = 60

Report = Mapping[str, Any]


def main(argv: Sequence[str] | None = None) -> int:
    """Print the changes: 0 if B is no worse in its verdict, 1 if it is, 2 if it can't be read."""
    parser = argparse.ArgumentParser(prog="python -m loadtest compare", description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    options = parser.parse_args(argv)
    try:
        before, after = (_report(path) for path in (options.before, options.after))
    except NoReport as why:
        print(why, file=sys.stderr)
        return 2
    print("\n".join(changes(before, after)))
    return 1 if before["passed"] and not after["passed"] else 0


class NoReport(Exception):
    """A file is no report of `load`; the text is a sentence that names the file and the fault."""


def _report(path: Path) -> Report:
    """A report, with all that is compared. Raises NoReport."""
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NoReport(f"{path} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise NoReport(
            f"{path} can't be read, it is no JSON ({error}): give the .json file of a run."
        ) from None
    try:
        whole: Report = msgspec.convert(read, _Report).asdict()
    except msgspec.ValidationError as error:
        raise NoReport(f"{path} can't be read as a report of `load`: {error}.") from None
    return whole


class _Line(msgspec.Struct):
    what: str
    measured: str
    passed: bool


class _Report(msgspec.Struct):
    """The compared fields of a report. Newer versions may have more."""

    passed: bool
    verdict: list[_Line]
    settings: dict[str, Any]
    machine: dict[str, Any]
    latencies: dict[str, dict[str, float | None]]
    server: dict[str, float]
    orders: dict[str, float]
    counts: dict[str, float]

    def asdict(self) -> dict[str, Any]:
        """As plain data."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def changes(before: Report, after: Report) -> Iterator[str]:
    """One sentence a change, the verdict first."""
    names = {True: "passed", False: "failed"}
    yield f"Verdict: {names[before['passed']]} before, {names[after['passed']]} now."
    if before["settings"] != after["settings"]:
        yield "The scenarios differ, so the numbers do not compare one to one:"
        for key in sorted(before["settings"].keys() | after["settings"].keys()):
            old, new = before["settings"].get(key), after["settings"].get(key)
            if old != new:
                short = len(f"{old}{new}") <= _SHORT
                yield f"  {key}: {old} -> {new}" if short else f"  {key} changed"
    if before["machine"] != after["machine"]:
        yield f"The machines differ: {before['machine']} -> {after['machine']}."
    yield from _criteria(before, after)
    yield from _numbers(before, after)


def _criteria(before: Report, after: Report) -> Iterator[str]:
    old = {line["what"]: line for line in before["verdict"]}
    for line in after["verdict"]:
        was = old.get(line["what"])
        if was is None:
            yield f"New criterion: {line['what']}: {line['measured']}."
        elif was["passed"] != line["passed"]:
            word = "Now holds" if line["passed"] else "BROKEN"
            yield f"{word}: {line['what']}: {was['measured']} -> {line['measured']}."
    for what in old.keys() - {line["what"] for line in after["verdict"]}:
        yield f"No longer asked: {what}."


def _numbers(before: Report, after: Report) -> Iterator[str]:
    for name in sorted(before["latencies"].keys() & after["latencies"].keys()):
        old, new = before["latencies"][name], after["latencies"][name]
        for q in ("p50_ms", "p99_ms"):
            was, now = old.get(q), new.get(q)
            if was is None or now is None:
                continue
            if abs(now - was) > _LATENCY_FLOOR_MS:
                yield from _change(f"{name} {q.removesuffix('_ms')}", was, now, "ms")
    for name in sorted(before["server"].keys() & after["server"].keys()):
        yield from _change(f"server {name}", before["server"][name], after["server"][name], "")
    for name in sorted(before["orders"].keys() & after["orders"].keys()):
        yield from _change(f"orders {name}", before["orders"][name], after["orders"][name], "")
    for name in ("comments", "tried", "failed", "bytes"):
        yield from _change(name, before["counts"].get(name, 0), after["counts"].get(name, 0), "")


def _change(name: str, old: float, new: float, unit: str) -> Iterator[str]:
    if abs(new - old) <= _WORTH * max(abs(old), abs(new)):
        return
    share = f"{(new - old) / old:+.0%}" if old else "from nothing"
    yield f"{name}: {old:,.4g} -> {new:,.4g} {unit}".rstrip() + f" ({share})"
