"""The scenes of a plan: a million viewers in one room, and what could change for them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from statistics import mean
from typing import NamedTuple

from loadtest.simulation.scene import Outcome, Scene, simulate
from server.cli.costs import MEASURED, ROWS, Costs, Row
from server.cli.residuals import SHARED_CORE, Residual
from server.cli.sizing import Limits
from server.settings.sections import Hub

FULL = 0.9
"""Share of a core or link at which it counts as full."""
LATE_MS = 300.0
"""The 99th percentile of a comment or an order above which a room has bent."""
_STEPS = 9


class Change(NamedTuple):
    """A way to build the same room."""

    name: str
    relays: bool = False
    apart: bool = False
    parts: int = 1

    def made(self, scene: Scene) -> Scene:
        """The scene with it."""
        return replace(scene, relays=self.relays, apart=self.apart, parts=self.parts)


@dataclass(frozen=True)
class Plan:
    """The load at its full size, and the number of workers for it."""

    viewers: int = 1_000_000
    comments_per_s: float = 2_000
    orders_per_s: float = 10_000
    workers: int = 420
    shards: int = 6
    """For sales, in the last change."""

    def scene(self, share: float = 1.0, *, seconds: float = 2.0) -> Scene:
        """That share of it, with as large a share of the workers."""
        return Scene(
            viewers=max(1, round(self.viewers * share)),
            comments_per_s=self.comments_per_s * share,
            orders_per_s=self.orders_per_s * share,
            workers=max(1, round(self.workers * share)),
            seconds=seconds,
        )

    def changes(self) -> Sequence[Change]:
        """Return what is built today, what shards alone would bring, and three steps, each on the
        last."""
        return (
            Change("as it is"),
            Change(f"sales over {self.shards} shards alone", parts=self.shards),
            Change("a relay a machine", relays=True),
            Change("+ orders told apart", relays=True, apart=True),
            Change(
                f"+ sales over {self.shards} shards", relays=True, apart=True, parts=self.shards
            ),
        )


class Bend(NamedTuple):
    """The point up to which a room can grow: its share of the scene, and what ends it."""

    change: Change
    share: float
    by: str
    before: Outcome
    """At that size."""


def compared_with_measured() -> Iterator[Residual]:
    """Yield each row of the benchmark beside its simulation."""
    for row in ROWS:
        outcome = simulated_row(row)
        where = f"{row.comments_per_s:g}/s × {row.viewers:,}{', deflated' if row.deflate else ''}"
        yield Residual(f"{where}: server, µs", row.cpu_us, outcome.cpu_us)
        yield Residual(f"{where}: Redis, µs", row.redis_us, outcome.redis_us)
        yield Residual(f"{where}: p50, ms", row.p50_ms, outcome.comment_p50)


def simulated_row(row: Row) -> Outcome:
    """Simulate what the benchmark measures: one worker, no budget, comments evenly spaced, Redis on
    the worker's core."""
    costs = Costs()
    shared = {
        it.name: getattr(costs, it.name) * SHARED_CORE
        for it in fields(Costs)
        if _is_of_redis(it.name)
    }
    return simulate(
        Scene(
            row.viewers,
            row.comments_per_s,
            even=True,
            one_core=True,
            seconds=6,
            warm_s=2,
            by_load=MEASURED["tick"] == "load",
            limits=Limits(hub=Hub(sample_per_s_max=0)),
            costs=replace(costs, **shared),
        )
    )


def _is_of_redis(cost: str) -> bool:
    return cost.startswith("redis_") and "_us" in cost


def bends(plan: Plan) -> Iterator[Bend]:
    """Yield for each change how much of the plan it carries, up to all of it."""
    for change in plan.changes():
        yield _bend(plan, change)


def _bend(plan: Plan, change: Change) -> Bend:
    whole = simulate(change.made(plan.scene()))
    why = why_it_bent(whole)
    if not why:
        return Bend(change, 1.0, "", whole)
    low, high, before = 0.0, 1.0, whole
    for _ in range(_STEPS):
        share = (low + high) / 2
        outcome = simulate(change.made(plan.scene(share)))
        if reason := why_it_bent(outcome):
            high, why = share, reason
        else:
            low, before = share, outcome
    return Bend(change, low, why, before)


def why_it_bent(outcome: Outcome) -> str:
    """Say what is full or late; nothing if all is well."""
    station, load = outcome.fullest
    if load > FULL:
        return f"{station} at {load:.0%} of a core" if "link" not in station else station
    if outcome.comment_p99 > LATE_MS:
        return f"comments {outcome.comment_p99:.0f} ms late"
    if outcome.order_p99 > LATE_MS:
        return f"orders {outcome.order_p99:.0f} ms late"
    return ""


def storm(plan: Plan, reads: float, share: float = 0.1) -> Outcome:
    """A share of all viewers breaks off at once and comes back."""
    scene = plan.changes()[-1].made(plan.scene(seconds=6))
    return simulate(replace(scene, drop_share=share, reads=reads, warm_s=0.5))


def failover(plan: Plan, away_s: float = 6.0) -> Outcome:
    """A shard with sales is away until its replica has its place."""
    scene = plan.changes()[-1].made(plan.scene(seconds=24))
    return simulate(replace(scene, away_s=away_s, fails_at_s=3.0, warm_s=0.5))


def by_time(
    seen: Sequence[tuple[float, float]], step_s: float, q: float | None = 0.99
) -> list[tuple[float, float]]:
    """The q-quantile of what was answered within each step of time; the mean if q is None."""
    steps: dict[int, list[float]] = {}
    for at, ms in seen:
        steps.setdefault(int(at / step_s), []).append(ms)
    return [
        (n * step_s, mean(found) if q is None else sorted(found)[int(q * (len(found) - 1))])
        for n, found in sorted(steps.items())
    ]
