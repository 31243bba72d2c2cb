"""Tells endpoints every line of the ledgers, as typed events.

Every worker has this task; the one that holds the lease tells. It reads what the archive copied. So
an endpoint that is away or paused keeps no room in Redis, loses nothing, and can be told once more
what was long ago. Each endpoint has a courier with bounds of its own: none waits for another.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from random import Random
from typing import Self

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.background.troubles import declare
from server.features.webhooks.courier import Courier
from server.features.webhooks.endpoints import Endpoint, EndpointBook
from server.features.webhooks.places import Behind, PlaceBook
from server.features.webhooks.sender import Sender
from server.features.webhooks.settings import WebhookSettings
from server.records.database import Database
from server.records.errors import RecordsAway, RecordsUnusable
from server.records.lease import leave_lease, take_lease
from server.rooms.ledger_lines import LineBook
from server.telemetry.metrics import Metrics

TASK = "webhooks"
"""The name of the lease."""
QUIET_S = 5.0
"""How often endpoints are looked for while there are none."""
_LEAVE_S_MAX = 2.0
OUTCOMES = ("ok", "refused", "unanswered")


class Webhooks:
    """Tells while the context is open. An async context manager."""

    def __init__(
        self,
        records: Database,
        settings: WebhookSettings,
        sender: Sender,
        lines: LineBook,
        worker_id: str,
        metrics: Metrics,
        random: Random | None = None,
    ) -> None:
        self._records = records
        self._settings = settings
        self._sender = sender
        self._lines = lines
        self._worker_id = worker_id
        self._metrics = metrics
        self._random = random or Random()
        self._endpoints = EndpointBook(records)
        self._places = PlaceBook(records)
        self._couriers: dict[str, Courier] = {}
        self._lease_until = 0.0
        self._repeating = Repeating("webhooks", self._round, settings.interval_s)
        self._troubles = self._repeating.troubles
        declare("webhook room")  # there are couriers only when there are endpoints

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._repeating.stop()
        await self._rest()
        if self._lease_until:
            with contextlib.suppress(RecordsAway, RecordsUnusable, TimeoutError):
                async with asyncio.timeout(_LEAVE_S_MAX), self._records.writing() as connection:
                    await leave_lease(connection, TASK, self._worker_id)

    async def _round(self) -> float | None:
        """Look at every endpoint, if this worker holds the lease."""
        try:
            held = await self._hold_lease()
        except BaseException:
            if time.monotonic() >= self._lease_until:
                await self._rest()
            raise
        if not held:
            await self._rest()
            return self._settings.lease_s / 2
        endpoints = await self._endpoints.all()
        await self._follow(endpoints)
        behind = await self._places.behind() if endpoints else {}
        for endpoint in endpoints:
            if endpoint.id in behind:
                await self._look(endpoint.id)
        self._show(endpoints, behind)
        return None if endpoints else max(QUIET_S, self._settings.interval_s)

    async def _look(self, endpoint: str) -> None:
        """Have an endpoint's courier look; if that fails, the others go on."""
        try:
            await self._couriers[endpoint].look()
        except Exception as error:
            self._troubles.failed(error, endpoint)
        else:
            self._troubles.works(endpoint)

    async def deliver_all(self) -> None:
        """Tell what may be told now, and wait for it."""
        await self._round()
        for courier in list(self._couriers.values()):
            await courier.finish()

    async def _hold_lease(self) -> bool:
        """Take the lease, or prolong it when half of it is over."""
        now, lease_s = time.monotonic(), self._settings.lease_s
        if now < self._lease_until - lease_s / 2:
            return True
        async with self._records.writing() as connection:
            held = await take_lease(
                connection, TASK, self._worker_id, unix_ms(), int(lease_s * 1000)
            )
        self._lease_until = now + lease_s if held else 0.0
        return held

    async def _follow(self, endpoints: list[Endpoint]) -> None:
        """Have a courier for each endpoint, which knows how it is now."""
        for gone in set(self._couriers) - {each.id for each in endpoints}:
            await self._end(gone)
        for endpoint in endpoints:
            courier = self._couriers.get(endpoint.id)
            if courier is not None:
                courier.follow(endpoint)
                continue
            for outcome in OUTCOMES:
                self._metrics.webhook_posts.labels(endpoint.id, outcome)
            self._couriers[endpoint.id] = Courier(
                endpoint,
                self._places,
                self._endpoints,
                self._sender,
                self._lines,
                self._settings,
                self._metrics,
                self._random,
            )

    def _show(self, endpoints: list[Endpoint], behind: Mapping[str, Behind]) -> None:
        """Show how far each endpoint is behind. Only the worker with the lease does."""
        now = unix_ms()
        for endpoint in endpoints:
            its = behind.get(endpoint.id)
            lag_s = max(0, now - its.since) / 1000 if its else 0.0
            self._metrics.webhook_lines.labels(endpoint.id).set(its.lines if its else 0)
            self._metrics.webhook_lag_seconds.labels(endpoint.id).set(lag_s)
            self._metrics.webhook_active.labels(endpoint.id).set(endpoint.state == "active")

    async def _end(self, endpoint: str) -> None:
        await self._couriers.pop(endpoint).aclose()
        for gauge in (
            self._metrics.webhook_lines,
            self._metrics.webhook_lag_seconds,
            self._metrics.webhook_active,
        ):
            with contextlib.suppress(KeyError):
                gauge.remove(endpoint)
        for outcome in OUTCOMES:
            with contextlib.suppress(KeyError):
                self._metrics.webhook_posts.remove(endpoint, outcome)

    async def _rest(self) -> None:
        for endpoint in list(self._couriers):
            await self._end(endpoint)
