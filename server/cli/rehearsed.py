"""Reads what a rehearsal measured from its report: how this machine compares with the model."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from server.cli.costs import Costs
from server.cli.sizing import Event, Limits, cadence_now, load_of

_CPU = tuple(
    field.name for field in fields(Costs) if field.name.endswith(("_us", "_us_per_s"))
)  # fmt: skip
_BUSY_SHARE = 0.7
"""Points of the curve with at least this share of the most people say how busy the server was."""
_CPU_MIN = 0.02
"""Share of a core below which idling hides what people cost."""


class Unusable(ValueError):
    """A report from which nothing can be planned; the text is a sentence for the user."""


class Rehearsed(NamedTuple):
    """The busiest part of a rehearsal: medians over it. `cpu` is a share of a core, of all workers
    together and without Redis; `modelled` is what the model says of the same load."""

    title: str
    finished: str
    machine: str
    event: Event
    workers: int
    cpu: float
    modelled: float

    @property
    def times(self) -> float:
        """How many times the modelled CPU was measured."""
        return self.cpu / self.modelled

    def costs(self, costs: Costs | None = None) -> Costs:
        """Return the costs as they were here: all CPU costs times what was measured."""
        costs = costs or Costs()
        return replace(costs, **{name: getattr(costs, name) * self.times for name in _CPU})

    def in_words(self) -> Iterator[str]:
        """Yield what was measured, and how the model compares."""
        event = self.event
        yield f"“{self.title}” was rehearsed {self.finished} on {self.machine}. At its busiest"
        yield (
            f"  {event.viewers:,} people, {event.comments_per_s:.3g} comments/s and "
            f"{event.orders_per_s:.3g} orders/s took {self.cpu:.1%} of a core of "
            f"{_count(self.workers, 'worker')}"
        )
        yield f"  the model says {self.modelled:.1%}: here it took {self.times:.2f} times as much"
        yield "The plan takes every CPU cost, that of Redis too, times as much."


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" + ("" if n == 1 else "s")


def read_report(path: Path) -> Rehearsed:
    """Read a report that `liveroom loadtest load` wrote. Raises Unusable."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unusable(f"{path} can't be read: {error.strerror}.") from None
    except ValueError:
        raise Unusable(
            f"{path} is no report: give the .json that `liveroom loadtest load` wrote."
        ) from None
    if not isinstance(report, dict) or not isinstance(report.get("curve"), list):
        raise Unusable(f"{path} holds no curve: give the .json of `liveroom loadtest load`.")
    try:
        return _rehearsed(report)
    except (KeyError, TypeError, AttributeError) as error:
        raise Unusable(f"{path} is not a whole report: {error} is missing or wrong.") from None


def _rehearsed(report: Mapping[str, Any]) -> Rehearsed:
    points = [
        point for point in report["curve"] if point.get("server_cpu") and point.get("users")
    ]  # fmt: skip
    if not points:
        raise Unusable(
            "The report does not say how busy the server was: rehearse with a server on the same "
            "machine, which `load` starts itself, or name yours by --server-pid."
        )
    most = max(point["users"] for point in points)
    busiest = [point for point in points if point["users"] >= most * _BUSY_SHARE]
    settings, machine = report["settings"], report["machine"]
    event = Event(
        viewers=round(_median(busiest, "users")),
        comments_per_s=_median(busiest, "comments_per_s"),
        orders_per_s=_median(busiest, "orders_per_s"),
        rooms=settings.get("rooms", 1),
        deflate=settings.get("deflate_share", 0) > 0.5,
    )
    workers = max(1, round(max(point.get("server_workers", 1) for point in busiest)))
    cpu = _median(busiest, "server_cpu")
    if cpu < _CPU_MIN:
        raise Unusable(
            f"At its busiest the server took {cpu:.1%} of a core, which says little about people: "
            "rehearse with more of them (--users)."
        )
    return Rehearsed(
        title=report["title"],
        finished=report["finished"],
        machine=f"{machine['cores']} cores, {machine['system']}",
        event=event,
        workers=workers,
        cpu=cpu,
        modelled=_modelled_cpu(event, workers),
    )


def _modelled_cpu(event: Event, workers: int) -> float:
    """Of so many workers as they are in a rehearsal, with time that they spend on latency."""
    limits, costs = Limits(), Costs()
    cadence = cadence_now(event, workers, limits, costs)
    return load_of(event, workers, limits, costs, cadence).worker_cpu * workers


def _median(points: Sequence[Mapping[str, Any]], name: str) -> float:
    return float(median(point.get(name) or 0.0 for point in points))
