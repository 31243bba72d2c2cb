"""The owners of background tasks: `Repeating` repeats a piece of work, `Errands` runs it once.

No other module makes tasks that nobody awaits (a test enforces it). `troubles` logs and counts each
exception of a task. An exception never ends a loop: it goes on after a pause.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any, TypeVar

from server.background.troubles import BACK_OFF_S, Troubles

_log = logging.getLogger(__name__)

T = TypeVar("T")

CANCEL_AGAIN_S = 0.1
"""Interval of repeated cancellations: one can get lost in a Redis call that fails just then."""
STOP_S_MAX = 10.0
"""Longest wait for the tasks of one owner to end; the others are logged and left."""


class Ended(Exception):
    """Endless work has ended, or was cancelled by someone other than its owner."""


class Repeating:
    """Repeats `work` from `start` to `stop`, also after failures.

    `work()` returns the seconds until its next run, or None for `interval_s`. The first run is
    after `first_s` seconds, by default `interval_s`. With `endless`, `work` itself runs for ever
    and has failed if it returns; it calls `troubles.works()` once it has begun well. With
    `until_done`, the work repeats until it succeeds once.

    After failures the pause grows from the first to the second value of `back_off_s`. Work on many
    rooms reports the failure of one with `troubles.failed(error, room_id)` and goes on.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[], Awaitable[float | None]],
        interval_s: float = 0.0,
        *,
        first_s: float | None = None,
        endless: bool = False,
        until_done: bool = False,
        back_off_s: tuple[float, float] = BACK_OFF_S,
    ) -> None:
        self.troubles = Troubles(name, back_off_s)
        self._name = name
        self._work = work
        self._interval_s = interval_s
        self._first_s = interval_s if first_s is None else first_s
        self._endless = endless
        self._until_done = until_done
        self.done = asyncio.Event()
        """Set once `until_done` work has succeeded."""
        self._leaving = False
        self._task: asyncio.Task[None] | None = None
        self._beginning: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin."""
        self._leaving = False
        self.done.clear()
        self._begin(self._first_s)

    def leave(self) -> None:
        """Cancel the work and don't repeat it, without waiting for its end."""
        self._leaving = True
        if self._beginning is not None:
            self._beginning.cancel()
        if self._task is not None:
            self._task.cancel()

    async def stop(self, last_s: float = 0.0) -> None:
        """Stop; with `last_s`, run the work once more, for at most so many seconds."""
        self.leave()
        if self._task is not None:
            await end_all({self._task})
        if last_s:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(last_s):
                    await self._once()

    def _begin(self, after_s: float) -> None:
        self._task = asyncio.create_task(self._repeat(after_s), name=self._name)
        self._task.add_done_callback(self._ended)

    async def _repeat(self, pause_s: float) -> None:
        while not self._leaving:
            await asyncio.sleep(pause_s)
            pause_s = await self._once()
            if self.done.is_set():
                return

    async def _once(self) -> float:
        """Run the work once; return the seconds until the next run."""
        try:
            again_s = await self._work()
            if self._endless:
                raise Ended("it ended, and should go on for ever")
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._leaving or (task is not None and task.cancelling()):
                raise
            return self.troubles.failed(Ended("something it waited for was cancelled"))
        except Exception as error:
            return self.troubles.failed(error)
        self.troubles.works()
        if self._until_done:
            self.done.set()
        return self._interval_s if again_s is None else again_s

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Handle the end of the task: unless it was stopped, start another after a pause."""
        error = None if task.cancelled() else task.exception()
        if self._leaving or self.done.is_set() or isinstance(error, KeyboardInterrupt | SystemExit):
            return
        pause_s = self.troubles.failed(error or Ended("its task was cancelled or ended"))
        self._beginning = task.get_loop().call_later(pause_s, self._begin, 0.0)


class Errands:
    """Owns tasks that end by themselves, and reports their exceptions.

    `answered` are exceptions that count as answers to the code awaiting the task, not as failures.
    Callers of `start` must limit the number of tasks themselves.
    """

    def __init__(
        self,
        name: str,
        answered: tuple[type[Exception], ...] = (),
        back_off_s: tuple[float, float] = BACK_OFF_S,
    ) -> None:
        self.troubles = Troubles(name, back_off_s)
        self._answered = answered
        self._running: dict[asyncio.Task[Any], str] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, T], subject: str = "") -> asyncio.Task[T]:
        """Run `work` in a task of its own; `subject` is the room or node it is about."""
        name = f"{self.troubles.task} {subject}" if subject else self.troubles.task
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running[task] = subject
        task.add_done_callback(self._done)
        return task

    async def finish(self) -> None:
        """Wait until all tasks have ended, including those that start meanwhile."""
        while self._running:
            await asyncio.wait(list(self._running))

    async def aclose(self) -> None:
        """Cancel all tasks and wait until they have ended."""
        await end_all(set(self._running) - {asyncio.current_task()})

    def _done(self, task: asyncio.Task[Any]) -> None:
        subject = self._running.pop(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            self.troubles.works(subject)
        elif not isinstance(error, self._answered):
            self.troubles.failed(error, subject)


async def end_all(tasks: Collection[asyncio.Task[Any] | None]) -> None:
    """Cancel tasks until they have ended, for at most `STOP_S_MAX`."""
    loop = asyncio.get_running_loop()
    give_up = loop.time() + STOP_S_MAX
    while pending := [task for task in tasks if task is not None and not task.done()]:
        if loop.time() >= give_up:
            names = ", ".join(task.get_name() for task in pending)
            _log.error("These tasks do not end although they were cancelled: %s.", names)
            return
        for task in pending:
            task.cancel()
        await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
