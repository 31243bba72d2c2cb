"""One timer for many waits of the same length."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Deadlines(Generic[Item]):
    """Calls `on_due(item)` for each item `wait_s` after it was added.

    All waits are equally long, so a queue and one timer serve any number of connections. Items
    are never removed early: `on_due` checks whether the deadline still matters.
    """

    def __init__(self, wait_s: float, on_due: Callable[[Item], None]) -> None:
        self._wait_s = wait_s
        self._on_due = on_due
        self._queue: deque[tuple[float, Item]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def add(self, item: Item) -> None:
        """Start an item's wait."""
        self._queue.append((self._loop.time() + self._wait_s, item))
        if self._timer is None:
            self._timer = self._loop.call_at(self._queue[0][0], self._fire)

    def _fire(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._queue and self._queue[0][0] <= now:
            self._on_due(self._queue.popleft()[1])
        if self._queue:
            self._timer = self._loop.call_at(self._queue[0][0], self._fire)

    def close(self) -> None:
        """Forget all waits."""
        self._queue.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
