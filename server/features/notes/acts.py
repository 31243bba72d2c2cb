"""Writes down what people do with notes, one act after the other, for whoever learns from it."""

import time
from typing import Any, Literal

from cachetools import TTLCache
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.notes.settings import NoteSettings
from server.features.notes.tables import NOTE_ACTS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.errors import RecordsAway
from server.store.commit import GroupCommit
from server.telemetry.metrics import Metrics

Kind = Literal["open", "like", "unlike", "collect", "uncollect", "comment", "ask"]

OPENED_MAX = 100_000
"""Openings that a worker remembers, so that it does not count them again."""
WAITING_MAX = 5000
BATCH_MAX = 500
INTERVAL_S = 0.2


async def note_act(connection: AsyncConnection, person: str, note: str, kind: Kind) -> None:
    """Write an act in the transaction that does it."""
    row = {"at": unix_ms(), "person": person, "note": note, "kind": kind}
    await connection.execute(insert(NOTE_ACTS).values(**row))


class Openings:
    """Notes who opened which note. Nobody waits for it: while the records are away, openings are
    lost, and the log and a metric of failures say so no more than once for many."""

    def __init__(self, records: Database, settings: NoteSettings, metrics: Metrics) -> None:
        self._records = records
        self._lately: TTLCache[tuple[str, str], bool] = TTLCache(
            OPENED_MAX, max(settings.open_again_s, 1e-3), time.monotonic
        )
        self.batches: GroupCommit[dict[str, Any], None] = GroupCommit(
            "notes.open",
            self._write,
            metrics,
            batch_max=BATCH_MAX,
            waiting_max=WAITING_MAX,
            interval_s=INTERVAL_S,
        )

    def note(self, person: str, note: str) -> None:
        """Note that a person opened a note, unless they did so a moment ago."""
        if (person, note) in self._lately:
            return
        self._lately[person, note] = True
        row = {"at": unix_ms(), "person": person, "note": note, "kind": "open"}
        self.batches.hand_in("", row, lambda: self._lost(person, note))

    def _lost(self, person: str, note: str) -> None:
        self._lately.pop((person, note), None)  # the next time it is counted

    async def _write(self, _: str, rows: list[dict[str, Any]]) -> list[None]:
        try:
            async with self._records.writing() as connection:
                await connection.execute(insert(NOTE_ACTS), rows)
        except RecordsAway as away:
            raise CommandError("unavailable", "The records are away.") from away
        return [None] * len(rows)


class OldActs:
    """Acts of a long time ago. Methods raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def count(self, before: int) -> int:
        """Return how many were done before a time (ms)."""
        asked = select(func.count()).select_from(NOTE_ACTS).where(NOTE_ACTS.c.at < before)
        async with self._records.reading() as connection:
            return int(await connection.scalar(asked) or 0)

    async def remove(self, before: int, most: int) -> int:
        """Remove some of them; return how many."""
        some = select(NOTE_ACTS.c.serial).where(NOTE_ACTS.c.at < before).limit(most)
        async with self._records.writing() as connection:
            serials = (await connection.scalars(some)).all()
            gone = delete(NOTE_ACTS).where(NOTE_ACTS.c.serial.in_(serials))
            return int((await connection.execute(gone)).rowcount)


async def forget_acts(connection: AsyncConnection, user: str, gone: str) -> None:
    """Put a pseudonym in the place of a person."""
    which = update(NOTE_ACTS).where(NOTE_ACTS.c.person == user)
    await connection.execute(which.values(person=gone))
