"""Tells how far the model is from the measurements that its costs were fitted to."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from server.cli.cadence import Cadence, calls_of_batch
from server.cli.costs import MEASURED, ROUNDS, ROWS, Busy, Costs, Round, Row, Stored, coldness
from server.cli.sizing import (
    Event,
    Limits,
    busy_of,
    cadence_now,
    frames_to,
    slow_cadence,
    stored_of,
)
from server.features.presence.settings import PresenceSettings
from server.settings.sections import Hub

WITHIN = 0.15
"""The largest share by which the model may differ from what was measured."""
SHARED_CORE = 1.4
"""Redis takes so many times as much in the fan-out benchmark as in `bench_costs`: there it shares
its core with a worker that writes to thousands. With this factor no row of Redis is off by more
than 10 %; with 1 or 1.7 one is by 18 %."""
PEOPLE = 62
"""Who is in the room of bench_costs on its first server, the host included."""
_AS_MEASURED = Limits(
    hub=Hub(sample_per_s_max=0),
    # Nobody comes or goes while it is measured, so nobody is told how many are online.
    presence=PresenceSettings(presence_interval_s=60),
)


class Residual(NamedTuple):
    """One measurement, mostly microseconds of CPU a comment, and what the model says of it."""

    what: str
    measured: float
    modelled: float

    @property
    def share(self) -> float:
        """By how much the model is above (or, negative, below) what was measured."""
        return self.modelled / self.measured - 1


class Equation(NamedTuple):
    """So many of each thing took so many microseconds of CPU in a second."""

    what: str
    counts: Mapping[str, float]
    measured_us: float
    comments_per_s: float
    """By which both sides are divided to be shown."""

    def compared(self, costs: Costs) -> Residual:
        """Return what was measured beside what these costs say."""
        return Residual(
            self.what,
            self.measured_us / self.comments_per_s,
            costs.sum_us(self.counts) / self.comments_per_s,
        )


def equations_of_row(row: Row, costs: Costs, *, by_load: bool) -> Iterator[Equation]:
    """The server's and the Redis' work in a row of the fan-out benchmark: with as many frames and
    calls as were counted, or, where none were, as a worker with these `costs` makes."""
    rate = row.comments_per_s
    event = Event(row.viewers, rate, 0)
    name = f"{rate:g}/s × {row.viewers:,}{', deflated' if row.deflate else ''}"
    delivered, cadence = rate * row.viewers, _cadence(event, costs, by_load=by_load)
    busy = busy_of(event, 1, _AS_MEASURED, cadence)
    stored = stored_of(event, 1, _AS_MEASURED, cadence)
    if row.frames_per_s:
        frames = frames_to(row.viewers, row.frames_per_s, _AS_MEASURED.edge)
        busy = busy._replace(**frames, passes=row.frames_per_s)
    if row.calls_per_s:
        busy = busy._replace(calls=row.calls_per_s)
        stored = stored._replace(calls=row.calls_per_s, handed_out=row.calls_per_s)
    yield Equation(f"{name}: server", busy.counts(), row.cpu_us * delivered, delivered)
    on_one_core = {cost: n * SHARED_CORE for cost, n in stored.counts().items()}
    yield Equation(f"{name}: Redis", on_one_core, row.redis_us * delivered, delivered)


def equations_of_round(each: Round, costs: Costs, *, by_load: bool) -> Iterator[Equation]:
    """The first server's, the second's and the Redis' work in a round of bench_costs."""
    rate = each.comments_per_s
    cadence = _cadence(Event(PEOPLE, rate, 0), costs, by_load=by_load)
    batches = cadence.batches_per_s(rate, _AS_MEASURED.bus)
    calls = each.calls_per_s or batches * calls_of_batch(rate / batches, 1 / batches)
    passes, passes_far = each.frames_per_s / PEOPLE or batches, each.frames_far_per_s or batches
    taken = _written(PEOPLE, passes, rate)._replace(comments=rate, calls=calls).counts()
    heard = _written(1, passes_far, rate)._replace(comments_heard=rate).counts()
    stored = Stored(0, rate, calls, handed_out=2 * calls).counts()
    idle = {"idle_us_per_s": 0.0}
    for name, counts, cost_us in (
        ("taken", taken | idle, each.taken_us),
        ("heard", heard | idle, each.heard_us),
        ("in Redis", stored, each.redis_us),
    ):
        yield Equation(f"{rate:.0f}/s, two servers: {name}", counts, cost_us * rate, rate)


def _written(people: int, passes: float, comments: float) -> Busy:
    """What a worker does that shows so many comments a second to so many people."""
    frames = people * passes
    cold = frames * coldness(1 / passes)
    return Busy(frames=frames, cold=cold, shown=people * comments, passes=passes)


def _cadence(event: Event, costs: Costs, *, by_load: bool) -> Cadence:
    """That of the one worker which was measured."""
    if by_load:
        return cadence_now(event, 1, _AS_MEASURED, costs)
    return slow_cadence(event, 1, _AS_MEASURED)


def equations(
    rows: Iterable[Row], rounds: Iterable[Round], costs: Costs, *, by_load: bool
) -> Iterator[Equation]:
    """All that costs are fitted to."""
    for row in rows:
        yield from equations_of_row(row, costs, by_load=by_load)
    for each in rounds:
        yield from equations_of_round(each, costs, by_load=by_load)


def residuals() -> list[Residual]:
    """Return every measurement that the costs were fitted to beside the model."""
    costs, by_load = Costs(), MEASURED["tick"] == "load"
    return [it.compared(costs) for it in equations(ROWS, ROUNDS, costs, by_load=by_load)]


def in_words(found: Iterable[Residual], by: str) -> str:
    """Return a line for each measurement, marked if it is too far off. `by` heads the column."""
    head = f"{'':36}{'measured':>10}{by:>11}{'off by':>9}"
    rows = (
        f"{one.what:36}{one.measured:10.2f}{one.modelled:11.2f}{one.share:+9.0%}"
        + ("  !" if abs(one.share) > WITHIN else "")
        for one in found
    )
    return "\n".join((head, *rows))
