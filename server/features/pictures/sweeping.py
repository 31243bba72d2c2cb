"""Removes pictures that nothing shows, again and again. Every worker does; one is enough."""

from types import TracebackType
from typing import Self

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.features.pictures.pictures import REMOVED_AT_ONCE, Pictures
from server.features.pictures.settings import PictureSettings
from server.records.database import Database
from server.records.lease import take_lease

TASK = "pictures"
"""The name of the lease."""
SOON_S = 0.5
"""Pause while more wait to be removed."""


class Sweeping:
    """Removes while the context is open. An async context manager."""

    def __init__(
        self, records: Database, pictures: Pictures, settings: PictureSettings, worker_id: str
    ) -> None:
        self._records = records
        self._pictures = pictures
        self._interval_s = settings.sweep_interval_s
        self._worker_id = worker_id
        self._repeating = Repeating("pictures", self._round, self._interval_s)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._repeating.stop()

    async def _round(self) -> float | None:
        until_ms = int(self._interval_s * 2000)
        async with self._records.writing() as connection:
            held = await take_lease(connection, TASK, self._worker_id, unix_ms(), until_ms)
        if not held:
            return None
        removed = await self._pictures.sweep()
        return SOON_S if removed >= REMOVED_AT_ONCE else None
