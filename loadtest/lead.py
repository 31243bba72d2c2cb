"""Leads a run: opens the rooms, draws the curves, checks, judges, reports."""

import json
import math
import os
import platform
import shlex
import subprocess
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

import msgspec

from loadtest import own_clock
from loadtest.headroom import headroom, said_by_size
from loadtest.marks import marks
from loadtest.observe import Server, Unreachable
from loadtest.record import Record
from loadtest.rehearsal import Rehearsal, host_of
from loadtest.report import html
from loadtest.splits import UNTOLD
from loadtest.takings import Takings
from loadtest.tally import quantile
from loadtest.truth import SHARED_WRONGLY, Books, Findings, check
from loadtest.verdict import Line, judge, limits_of_the_harness

_BOOK_TRIES = 4
_RECORD_TRIES = 20
"""Statements follow the room by a second, or by more after a rush."""
_AUDIT_S = 120


class Lead:
    """One run, from the open rooms to the report."""

    def __init__(
        self,
        rehearsals: list[Rehearsal],
        server_pid: int | None,
        audit: str,
        platform_fee: int = UNTOLD,
    ) -> None:
        self.rehearsal = rehearsals[0]
        self.record = Record()
        self.opened = False
        self._audit = audit
        self._times_before: own_clock.Buckets = {}
        self._servers = {
            it.room: Server(
                it.url, it.token(host_of(it.room), "主播小夏", "host"), server_pid, platform_fee
            )
            for it in rehearsals
        }

    def open_rooms(self) -> str | None:
        """Make the rooms and go live; a sentence if that can't be."""
        try:
            for room, server in self._servers.items():
                server.open_room(room, self.rehearsal.scenario.title)
        except Unreachable as error:
            return f"The rehearsal can't start: {error}."
        self.opened = True
        self._times_before = self._servers[self.rehearsal.room].command_times()
        return None

    def tick(self, users: int) -> None:
        """A point of the curves."""
        vitals = self._servers[self.rehearsal.room].vitals()
        self.record.tick(self.rehearsal.now_s, users, vitals)

    def finish(self, path: Path) -> bool:
        """Check the books, write PATH.html and PATH.json, print the verdict; whether it passed."""
        found, takings = self._truth()
        server = self._summary_of_server()
        lines = judge(self.rehearsal.scenario, self.record, found, server, takings)
        if self._audit:
            lines.insert(0, audited(self._audit, self._servers))
        report = self._report(lines, found, takings)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_suffix(".json").write_text(
            json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
        )
        path.with_suffix(".html").write_text(html(report), encoding="utf-8")
        print(in_words(report))
        print(f"Report: {path.with_suffix('.html')}  (numbers: {path.with_suffix('.json')})")
        return bool(report["passed"])

    def _truth(self) -> tuple[Findings | str, Takings]:
        """Compare every room with its books, and add up the takings."""
        together, takings = Findings(), Takings()
        for room, server in self._servers.items():
            found, books = self._truth_of(room, server)
            if books is None or isinstance(found, str):
                return f"{room}: {found}", takings
            together.merge(found)
            takings.add(room, books, self.record.total.told.values())
        return together, takings

    def _truth_of(self, room: str, server: Server) -> tuple[Findings | str, Books | None]:
        """Again if they don't agree: a hold may lapse meanwhile, and statements come later."""
        found: Findings | str = "not tried"
        books: Books | None = None
        told = [one for one in self.record.total.told.values() if one.room == room]
        for attempt in range(_RECORD_TRIES):
            if attempt:
                time.sleep(1)
            last = attempt + 1 >= _BOOK_TRIES
            try:
                books = server.books(room)
            except Unreachable as error:
                found = str(error)
                if last:
                    break
                continue
            found = check(told, books)
            if not found.counts or (last and set(found.counts) != {SHARED_WRONGLY}):
                break
        return found, books

    def _summary_of_server(self) -> dict[str, float]:
        curve = self.record.curve
        seen: dict[str, float] = {}
        for name in ("cpu", "memory_mb", "loop_lag_ms"):
            values = [point[f"server_{name}"] for point in curve if f"server_{name}" in point]
            if values:
                seen[f"{name}_max"], seen[f"{name}_mean"] = max(values), mean(values)
        memory = [p["server_memory_mb"] for p in curve if p.get("server_memory_mb")]
        if len(memory) >= 8:
            quarter = len(memory) // 4
            # The first quarter is the crowd arriving; what comes after should not grow.
            seen["memory_growth"] = (
                mean(memory[-quarter:]) / mean(memory[quarter : 2 * quarter]) - 1
            )
        return seen

    def _report(self, lines: list[Line], found: Findings | str, takings: Takings) -> dict[str, Any]:
        counts, scenario = self.record.total.counts, self.rehearsal.scenario
        now = self._servers[self.rehearsal.room].command_times()
        own = own_clock.p99_ms(self._times_before, now)
        return {
            "scenario": scenario.name,
            "title": scenario.title,
            "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "passed": all(line.passed for line in lines),
            "verdict": [asdict(line) for line in lines],
            "warnings": limits_of_the_harness(
                self.record,
                os.cpu_count() or 1,
                own_clock.in_words(own, scenario.criteria.reply_p99_ms),
            ),
            "latencies": self._latencies(),
            "own_clock_p99_ms": {op: ms if ms < math.inf else None for op, ms in own.items()},
            "counts": dict(sorted(counts.items())),
            "orders": self._orders(),
            "sales": takings.sales(),
            "takings": takings.in_words(scenario.sells_s),
            "marks": [mark._asdict() for mark in marks(scenario)],
            "headroom": headroom(scenario, self.record.curve),
            "size": said_by_size(self.record.curve, scenario),
            "truth": found if isinstance(found, str) else dict(found.examples),
            "server": self._summary_of_server(),
            "harness": {
                "processes": len(self.record.harness_cpu_max),
                "cpu_max": self.record.harness_cpu_max,
                "lag_ms_max": self.record.harness_lag_ms_max,
            },
            "curve": self.record.curve,
            "settings": msgspec.to_builtins(scenario) | {"seed": self.rehearsal.seed},
            "machine": _machine(),
        }

    def _latencies(self) -> dict[str, dict[str, float | None]]:
        return {
            name: {
                "n": sum(steps.values()),
                **{f"p{int(q * 100)}_ms": quantile(steps, q) for q in (0.5, 0.9, 0.99)},
                "max_ms": quantile(steps, 1.0),
            }
            for name, steps in sorted(self.record.total.timed.items())
        }

    def _orders(self) -> dict[str, int]:
        """Count the buys by what their buyers were told."""
        told = self.record.total.told.values()
        return {
            "told_ok": sum(one.said == "ok" for one in told),
            "told_refused": sum(one.said.startswith("err") for one in told),
            "unanswered": sum(one.said == "unknown" for one in told),
            "asked_again": sum(one.asked > 1 for one in told),
        }


def audited(command: str, rooms: Iterable[str]) -> Line:
    """Return the result of the server's own audit: ledgers against live state."""
    ran = [_audit(command, room) for room in rooms]
    said = "; ".join(words for words, _ in ran)
    passed = all(agrees for _, agrees in ran)
    return Line("The server's own audit of its ledger", "agrees", said, passed)


def _audit(command: str, room: str) -> tuple[str, bool]:
    argv = [*shlex.split(command), room]
    try:
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=_AUDIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{command}: {error}", False
    return " ".join((ran.stdout or ran.stderr).split())[:400], ran.returncode == 0


def in_words(report: dict[str, Any]) -> str:
    """The verdict for a terminal."""
    rows = [f"\n{'PASSED' if report['passed'] else 'FAILED'}: {report['title']}"]
    for line in report["verdict"]:
        mark = "ok  " if line["passed"] else "FAIL"
        rows.append(f"  {mark} {line['what']}: {line['measured']}  ({line['limit']})")
    rows.extend(f"  Note: {warning}" for warning in report["warnings"])
    return "\n".join(rows)


def _machine() -> dict[str, Any]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }
