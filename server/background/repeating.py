"""The owners of background tasks: `Repeating` does a work again and again, `Errands` does it once.

No other module makes tasks that nobody awaits (a test holds the server to it). What a task raises
is logged and counted by `troubles`, and never ends a loop: the loop goes on after a pause.
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
"""A cancellation can drown in a Redis call that fails at that moment: it is repeated."""
STOP_S_MAX = 10.0
"""Time the tasks of one owner have to end; those that do not are logged and left."""


class Ended(Exception):
    """A work that should never end has ended, or was cancelled by nobody who may."""


class Repeating:
    """Does `work` again and again from `start` to `stop`, whatever becomes of it one time.

    `work()` returns the seconds until the next time, or None for `interval_s`; the first time is
    in `first_s` seconds, by default `interval_s`. `endless` says that `work` itself goes on for
    ever and fails when it returns: such a work calls `troubles.works()` once it has begun well.
    With `until_done` the work is done until it succeeds once.

    After a failure the pause grows between the two of `back_off_s`. A work that looks after many
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
        """Set once a work that is done `until_done` has succeeded."""
        self._leaving = False
        self._task: asyncio.Task[None] | None = None
        self._beginning: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin."""
        self._leaving = False
        self.done.clear()
        self._begin(self._first_s)

    def leave(self) -> None:
        """Begin to stop, without waiting: the work is cancelled and not done again."""
        self._leaving = True
        if self._beginning is not None:
            self._beginning.cancel()
        if self._task is not None:
            self._task.cancel()

    async def stop(self, last_s: float = 0.0) -> None:
        """End; with `last_s` do the work once more, for at most so many seconds."""
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
        """Do the work; the seconds until the next time."""
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
        """The task is over. Unless it should be, another one begins after a pause."""
        error = None if task.cancelled() else task.exception()
        if self._leaving or self.done.is_set() or isinstance(error, KeyboardInterrupt | SystemExit):
            return
        pause_s = self.troubles.failed(error or Ended("its task was cancelled or ended"))
        self._beginning = task.get_loop().call_later(pause_s, self._begin, 0.0)


class Errands:
    """Owns tasks that end by themselves, and reports what they raise.

    `answered` are exceptions that whoever awaits the task hears of: they are no failures. How many
    tasks there may be is up to who starts them.
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
        """Do `work` in a task of its own, about the room or node `subject`."""
        name = f"{self.troubles.task} {subject}" if subject else self.troubles.task
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running[task] = subject
        task.add_done_callback(self._done)
        return task

    async def finish(self) -> None:
        """Wait until all have ended, also those that begin meanwhile."""
        while self._running:
            await asyncio.wait(list(self._running))

    async def aclose(self) -> None:
        """Cancel all, and wait until they have ended."""
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
