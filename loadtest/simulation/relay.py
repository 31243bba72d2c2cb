"""A relay in a simulation: one process a machine hears the bus for all workers there."""

from collections.abc import Callable

from loadtest.simulation.clock import Clock, Station
from loadtest.simulation.shard import Told
from server.cli.costs import Costs

MESSAGE_US = 10.0
"""A message taken in and passed on unread: assumed, four times what Redis takes to hand one out."""
GATHER_S = 0.01
"""What comes meanwhile goes on as one message."""


class Relay:
    """Hears each message once, gathers, and tells `local` workers; some of them are simulated."""

    def __init__(self, clock: Clock, costs: Costs, local: int) -> None:
        self.core = Station(clock)
        self._clock, self._costs, self._local = clock, costs, local
        self._gathered: list[Told] = []
        self.listeners: list[Callable[[Told], None]] = []

    def hear(self, told: Told) -> None:
        """A message of the bus."""
        messages = max(1.0, told.orders)
        self.core.serve(MESSAGE_US * messages / 1e6, self._gather, told)

    def _gather(self, told: Told) -> None:
        if not self._gathered:
            self._clock.after(GATHER_S, self._pass_on)
        self._gathered.append(told)

    def _pass_on(self) -> None:
        gathered, self._gathered = self._gathered, []
        comments = [due for told in gathered for due in told.comments]
        whole = Told(comments, sum(told.orders for told in gathered))
        us = self._local * self._costs.redis_publish_us
        self.core.serve(us / 1e6, self._tell, whole)

    def _tell(self, told: Told) -> None:
        for listener in self.listeners:
            listener(told)
