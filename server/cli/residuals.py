"""Tells how far the model is from the measurements that its costs were fitted to."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from server.cli.costs import MEASURED, ROUNDS, ROWS, Busy, Costs, Round, Row, Stored
from server.cli.sizing import Event, Limits, busy_of, calls_per_s_max, stored_of
from server.features.presence.settings import PresenceSettings
from server.hub.governor import Governor
from server.settings.sections import Bus, Hub

WITHIN = 0.15
"""The largest share by which the model may differ from what was measured."""
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


def equations_of_row(row: Row, *, by_load: bool) -> Iterator[Equation]:
    """The server's and the Redis' work in a row of the fan-out benchmark: with as many frames as
    were counted, or, where none were, as the head count's tick makes."""
    rate = row.comments_per_s
    event = Event(row.viewers, rate, 0)
    name = f"{rate:g}/s × {row.viewers:,}{', deflated' if row.deflate else ''}"
    delivered, calls = rate * row.viewers, _calls(rate, by_load=by_load)
    busy = busy_of(event, 1, _AS_MEASURED)._replace(calls=calls)
    if row.frames_per_s:
        pings = 2 / _AS_MEASURED.edge.ping_interval_s
        frames = row.viewers * (row.frames_per_s + pings)
        busy = busy._replace(frames=frames, passes=row.frames_per_s)
    stored = stored_of(event, 1, _AS_MEASURED)._replace(calls=calls, handed_out=calls)
    yield Equation(f"{name}: server", busy.counts(), row.cpu_us * delivered, delivered)
    yield Equation(f"{name}: Redis", stored.counts(), row.redis_us * delivered, delivered)


def equations_of_round(each: Round, *, by_load: bool) -> Iterator[Equation]:
    """The first server's, the second's and the Redis' work in a round of bench_costs."""
    rate = each.comments_per_s
    calls = _calls(rate, by_load=by_load)
    taken = Busy(PEOPLE * calls, PEOPLE * rate, rate, calls, passes=calls).counts()
    heard = Busy(calls, rate, comments_heard=rate, passes=calls).counts()
    stored = Stored(0, rate, calls, handed_out=2 * calls).counts()
    idle = {"idle_us_per_s": 0.0}
    for name, counts, cost_us in (
        ("taken", taken | idle, each.taken_us),
        ("heard", heard | idle, each.heard_us),
        ("in Redis", stored, each.redis_us),
    ):
        yield Equation(f"{rate:.0f}/s, two servers: {name}", counts, cost_us * rate, rate)


def _calls(comments_per_s: float, *, by_load: bool) -> float:
    """Script calls a second of one worker, which gathers comments for less time if it has time."""
    bus, part = Bus(), 1.0
    if by_load:
        most = calls_per_s_max(bus)
        rest = Busy(comments=comments_per_s, calls=min(comments_per_s, most)).counts()
        governor = Governor()
        for _ in range(100):
            governor.note_rest(Costs().sum_us(rest) / 1e6, 1.0)
        part = governor.gathering
    gathered = Bus(publish_interval_ms=max(1.0, bus.publish_interval_ms * part))
    return min(comments_per_s, calls_per_s_max(gathered))


def equations() -> Iterator[Equation]:
    """All that the costs were fitted to."""
    by_load = MEASURED["tick"] == "load"
    for row in ROWS:
        yield from equations_of_row(row, by_load=by_load)
    for each in ROUNDS:
        yield from equations_of_round(each, by_load=by_load)


def residuals(costs: Costs | None = None) -> list[Residual]:
    """Return every measurement beside the model."""
    costs = costs or Costs()
    return [it.compared(costs) for it in equations()]


def in_words(found: Iterable[Residual], by: str) -> str:
    """Return a line for each measurement, marked if it is too far off. `by` heads the column."""
    head = f"{'':36}{'measured':>10}{by:>11}{'off by':>9}"
    rows = (
        f"{one.what:36}{one.measured:10.2f}{one.modelled:11.2f}{one.share:+9.0%}"
        + ("  !" if abs(one.share) > WITHIN else "")
        for one in found
    )
    return "\n".join((head, *rows))
