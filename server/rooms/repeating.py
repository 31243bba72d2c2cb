"""Work that is done again and again, whatever becomes of it one time."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

_log = logging.getLogger(__name__)


class Repeating:
    """Does `work` every `interval_s` seconds from `start` to `stop`.

    What `work` raises is logged, and it is done again.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[None]], interval_s: float) -> None:
        self._name = name
        self._work = work
        self._interval_s = interval_s
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; the first time is in `interval_s`."""
        self._task = asyncio.create_task(self._repeat(), name=self._name)

    async def stop(self, last_s: float) -> None:
        """End, and do it once more, for at most `last_s` seconds."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(last_s):
                await self._once()

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            await self._once()

    async def _once(self) -> None:
        try:
            await self._work()
        except Exception:
            _log.exception("The task `%s` failed; it goes on.", self._name)
