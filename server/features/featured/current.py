"""Keeps which slots run now, as every worker knows them."""

import asyncio
import contextlib
import time

from sqlalchemy import select

from server.background.clock import unix_ms
from server.features.featured.slots import Slot, slot_of
from server.features.featured.tables import SLOTS
from server.records.database import Database
from server.records.errors import RecordsAway

READ_S = 2.0
"""How old the list may be: a slot begins and ends on time, but one that is put there or taken back
is seen by the other workers so much later."""
KNOWN_MAX = 1000
"""Slots that a worker knows, those that end first; it learns of the others in time."""


class CurrentSlots:
    """Keeps the slots that run or still come, and says which run. While the records are away it
    goes on with what it knows."""

    def __init__(self, records: Database) -> None:
        self._records = records
        self._known: list[Slot] = []
        self._read_at = 0.0
        self._reading = asyncio.Lock()

    async def running(self, topic: str = "", *, now: int = 0) -> list[Slot]:
        """The slots that run now (Unix ms) in the feed, or on a topic's page, the one that began
        first at the front. Whether what they name may still be seen is for the caller to say."""
        now = now or unix_ms()
        await self._know()
        return [
            slot for slot in self._known if slot.topic == topic and slot.starts <= now < slot.ends
        ]

    def forget(self) -> None:
        """Read the slots anew when they are asked for next: this worker has changed them."""
        self._read_at = 0.0

    async def _know(self) -> None:
        if self._read_at and time.monotonic() - self._read_at < READ_S:
            return
        async with self._reading:
            if self._read_at and time.monotonic() - self._read_at < READ_S:
                return
            # What it knows is better than nothing.
            with contextlib.suppress(RecordsAway):
                self._known = await self._read()
            self._read_at = time.monotonic()

    async def _read(self) -> list[Slot]:
        asked = select(SLOTS).where(SLOTS.c.ends > unix_ms(), SLOTS.c.dropped == 0)
        asked = asked.order_by(SLOTS.c.ends).limit(KNOWN_MAX)
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return sorted(map(slot_of, rows), key=lambda slot: (slot.starts, slot.slot))
