"""Redis in a simulation: a shard that stores, tells the bus, and can fail; and a worker's lanes."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from loadtest.simulation.clock import Clock, Station, Then
from server.cli.cadence import calls_of_batch, late_ms
from server.cli.costs import Costs, coldness

COMMENT_BYTES, ORDER_BYTES, MESSAGE_BYTES = 250, 700, 150
"""Sizes on the bus: of a comment, of what an order tells, of a message around them."""
ORDERS_PER_CALL_MAX = 200
ASKED_LATER_S = 0.005
"""From a batch of comments to the calls for those that ask something: about."""
HOP_S = 0.0002
"""Between two machines of one data centre, one way."""


class Told(NamedTuple):
    """What a message of the bus holds: when its comments were due, and a number of orders."""

    comments: list[float]
    orders: float = 0.0


class Shard:
    """One Redis: a core, and the link that its bus leaves by.

    `listeners` get each message; there are `subscribers` of them, of which only some are simulated.
    What an order tells goes to `order_subscribers` of them.
    """

    def __init__(
        self,
        clock: Clock,
        costs: Costs,
        subscribers: int,
        order_subscribers: int,
        gbit_per_s: float,
    ) -> None:
        self.core: Station = Station(clock)
        self.link = Station(clock)
        self._clock, self._costs = clock, costs
        self._subscribers, self._order_subscribers = subscribers, order_subscribers
        self._byte_s = 8 / (gbit_per_s * 1e9)
        self._called_at = -1.0
        self.listeners: list[Callable[[Told], None]] = []

    def store(self, told: Told, extra: float = 0.0, then: Then | None = None) -> None:
        """Run one script call with these comments and orders; `extra` comments count for the cost
        alone. `then` is called once the reply is back."""
        costs, comments = self._costs, len(told.comments) + extra
        us = comments * costs.redis_comment_us + told.orders * costs.redis_order_us
        handed_out = questions_us = 0.0
        if comments:
            apart_s, self._called_at = self._clock.now - self._called_at, self._clock.now
            calls = calls_of_batch(comments, apart_s)
            cold = coldness(apart_s / calls)
            call_us = costs.redis_call_us + cold * costs.redis_cold_us
            us += call_us
            handed_out = float(self._subscribers)
            questions_us = (calls - 1) * (call_us + handed_out * costs.redis_publish_us)
        handed_out += self._order_subscribers * told.orders
        us += handed_out * costs.redis_publish_us
        self.core.serve(us / 1e6, self._stored, told, comments, then)
        if questions_us:
            self._clock.after(ASKED_LATER_S, self.core.serve, questions_us / 1e6)

    def _stored(self, told: Told, comments: float, then: Then | None) -> None:
        size = (comments * COMMENT_BYTES + MESSAGE_BYTES) * self._subscribers if comments else 0
        size += told.orders * (ORDER_BYTES + MESSAGE_BYTES) * self._order_subscribers
        self.link.serve(size * self._byte_s, self._tell, told, comments)
        if then is not None:
            self._clock.after(HOP_S, then)

    def _tell(self, told: Told, comments: float) -> None:
        # Those of workers that are not simulated are heard too: as if they were due just now.
        others = round(comments - len(told.comments))
        heard = Told([*told.comments, *([self._clock.now] * others)], told.orders)
        for listener in self.listeners:
            self._clock.after(HOP_S, listener, heard)

    def read(self, then: Then) -> None:
        """Read what a user who joins has here."""
        self.core.serve(self._costs.redis_join_us / 1e6, self._clock.after, HOP_S, then)


class Lane:
    """A worker's items for one script: those that come during a call go into the next one.

    With `interval_s` there is one call at a time, and calls are at least so far apart.
    """

    def __init__(
        self,
        clock: Clock,
        call: Callable[[list[float], Then], None],
        *,
        interval_s: float = 0.0,
        batch_max: int,
        part: Callable[[], float] = lambda: 1.0,
    ) -> None:
        """The interval is only that `part` of itself, at the moment of a call."""
        self._clock, self._call, self._interval_s, self._part = clock, call, interval_s, part
        self._flights_max, self._batch_max = 1 if interval_s else 2, batch_max
        self._waiting: deque[float] = deque()
        self._flights = 0

    def enter(self, due: float) -> None:
        """Take one item in; it goes at once if no call is under way."""
        self._waiting.append(due)
        if self._flights < self._flights_max:
            self._flights += 1
            self._fly()

    def _fly(self) -> None:
        if not self._waiting:
            self._flights -= 1
            return
        n = min(self._batch_max, len(self._waiting))
        batch = [self._waiting.popleft() for _ in range(n)]
        late_s = late_ms(n) / 1000 if self._interval_s else 0.0
        again_at = self._clock.now + self._interval_s * self._part() + late_s
        self._call(batch, lambda: self._clock.at(again_at, self._fly))
