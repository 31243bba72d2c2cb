"""One run as numbers: the totals, and the curves second by second."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from loadtest.tally import Tally, quantile

_WINDOW_S = 3
"""Curves show the last three seconds: processes report about that often."""


class Record:
    """Filled where the run is led: by the master, or the only process."""

    def __init__(self) -> None:
        self.total = Tally()
        self.curve: list[dict[str, Any]] = []
        self.harness_cpu_max: dict[str, float] = {}
        self.harness_lag_ms_max = 0.0
        self._recent: list[tuple[float, dict[str, Any]]] = []

    def add(self, process: str, taken: Mapping[str, Any]) -> None:
        """Add the counts of one process since its last report."""
        self.total.add(taken)
        self._recent.append((time.monotonic(), dict(taken)))
        health = taken.get("health", {})
        cpu = health.get("cpu", 0.0)
        self.harness_cpu_max[process] = max(self.harness_cpu_max.get(process, 0.0), cpu)
        self.harness_lag_ms_max = max(self.harness_lag_ms_max, health.get("lag_ms", 0.0))

    def tick(self, at_s: float, users: int, server: Mapping[str, float]) -> None:
        """One point of the curves, from the reports of the last seconds."""
        now = time.monotonic()
        self._recent = [(at, taken) for at, taken in self._recent if now - at <= _WINDOW_S]
        counts: Counter[str] = Counter()
        timed: dict[str, Counter[int]] = {}
        for _, taken in self._recent:
            counts.update(taken["counts"])
            for name, steps in taken["timed"].items():
                mine = timed.setdefault(name, Counter())
                mine.update({int(step): n for step, n in steps.items()})
        span = max(1.0, min(at_s, _WINDOW_S))
        point: dict[str, Any] = {
            "at_s": round(at_s, 1),
            "users": users,
            "delivered_per_s": counts["comments"] / span,
            "commands_per_s": counts["tried"] / span,
            "failed_per_s": counts["failed"] / span,
            "comments_per_s": counts["ok.comment"] / span,
            "orders_per_s": counts["ok.buy"] / span,
            "refused_per_s": sum(n for name, n in counts.items() if name.startswith("err.buy"))
            / span,
            "mbit_per_s": counts["bytes"] * 8 / 1e6 / span,
            "stock": {sale: stock[:3] for sale, stock in self.total.stock.items()},
            **{f"server_{name}": value for name, value in server.items()},
        }
        for name, steps in timed.items():
            point[f"p50.{name}"] = quantile(steps, 0.5)
            point[f"p99.{name}"] = quantile(steps, 0.99)
        self.curve.append(point)
