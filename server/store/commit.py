"""Group commit: what arrives while a script is in flight goes together in the next one.

A call to Redis that ends on the disk costs about the same for one buy as for two hundred. So the
first goes at once, and those that come meanwhile wait for each other, not for a timer.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, TypeVar

from server.background.repeating import Errands
from server.protocol.codes import CommandError
from server.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

FULL_RETRY_MS = 500


class _Waiting(NamedTuple):
    item: Any
    done: asyncio.Future[Any]


class _Lane:
    """One room's items that wait, and how many calls are in flight for it."""

    __slots__ = ("flights", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[_Waiting] = deque()
        self.flights = 0


class GroupCommit(Generic[Item, Result]):
    """Gathers items a room and runs them in batches of at most `batch_max`.

    `run(room_id, items)` returns one result an item, in order; what it refuses, everybody in the
    batch is refused. At most `flights_max` calls a room are in flight: while Redis works on one the
    next is written. With `interval_s` there is one, and the next leaves no sooner than that after
    it. More than `waiting_max` items in all are refused with `unavailable`. An item that was handed
    in is run even if its caller is cancelled. `script` names the batches in the metrics.
    """

    def __init__(
        self,
        script: str,
        run: Callable[[str, list[Item]], Awaitable[list[Result]]],
        metrics: Metrics | None = None,
        *,
        batch_max: int,
        waiting_max: int,
        interval_s: float = 0.0,
        flights_max: int = 2,
    ) -> None:
        self._run = run
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._interval_s = interval_s
        self._flights_max = 1 if interval_s else flights_max
        self._lanes: dict[str, _Lane] = {}
        self._flights = Errands(f"commit {script}")
        self._size = metrics and metrics.batch_size.labels(script)
        self.waiting = 0

    async def submit(self, room_id: str, item: Item) -> Result:
        """The item's result, once it is committed. Raises CommandError `unavailable` when full."""
        if self.waiting >= self._waiting_max:
            raise CommandError(
                "unavailable", "The server is busy; this was not tried.", FULL_RETRY_MS
            )
        return await self._enter(room_id, item)

    def hand_in(self, room_id: str, item: Item, lost: Callable[[], None]) -> None:
        """Have the item committed without waiting for it; `lost` is called if it is not, as when
        too many wait."""
        if self.waiting >= self._waiting_max:
            lost()
            return

        def done(outcome: asyncio.Future[Result]) -> None:
            if outcome.cancelled() or outcome.exception() is not None:
                lost()

        self._enter(room_id, item).add_done_callback(done)

    def _enter(self, room_id: str, item: Item) -> asyncio.Future[Result]:
        lane = self._lanes.get(room_id)
        if lane is None:
            lane = self._lanes[room_id] = _Lane()
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        lane.waiting.append(_Waiting(item, done))
        self.waiting += 1
        if lane.flights < self._flights_max:
            lane.flights += 1
            self._flights.start(self._fly(room_id, lane), room_id)
        return done

    async def aclose(self) -> None:
        """Wait until everything that was handed in has its result."""
        await self._flights.finish()

    async def _fly(self, room_id: str, lane: _Lane) -> None:
        try:
            while lane.waiting:
                started = time.monotonic()
                await self._commit(room_id, self._take(lane))
                took_s = time.monotonic() - started
                if self._interval_s:
                    await asyncio.sleep(max(0.0, self._interval_s - took_s))
        finally:
            lane.flights -= 1
            if not lane.flights and not lane.waiting:
                self._lanes.pop(room_id, None)

    def _take(self, lane: _Lane) -> list[_Waiting]:
        batch = [lane.waiting.popleft() for _ in range(min(self._batch_max, len(lane.waiting)))]
        self.waiting -= len(batch)
        if self._size:
            self._size.observe(len(batch))
        return batch

    async def _commit(self, room_id: str, batch: list[_Waiting]) -> None:
        refusal = CommandError("unavailable", "The outcome is unknown; ask again.", 1000)
        try:
            results = await self._run(room_id, [entry.item for entry in batch])
            for entry, result in zip(batch, results, strict=True):
                if not entry.done.done():
                    entry.done.set_result(result)
        except CommandError as refused:
            refusal = refused
        except Exception:
            _log.exception("A batch of %d in room %s failed", len(batch), room_id)
        finally:
            for entry in batch:
                if not entry.done.done():
                    entry.done.set_exception(_copy(refusal))


def _copy(refusal: CommandError) -> CommandError:
    """Each waiter gets its own: one exception raised in many tasks would grow one traceback."""
    return CommandError(refusal.code, refusal.msg, refusal.retry_ms)
