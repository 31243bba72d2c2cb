"""The log of deliveries, by page, and its end."""

from typing import Literal

from msgspec import Struct
from sqlalchemy import delete, func, select

from server.features.webhooks.tables import DELIVERIES
from server.records.database import Database

DeliveryState = Literal["ok", "failing", "given_up"]


class LoggedDelivery(Struct, frozen=True, kw_only=True):
    """An event at an endpoint. `status` is that of the last HTTP answer, 0 if there was none, and
    `error` why it failed. `attempts` counts posts, from `first_at` to `at` (Unix ms). A test has no
    room and the number 0."""

    event: str
    type: str
    room: str
    n: int
    state: DeliveryState
    status: int
    attempts: int
    latency_ms: int
    error: str
    first_at: int
    at: int


class DeliveriesPage(Struct):
    """Deliveries, the event that was tried first last. `next` is the `cursor` of the page after
    it."""

    deliveries: list[LoggedDelivery]
    next: str | None = None


class DeliveryLog:
    """Reads the log, and removes what is old. Everything may raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def page(
        self, endpoint: str, state: DeliveryState | None, cursor: str, limit: int
    ) -> DeliveriesPage:
        """The deliveries of an endpoint, the newest event first, behind a cursor."""
        row = DELIVERIES.c
        asked = select(DELIVERIES).where(row.endpoint == endpoint)
        if state is not None:
            asked = asked.where(row.state == state)
        if cursor:
            asked = asked.where(row.id < int(cursor))
        async with self._records.reading() as connection:
            found = await connection.execute(asked.order_by(row.id.desc()).limit(limit + 1))
            rows = [each._asdict() for each in found]
        fields = LoggedDelivery.__struct_fields__
        shown = [LoggedDelivery(**{name: row[name] for name in fields}) for row in rows[:limit]]
        return DeliveriesPage(shown, str(rows[limit - 1]["id"]) if len(rows) > limit else None)

    async def count_old(self, before: int) -> int:
        """Return how many lines were last changed before a time (Unix ms)."""
        asked = select(func.count()).select_from(DELIVERIES).where(DELIVERIES.c.at < before)
        async with self._records.reading() as connection:
            return int(await connection.scalar(asked) or 0)

    async def remove_old(self, before: int, most: int) -> int:
        """Remove up to so many lines that were last changed before a time; return how many."""
        old = select(DELIVERIES.c.id).where(DELIVERIES.c.at < before).limit(most)
        async with self._records.writing() as connection:
            gone = await connection.execute(delete(DELIVERIES).where(DELIVERIES.c.id.in_(old)))
        return int(gone.rowcount)
