"""Likes and collections of notes: once each by a user, taken back any time."""

import asyncio
from typing import Literal

from sqlalchemy import delete, select, update

from server.access.auth import Identity
from server.access.rate import BucketsByName
from server.background.clock import unix_ms
from server.features.notes.acts import Kind, note_act
from server.features.notes.bodies import Marked
from server.features.notes.note_book import may_see
from server.features.notes.notes import no_note, row_of
from server.features.notes.settings import NoteSettings
from server.features.notes.tables import NOTE_MARKS, NOTES
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.upsert import insert_into

USERS_REMEMBERED_MAX = 100_000
Mark = Literal["like", "collect"]
_COUNTS = {"like": NOTES.c.likes, "collect": NOTES.c.collects}
_UNDO: dict[Mark, Kind] = {"like": "unlike", "collect": "uncollect"}


class Marks:
    """Puts and takes marks. Methods raise CommandError, RecordsAway."""

    def __init__(self, records: Database, settings: NoteSettings) -> None:
        self._records = records
        self._spent = BucketsByName(
            settings.marks_per_user_per_s, settings.marks_burst, USERS_REMEMBERED_MAX
        )

    async def put(self, who: Identity, note: str, mark: Mark, *, on: bool) -> Marked:
        """Like or collect a note, or take it back; twice is the same as once."""
        wait_s = self._spent.wait_s(("mark", who.user), asyncio.get_running_loop().time())
        if wait_s > 0:
            raise CommandError(
                "rate_limited", "You like and collect too fast; wait a moment.",
                int(wait_s * 1000) + 1,
            )  # fmt: skip
        async with self._records.writing() as connection:
            row = await row_of(connection, note, to_write=True)
            if row is None or not may_see(row, who) or (on and row.status != "public"):
                raise no_note(note)
            mine = (NOTE_MARKS.c.user == who.user) & (NOTE_MARKS.c.note == note)
            if on:
                made = insert_into(connection, NOTE_MARKS).values(
                    user=who.user, kind=mark, note=note, at=unix_ms()
                )
                changed = await connection.execute(made.on_conflict_do_nothing())
            else:
                gone = delete(NOTE_MARKS).where(mine, NOTE_MARKS.c.kind == mark)
                changed = await connection.execute(gone)
            if changed.rowcount > 0:
                count = _COUNTS[mark]
                counted = update(NOTES).where(NOTES.c.note == note)
                step = count + 1 if on else count - 1
                await connection.execute(counted.values({count.name: step}))
                await note_act(connection, who.user, note, mark if on else _UNDO[mark])
            kinds = set((await connection.scalars(select(NOTE_MARKS.c.kind).where(mine))).all())
            row = await row_of(connection, note)
        return Marked("like" in kinds, "collect" in kinds, row.likes, row.collects)
