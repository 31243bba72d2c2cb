"""A worker's audience in virtual time: each write and each comment takes what it took when it was
measured, and a minute passes in no time. So what the tick comes to does not depend on the machine.
"""

import asyncio
import random
import selectors
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from server.hub.audience import Audience
from server.hub.crowd import Crowd
from server.hub.member import Member
from server.protocol.codes import Close
from server.settings.sections import Hub
from server.telemetry.metrics import Metrics
from tests.hub.listening import comment


@dataclass(frozen=True)
class Costs:
    """What things take, in seconds of wall time and of CPU; decision 119 has the measurement."""

    write_s: float = 5.5e-6
    """One frame to one viewer, while passes follow each other closely."""
    cold_s: float = 1.5e-6
    """What is added when the last pass is 100 ms ago; less, if it is not so long ago."""
    shown_s: float = 0.02e-6
    """Each comment in it."""
    comment_s: float = 250e-6
    """A comment taken, and heard again."""
    call_s: float = 250e-6
    """A batch of comments sent to Redis, and its answer read."""
    redis_s: float = 1.5e-3
    """Until that answer and the bus are there."""
    idle: float = 0.015
    """Share of a core that a worker takes which does nothing."""


@dataclass
class Run:
    """What came out: of each comment and sampled viewer the latency, of each pass the tick."""

    latencies_s: list[float] = field(default_factory=list)
    ticks_s: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    delivered: int = 0

    def quantile_ms(self, q: float) -> float:
        """The q-quantile of latency."""
        return sorted(self.latencies_s)[int(q * (len(self.latencies_s) - 1))] * 1000

    @property
    def cpu_us(self) -> float:
        """CPU a delivered comment."""
        return self.cpu_s / self.delivered * 1e6


class VirtualLoop(asyncio.SelectorEventLoop):
    """Never waits: where it would, its clock goes on."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(cast("selectors.BaseSelector", _Never(self)))

    def time(self) -> float:
        return self.now


class _Never(selectors.SelectSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        assert timeout is not None, "nothing is left to happen"
        self._loop.now += max(0.0, timeout)
        return []


class _Viewer(Member):
    """Somebody who only is written to."""

    def __init__(self, worker: "VirtualWorker", n: int) -> None:
        super().__init__()
        self.user = f"u{n}"
        self.transport = cast("asyncio.Transport", worker)

    def close(self, why: Close, reconnect_ms: int | None = None, msg: str = "") -> None:
        """Stays."""


class VirtualWorker:
    """One worker with one room. Each member stands for `of` viewers, which only makes it quicker.

    `write` is what all its viewers have as a transport.
    """

    def __init__(self, viewers: int, of: int = 20, costs: Costs | None = None) -> None:
        self.costs = costs or Costs()
        self.loop = VirtualLoop()
        self.cpu_s = 0.0
        self.run = Run()
        self._of = of
        self._viewers = viewers
        self._untold: list[float] = []
        self._telling: list[float] = []
        self._passed_at = 0.0
        self._waiting: list[float] = []
        self._flying = False

    def work(self, seconds: float) -> None:
        """Let CPU time go by."""
        self.loop.now += seconds
        self.cpu_s += seconds

    def write(self, _: bytes) -> None:
        """One frame for `of` viewers."""
        costs = self.costs
        cold_s = costs.cold_s * min(1.0, max(0.0, self._gap_s - 0.03) / 0.07)
        each_s = costs.write_s + cold_s + costs.shown_s * len(self._telling)
        self.work(each_s * self._of)
        self.run.latencies_s += [self.loop.now - due for due in self._telling]
        self.run.delivered += self._of * len(self._telling)

    def play(self, dues_s: Iterator[float], seconds: float) -> Run:
        """Publish comments when they are due, for so long."""
        self.loop.run_until_complete(self._play(dues_s, seconds))
        self.loop.close()
        return self.run

    async def _play(self, dues_s: Iterator[float], seconds: float) -> None:
        crowd = Crowd(self.loop.time, lambda: self.cpu_s + self.loop.now * self.costs.idle)
        crowd.governor.member_s *= self._of
        hub = Hub(
            sample_per_s_max=0,
            tick_us_per_viewer=Hub().tick_us_per_viewer * self._of,
            slice_viewers_max=max(1, Hub().slice_viewers_max // self._of),
        )
        self.audience = Audience(hub, 200, Metrics(), self._begin, random.Random(1), crowd)
        self.crowd = crowd
        for n in range(self._viewers // self._of):
            self.audience.add(_Viewer(self, n))
        began = self.loop.now
        for due_s in dues_s:
            if due_s > seconds:
                break
            await asyncio.sleep(max(0.0, began + due_s - self.loop.now))
            self._say(began + due_s)
        await asyncio.sleep(0.5)
        self.run.cpu_s = self.cpu_s + (self.loop.now - began) * self.costs.idle
        self.audience.close()

    def _say(self, due: float) -> None:
        self.work(self.costs.comment_s)
        self._waiting.append(due)
        if not self._flying:
            self._flying = True
            asyncio.ensure_future(self._fly())  # noqa: RUF006 - the loop ends after it

    async def _fly(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            self.work(self.costs.call_s)
            await asyncio.sleep(self.costs.redis_s)
            for due in batch:
                self._untold.append(due)
                self.audience.publish(comment(0))
            await asyncio.sleep(max(0, 0.015 * self.crowd.governor.gathering - self.costs.redis_s))
        self._flying = False

    def _begin(self) -> bool:
        self._telling, self._untold = self._untold, []
        self._gap_s, self._passed_at = self.loop.now - self._passed_at, self.loop.now
        self.run.ticks_s.append(self.audience.tick_s())
        return False
