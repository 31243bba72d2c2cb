"""How late the event loop is: the first number to look at when everything feels slow."""

import asyncio
from typing import Self

from server.telemetry.metrics import Metrics

PROBE_S = 0.1


class LoopLag:
    """Measures how late a timer fires. An async context manager."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._probe(), name="loop lag")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _probe(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + PROBE_S
            await asyncio.sleep(PROBE_S)
            self._metrics.loop_lag_seconds.observe(max(0.0, loop.time() - due))
