"""Group commit: all items that arrive while a script call is in flight go into the next call.

A Redis call that ends with a write to disk costs about the same for one buy as for two hundred. So
the first item goes at once, and items that come meanwhile wait for its call, not for a timer.
"""

import asyncio
import contextlib
import functools
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, NamedTuple, TypeVar

from server.background.repeating import Errands
from server.protocol.codes import CommandError
from server.store.request_key import UNDER_WAY
from server.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

FULL_RETRY_MS = 500


Then = Callable[[Any, CommandError | None], None]
"""Called with an item's result, or with the refusal."""


class _Waiting(NamedTuple):
    item: Any
    then: Then


class _Lane:
    """One room's waiting items, and the number of its calls in flight."""

    __slots__ = ("flights", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[_Waiting] = deque()
        self.flights = 0


class GroupCommit(Generic[Item, Result]):
    """Gathers items per room and runs them in batches of at most `batch_max`.

    `run(room_id, items)` returns one result per item, in order; if it raises, every item of the
    batch is refused with that error. A room has at most `flights_max` calls in flight, so that one
    can be sent while Redis works on another. With `interval_s` it has only one, and calls are at
    least `part(room_id)` of that apart. Items beyond `waiting_max`, over all rooms, are refused
    with `unavailable`. An item that was handed in runs even if its caller is cancelled. `script`
    names the batches in the metrics. With `keyed` that script remembers requests with a key: the
    item of such a request goes alone, at once, so that no other is taken for a part of it.
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
        part: Callable[[str], float] = lambda _: 1.0,
        flights_max: int = 2,
        keyed: bool = False,
    ) -> None:
        self._run = run
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._interval_s = interval_s
        self._part = part
        self._flights_max = 1 if interval_s else flights_max
        self._lanes: dict[str, _Lane] = {}
        self._flights = Errands(f"commit {script}")
        self._keyed = keyed
        self._size = metrics and metrics.batch_size.labels(script)
        self._closing = asyncio.Event()
        self.waiting = 0

    async def submit(self, room_id: str, item: Item) -> Result:
        """Commit the item and return its result. Raises CommandError `unavailable` when full."""
        if self._keyed and UNDER_WAY.get() is not None:
            [result] = await self._run(room_id, [item])
            return result
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self.submit_then(room_id, item, functools.partial(_settle, done))
        return await done

    def submit_then(self, room_id: str, item: Item, then: Then) -> None:
        """Commit the item and call `then(result, None)`, or `then(None, refusal)`, when it is done;
        at once when full. It costs less than `submit`, which needs a task that waits."""
        if self.waiting >= self._waiting_max:
            busy = "The server is busy; this was not tried."
            then(None, CommandError("unavailable", busy, FULL_RETRY_MS))
        else:
            self._enter(room_id, item, then)

    def hand_in(self, room_id: str, item: Item, lost: Callable[[], None]) -> None:
        """Commit the item without waiting for it. `lost` is called if that fails, for example
        because too many items wait."""

        def then(_: Any, refusal: CommandError | None) -> None:
            if refusal is not None:
                lost()

        self.submit_then(room_id, item, then)

    def _enter(self, room_id: str, item: Item, then: Then) -> None:
        lane = self._lanes.get(room_id)
        if lane is None:
            lane = self._lanes[room_id] = _Lane()
        lane.waiting.append(_Waiting(item, then))
        self.waiting += 1
        if lane.flights < self._flights_max:
            lane.flights += 1
            self._flights.start(self._fly(room_id, lane), room_id)

    async def aclose(self) -> None:
        """Wait until every item that was handed in has its result, without further intervals."""
        self._closing.set()
        await self._flights.finish()

    async def _fly(self, room_id: str, lane: _Lane) -> None:
        try:
            while lane.waiting:
                started = time.monotonic()
                await self._commit(room_id, self._take(lane))
                took_s = time.monotonic() - started
                await self._wait(self._interval_s * self._part(room_id) - took_s)
        finally:
            lane.flights -= 1
            if not lane.flights and not lane.waiting:
                self._lanes.pop(room_id, None)

    async def _wait(self, seconds: float) -> None:
        """Wait until the next call is due; once it closes, every call is due."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._closing.wait()

    def _take(self, lane: _Lane) -> list[_Waiting]:
        batch = [lane.waiting.popleft() for _ in range(min(self._batch_max, len(lane.waiting)))]
        self.waiting -= len(batch)
        if self._size:
            self._size.observe(len(batch))
        return batch

    async def _commit(self, room_id: str, batch: list[_Waiting]) -> None:
        refusal = CommandError("unavailable", "The outcome is unknown; ask again.", 1000)
        results: list[Result] | None = None
        try:
            found = await self._run(room_id, [entry.item for entry in batch])
            if len(found) != len(batch):
                raise ValueError(f"{len(found)} results of {len(batch)} items")
            results = found
        except CommandError as refused:
            refusal = refused
        except Exception:
            _log.exception("A batch of %d in room %s failed", len(batch), room_id)
        finally:
            for n, entry in enumerate(batch):
                try:
                    if results is None:
                        entry.then(None, _copy(refusal))
                    else:
                        entry.then(results[n], None)
                except Exception:  # the others must have their results
                    _log.exception("A result in room %s was not taken", room_id)


def _settle(done: asyncio.Future[Any], result: Any, refusal: CommandError | None) -> None:
    if done.done():  # its caller was cancelled
        return
    if refusal is None:
        done.set_result(result)
    else:
        done.set_exception(refusal)


def _copy(refusal: CommandError) -> CommandError:
    """Copy a refusal for each waiter: raising one object in many tasks grows its traceback."""
    return CommandError(refusal.code, refusal.msg, refusal.retry_ms)
