"""The task that makes money available in time and sends payouts."""

from collections.abc import Callable
from typing import Self

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.features.accounts.payouts import Payouts
from server.features.accounts.releases import AT_ONCE, Releases
from server.records.database import Database
from server.records.lease import take_lease

TASK = "accounts"
"""The name of the lease. It spares work; that nothing happens twice is held by what it calls."""
LEASE_S_MIN = 60.0


class Settling:
    """Settles while the context is open, if this worker holds the lease."""

    def __init__(
        self,
        records: Database,
        releases: Releases,
        payouts: Payouts,
        *,
        worker_id: str,
        interval_s: float,
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self._records = records
        self._releases = releases
        self._payouts = payouts
        self._worker_id = worker_id
        self._lease_ms = int(max(LEASE_S_MIN, 3 * interval_s) * 1000)
        self._clock = clock
        self._repeating = Repeating("settling", self._round, interval_s)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._repeating.stop()

    async def _round(self) -> float | None:
        async with self._records.writing() as connection:
            now = self._clock()
            if not await take_lease(connection, TASK, self._worker_id, now, self._lease_ms):
                return None
        await self.settle()
        return None

    async def settle(self) -> int:
        """Release all that is due, and send all payouts that wait; return how many orders and
        payouts. Raises RecordsAway, or what a port raises."""
        settled = 0
        while released := await self._releases.release(self._clock()):
            settled += released
            if released < AT_ONCE:
                break
        return settled + await self._payouts.send()
