"""A worker in a simulation: a core that takes commands, hears the bus, and passes over viewers."""

import math
import random
from collections.abc import Sequence
from functools import partial

from loadtest.simulation.clock import Clock, Station, Then
from loadtest.simulation.shard import ASKED_LATER_S, ORDERS_PER_CALL_MAX, Lane, Shard, Told
from server.cli.cadence import IN_PASS, Cadence, calls_of_batch
from server.cli.costs import Costs, coldness
from server.cli.sizing import Limits
from server.hub.audience import LONE_TICKS
from server.hub.crowd import Crowd

READER_S = 0.0007
"""From a frame that is written to a reader that has it, who has other sockets to look at."""
ASKED = 0.46
"""Messages for the staff alone beside each comment, most of them of questions."""
_ROUND_S = 0.1
"""How often what never ends is charged: idling and pings."""


class Seen:
    """What people of simulated workers saw: seconds from due to read, and when it was."""

    def __init__(self) -> None:
        self.comments: list[tuple[float, float]] = []
        self.orders: list[tuple[float, float]] = []
        self.joins: list[tuple[float, float]] = []
        self.delivered = 0.0


class Worker:
    """One of many workers; its rules are those of `server/hub/audience.py`."""

    def __init__(
        self,
        clock: Clock,
        costs: Costs,
        limits: Limits,
        viewers: int,
        talk: Shard,
        selling: Sequence[Shard],
        seen: Seen,
        chance: random.Random,
        reads: float = 1.0,
        *,
        by_load: bool = True,
    ) -> None:
        """`talk` has the room's comments, `selling` its sales; the share `reads` of those who join
        has something there. The tick is that of the load (`server/hub/governor.py`), or, as it was
        until November 2026, that of the head count."""
        self.core = Station(clock)
        self.viewers = viewers
        self.bytes_out = 0.0
        self._clock, self._costs, self._limits = clock, costs, limits
        self._talk, self._selling, self._reads = talk, selling, reads
        self._seen, self._chance = seen, chance
        self._waiting: list[float] = []
        self._events = 0.0
        self._newcomers: list[float] = []
        self._passed_at = self._due = -1.0
        self._frame_us = costs.write_us
        self._called_at, self._asked, self._afterwards_s = -1.0, 0.0, 0.0
        self._planned = self._passing = self._holding = False
        self._woken, self._turn = 0, 0
        self._crowd = Crowd(lambda: clock.now, self._used_s) if by_load else None
        interval_s = limits.bus.publish_interval_ms / 1000
        self._comments = Lane(
            clock,
            self._store_comments,
            interval_s=interval_s,
            batch_max=500,
            part=self._gathering,
        )
        self._orders = [
            Lane(clock, partial(self._store_orders, shard), batch_max=ORDERS_PER_CALL_MAX)
            for shard in selling
        ]
        self._own: set[float] = set()
        clock.after(_ROUND_S / 2, self._idle)

    # Commands

    def comment(self, due: float) -> None:
        """A viewer's comment comes in."""
        us = self._costs.comment_taken_us
        self.core.serve(us / 1e6, self._comments.enter, due)

    def order(self, due: float) -> None:
        """A viewer buys and pays."""
        lane = self._chance.choice(self._orders)
        self.core.serve(self._costs.order_taken_us / 2e6, lane.enter, due)

    def join(self, due: float) -> None:
        """A viewer joins: its own part is read, and the next pass answers."""
        self.core.serve(self._costs.join_us / 1e6, self._look_up, due)

    def _look_up(self, due: float) -> None:
        if self._chance.random() < self._reads:
            self._chance.choice(self._selling).read(lambda: self._enter(due))
        else:
            self._enter(due)

    def _enter(self, due: float) -> None:
        self._newcomers.append(due)
        self._wake()

    def _store_comments(self, batch: list[float], done: Then) -> None:
        self._own.update(batch)
        apart_s, self._called_at = self._clock.now - self._called_at, self._clock.now
        calls = calls_of_batch(len(batch), apart_s)
        cold = coldness(apart_s / calls) * self._costs.call_cold_us
        each_s = (self._costs.comment_call_us + cold) / 1e6

        def replied() -> None:
            self.core.serve(each_s / 2)
            self._clock.after(ASKED_LATER_S, self.core.serve, (calls - 1) * each_s)
            done()

        self.core.serve(each_s / 2, self._talk.store, Told(batch), 0.0, replied)

    def _store_orders(self, shard: Shard, batch: list[float], done: Then) -> None:
        def replied() -> None:
            us = len(batch) * self._costs.order_taken_us / 2
            self.core.serve(us / 1e6, self._answered, batch)
            done()

        shard.store(Told([], len(batch)), then=replied)

    def _answered(self, batch: list[float]) -> None:
        now = self._clock.now
        self._seen.orders.extend((now, now - due) for due in batch)

    # The bus

    def hear(self, told: Told, orders_heard: float | None = None) -> None:
        """A message of the bus. `orders_heard` of its orders reach this worker; all by default."""
        others = sum(due not in self._own for due in told.comments)
        orders = told.orders if orders_heard is None else orders_heard
        us = others * self._costs.comment_heard_us + orders * self._costs.order_heard_us
        self.core.serve(us / 1e6, self._publish, told)

    def _publish(self, told: Told) -> None:
        self._own.difference_update(told.comments)
        self._waiting.extend(told.comments)
        self._events += told.orders
        self._wake()
        self._asked += ASKED if told.comments else 0.0
        if self._asked >= 1:  # a question, which the staff is told by a message of its own
            self._asked -= 1
            self._wake()

    # The pass

    def _used_s(self) -> float:
        """CPU used so far, without what waits on the core."""
        return self.core.busy_s - max(0.0, self.core.free_at - self._clock.now)

    def _ticks_s(self) -> tuple[float, float]:
        """The tick now, and the longest one."""
        longest_s = self._longest_s()
        if self._crowd is None:
            return longest_s, longest_s
        self._crowd.size = self.viewers
        return self._crowd.tick_s(self._limits.hub, self.viewers), longest_s

    def _gathering(self) -> float:
        return 1.0 if self._crowd is None else self._crowd.governor.gathering

    @property
    def _is_lone(self) -> bool:
        return len(self._waiting) == 1 and not self._events

    def _wake(self) -> None:
        self._woken += 1
        if self._passing:
            return
        if self._holding:
            self._holding = False
            self._queue_pass()
        elif not self._planned:
            self._planned = True
            if self._due <= self._clock.now:
                self._queue_pass()
            else:
                self._turn += 1
                self._clock.at(self._due, self._tick_is_over, self._turn)

    def _tick_is_over(self, turn: int) -> None:
        if turn != self._turn:
            return
        tick_s, longest_s = self._ticks_s()
        last_call = min(self._due + tick_s, self._passed_at + longest_s)
        late = self._crowd is None or last_call <= self._clock.now
        if late or self._woken > 1 or not self._is_lone or self._newcomers:
            self._queue_pass()
        else:
            self._holding = True
            self._clock.at(last_call, self._company_is_late, self._turn)

    def _company_is_late(self, turn: int) -> None:
        if turn == self._turn and self._holding:
            self._holding = False
            self._queue_pass()

    def _queue_pass(self) -> None:
        self._turn += 1
        cold = coldness(self._clock.now - self._passed_at) * self._costs.pass_cold_us
        self.core.serve((self._costs.pass_us + cold) / 1e6, self._start_pass)

    def _note_begin(self) -> None:
        now = self._clock.now
        tick_s, longest_s = self._ticks_s()
        if tick_s < longest_s:
            ticks = LONE_TICKS if self._is_lone else 1.0
            self._due = max(self._due, now - tick_s) + ticks * tick_s
        else:
            self._due = now + tick_s
        cold = coldness(now - self._passed_at) * self._costs.cold_us
        self._frame_us = self._costs.write_us + cold
        self._passed_at, self._woken = now, 0

    def _start_pass(self) -> None:
        self._planned, self._passing = False, True
        self._note_begin()
        comments, self._waiting = self._waiting, []
        newcomers, self._newcomers = self._newcomers, []
        had, self._events = self._events, 0.0
        for due in newcomers:
            self._seen.joins.append((self._clock.now, self._clock.now - due))
        if comments or had:
            if self._crowd is not None:
                self._crowd.begin_pass(self, self.viewers)
            self._slice(comments, self.viewers)
        else:
            self._passing = False
        self.viewers += len(newcomers)

    def _slice(self, comments: list[float], left: int) -> None:
        n = min(left, self._limits.hub.slice_viewers_max)
        shown = self._shown(len(comments))
        us = n * (self._frame_us + shown * self._costs.shown_us)
        self.core.serve(us * IN_PASS / 1e6, self._written, comments, n, left - n, shown)
        self._afterwards_s += us * (1 - IN_PASS) / 1e6

    def _shown(self, comments: int) -> int:
        most = self._limits.hub.sample_per_s_max
        return min(comments, math.ceil(most * self._longest_s())) if most else comments

    def _longest_s(self) -> float:
        return Cadence.without_time(self.viewers, self._limits.hub).longest_s

    def _written(self, comments: list[float], n: int, left: int, shown: int) -> None:
        now = self._clock.now
        self._seen.delivered += n * shown
        self.bytes_out += n * (
            shown * self._costs.comment_deflated_bytes + self._costs.packet_bytes
        )
        # A viewer in the middle of the slice stands for all of them.
        middle = now - n * self._frame_us / 2e6 + READER_S
        for due in comments[:: max(1, len(comments) // 8)]:
            self._seen.comments.append((now, middle - due))
        if left > 0:
            self._slice(comments, left)
        else:
            self._end_pass()

    def _end_pass(self) -> None:
        self._passing = False
        if self._crowd is not None:
            self._crowd.end_pass()
        self.core.serve(self._afterwards_s)
        self._afterwards_s = 0.0
        if self._waiting or self._events or self._newcomers:
            self._wake()

    def _idle(self) -> None:
        pings = 2 * self.viewers / self._limits.edge.ping_interval_s
        us = self._costs.idle_us_per_s + pings * self._frame_us
        self.core.serve(us / 1e6 * _ROUND_S)
        self._clock.after(_ROUND_S, self._idle)
