"""Measures the lag of the event loop: the first figure to check when everything feels slow."""

import asyncio
from typing import Self

from server.background.repeating import Repeating
from server.telemetry.metrics import Metrics

PROBE_S = 0.5
"""Rarely enough that an idle worker is seldom woken for it."""


class LoopLag:
    """Measures how late a timer fires. An async context manager."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._repeating = Repeating("loop lag", self._probe)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._repeating.stop()

    async def _probe(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + PROBE_S
        await asyncio.sleep(PROBE_S)
        self._metrics.loop_lag_seconds.observe(max(0.0, loop.time() - due))
