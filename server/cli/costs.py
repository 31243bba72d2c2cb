"""Knows what one thing costs, as measured, and which measurements the costs were fitted to.

Both stand in `costs.toml`, which `python -m loadtest fit` writes. The costs are of one core of the
machine that the file names.
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

FILE = Path(__file__).with_name("costs.toml")
_KEPT: dict[str, Any] = tomllib.loads(FILE.read_text(encoding="utf-8"))
MEASURED: Mapping[str, str] = _KEPT["measured"]
"""When and where: `when`, `cpu`, `cores`, `system`, `python`; and what its `tick` followed:
the `load`, or, until November 2026, the `head count`."""


def _kept(name: str) -> float:
    return float(_KEPT["costs"][name])


@dataclass(frozen=True)
class Costs:
    """The cost of each thing; CPU in microseconds of one core."""

    write_us: float = _kept("write_us")
    """One frame written to a viewer to whom one was written just before, kernel included."""
    cold_us: float = _kept("cold_us")
    """What a frame costs more if nothing was written to its viewer for long: see `coldness`."""
    shown_us: float = _kept("shown_us")
    """Each comment in a frame, once it is written."""
    comment_taken_us: float = _kept("comment_taken_us")
    """A comment taken from its author, on the author's worker."""
    comment_call_us: float = _kept("comment_call_us")
    """A script call with a worker's newest comments or questions, just after another one."""
    call_cold_us: float = _kept("call_cold_us")
    """What that call costs more if the one before it was long ago: see `coldness`."""
    comment_heard_us: float = _kept("comment_heard_us")
    """A comment heard on the bus, on every other worker with viewers of its room."""
    pass_us: float = _kept("pass_us")
    """A pass over an audience besides its writes, just after another one: frames are built."""
    pass_cold_us: float = _kept("pass_cold_us")
    """What a pass costs more if the one before it was long ago: see `coldness`."""
    order_taken_us: float = _kept("order_taken_us")
    """An order bought and paid, on the buyer's worker."""
    order_heard_us: float = _kept("order_heard_us")
    """What an order tells the room, on every other worker."""
    idle_us_per_s: float = _kept("idle_us_per_s")
    """A worker that does nothing."""
    join_us: float = _kept("join_us")
    """A viewer who joins, token checked."""
    viewer_bytes: float = _kept("viewer_bytes")
    """A joined viewer."""
    worker_bytes: float = _kept("worker_bytes")
    """A worker without viewers."""
    comment_wire_bytes: float = _kept("comment_wire_bytes")
    """A comment in JSON as it leaves, not deflated."""
    comment_deflated_bytes: float = _kept("comment_deflated_bytes")
    """The same deflated by the frames before it, with every name and user different."""
    packet_bytes: float = _kept("packet_bytes")
    """What TCP, IP and Ethernet add to a frame (by their headers)."""
    redis_idle_us_per_s: float = _kept("redis_idle_us_per_s")
    """What a worker asks of Redis while nothing happens."""
    redis_comment_us: float = _kept("redis_comment_us")
    """A comment in Redis, stored and published."""
    redis_call_us: float = _kept("redis_call_us")
    """A script call that stores comments or questions, just after another one."""
    redis_cold_us: float = _kept("redis_cold_us")
    """What that call costs more if the one before it was long ago: see `coldness`."""
    redis_order_us: float = _kept("redis_order_us")
    """An order bought and paid in Redis, each step on the disk (appendfsync always)."""
    redis_publish_us: float = _kept("redis_publish_us")
    """A message of the bus handed to one worker."""
    redis_join_us: float = _kept("redis_join_us")
    """What a join reads in Redis."""
    redis_order_bytes: float = _kept("redis_order_bytes")
    """What an order leaves in Redis: itself, its key, its ledger lines, its events."""

    def sum_us(self, counts: Mapping[str, float]) -> float:
        """Return the CPU of so many of each thing, by the names of their costs."""
        mine = asdict(self)
        return float(sum(mine[name] * n for name, n in counts.items()))


FANOUT = "fan-out"
COSTS = "costs"
MEASURED_BY = {
    FANOUT: (
        *("write_us", "cold_us", "shown_us", "join_us", "viewer_bytes", "redis_join_us"),
        *("comment_wire_bytes", "comment_deflated_bytes"),
    ),
    COSTS: (
        *("comment_heard_us", "pass_us", "order_taken_us", "order_heard_us"),
        *("worker_bytes", "redis_order_us", "redis_publish_us", "redis_order_bytes"),
    ),
    "both": (
        *("comment_taken_us", "comment_call_us", "call_cold_us", "idle_us_per_s"),
        *("pass_cold_us", "redis_idle_us_per_s"),
        *("redis_comment_us", "redis_call_us", "redis_cold_us"),
    ),
}
"""By which benchmark each cost is measured; `packet_bytes` is by the headers."""


COLD_S = 0.1
"""Time since the one before after which 1 - 1/e of `cold_us` are due. A plain send() in C shows the
same in docs/benchmarks.md: 3.6 µs after 7 ms, 4.4 after 33, 7 after 200 and after 1,000."""


def coldness(gap_s: float) -> float:
    """Return the part of `cold_us` that a frame costs which comes so long after the one before; of
    `call_cold_us`, `pass_cold_us` and `redis_cold_us` that calls and passes do: what they need, of
    ours and of the kernel, has left the processor's cache meanwhile."""
    return 1 - math.exp(-gap_s / COLD_S)


def _cold(each_per_s: float) -> float:
    """So many things a second, each counted as much as it is cold."""
    return each_per_s * coldness(1 / each_per_s) if each_per_s else 0.0


class Busy(NamedTuple):
    """The things that one worker does in a second, beside joins."""

    frames: float = 0.0
    cold: float = 0.0
    """Frames, each counted as much as it is cold."""
    shown: float = 0.0
    comments: float = 0.0
    calls: float = 0.0
    comments_heard: float = 0.0
    passes: float = 0.0
    orders: float = 0.0
    orders_heard: float = 0.0

    def counts(self) -> dict[str, float]:
        """By the names of their costs."""
        return {
            "idle_us_per_s": 1.0,
            "write_us": self.frames,
            "cold_us": self.cold,
            "shown_us": self.shown,
            "comment_taken_us": self.comments,
            "comment_call_us": self.calls,
            "call_cold_us": _cold(self.calls),
            "comment_heard_us": self.comments_heard,
            "pass_us": self.passes,
            "pass_cold_us": _cold(self.passes),
            "order_taken_us": self.orders,
            "order_heard_us": self.orders_heard,
        }

    def writing(self) -> dict[str, float]:
        """The part of `counts` that is writing to viewers."""
        return {"write_us": self.frames, "cold_us": self.cold, "shown_us": self.shown}

    def passing(self) -> dict[str, float]:
        """The part of `counts` that passes take."""
        return self.writing() | {"pass_us": self.passes, "pass_cold_us": _cold(self.passes)}


class Stored(NamedTuple):
    """What one Redis does in a second for so many workers, beside joins."""

    workers: float = 0.0
    comments: float = 0.0
    calls: float = 0.0
    """Each that stores comments or questions."""
    orders: float = 0.0
    handed_out: float = 0.0
    """Messages of the bus, each counted for each worker that gets it."""

    def counts(self) -> dict[str, float]:
        """By the names of their costs."""
        return {
            "redis_idle_us_per_s": self.workers,
            "redis_comment_us": self.comments,
            "redis_call_us": self.calls,
            "redis_cold_us": _cold(self.calls),
            "redis_order_us": self.orders,
            "redis_publish_us": self.handed_out,
        }


class Row(NamedTuple):
    """A row of the fan-out benchmark: one worker, its budget of comments off.

    CPU is microseconds a delivered comment. `frames_per_s` is what one viewer read, `calls_per_s`
    the calls that store comments and questions; 0 where they were not counted.
    """

    comments_per_s: float
    viewers: int
    deflate: bool
    frames_per_s: float
    cpu_us: float
    redis_us: float
    p50_ms: float
    p99_ms: float
    calls_per_s: float = 0.0


ROWS: tuple[Row, ...] = tuple(Row(**row) for row in _KEPT["row"])


class Round(NamedTuple):
    """A round of `python -m loadtest.bench_costs`: two servers, all people on the first.

    CPU is microseconds a comment, beyond that of idle servers. `calls_per_s` is as in `Row`; frames
    are those of all people of the first server, and of the second one. 0 where not counted.
    """

    comments_per_s: float
    taken_us: float
    heard_us: float
    redis_us: float
    calls_per_s: float = 0.0
    frames_per_s: float = 0.0
    frames_far_per_s: float = 0.0


ROUNDS: tuple[Round, ...] = tuple(Round(**each) for each in _KEPT["round"])
