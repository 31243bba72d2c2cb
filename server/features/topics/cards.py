"""Cards: what a topic or a featured slot shows of a room or a note, as it is now."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import select

from server.features.notes.tables import NOTES, cover_of
from server.features.pictures.pictures import small_link
from server.features.search.room_states import read_states
from server.features.search.tables import ROOMS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.store.room_store import RoomStore

ThingKind = Literal["room", "note"]


class Thing(Struct, frozen=True):
    """A room or a note, by its id."""

    kind: ThingKind
    id: str


class Card(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A room or a note that everybody may see. Times in Unix ms.

    `host` is who it is by. A room has its `phase`, and is `scheduled` for, `started` or `ended` at
    a time. `image` is the address of its picture; `link` says that the topic brought the viewer.
    """

    kind: ThingKind
    id: str
    title: str
    host: str
    host_name: str
    link: str
    image: str = ""
    phase: str = ""
    scheduled: int = 0
    started: int = 0
    ended: int = 0


class Cards:
    """Reads cards: of rooms from Redis, or from the records once they left it. Methods may raise
    RecordsAway, and CommandError `unavailable`."""

    def __init__(self, store: RoomStore, records: Database) -> None:
        self._store = store
        self._records = records

    async def read(self, things: Iterable[Thing], source: str = "") -> dict[Thing, Card]:
        """The cards of those that everybody may see now. `source` names what shows them, as the
        part of a link after `from=`."""
        return await self._read(things, f"?from={source}" if source else "")

    async def must_be_shown(self, things: Sequence[Thing]) -> dict[Thing, Card]:
        """The cards of all of these. Raises CommandError `not_found` that names one without."""
        found = await self._read(things, all_of_them=True)
        for thing in things:
            if thing not in found:
                raise CommandError(
                    "not_found", f"There is no {thing.kind} `{thing.id}` that everybody may see."
                )
        return found

    async def _read(
        self, things: Iterable[Thing], after: str = "", *, all_of_them: bool = False
    ) -> dict[Thing, Card]:
        ids: dict[ThingKind, list[str]] = {"room": [], "note": []}
        for thing in dict.fromkeys(things):
            ids[thing.kind].append(thing.id)
        states = await read_states(self._store, ids["room"], all_of_them=all_of_them)
        found = {
            Thing("room", room): _room_card(room, state, after)
            for room, state in states.items()
            if state is not None and state.shown
        }
        left = [room for room, state in states.items() if state is None]
        return found | await self._rooms_that_left(left, after) | await self._notes(ids["note"])

    async def _notes(self, notes: Sequence[str]) -> dict[Thing, Card]:
        if not notes:
            return {}
        asked = select(NOTES).where(NOTES.c.note.in_(notes), NOTES.c.status == "public")
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return {Thing("note", row.note): _note_card(row) for row in rows}

    async def _rooms_that_left(self, rooms: Sequence[str], after: str) -> dict[Thing, Card]:
        if not rooms:
            return {}
        asked = select(ROOMS).where(ROOMS.c.room.in_(rooms), ROOMS.c.shown).order_by(ROOMS.c.life)
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return {Thing("room", row.room): _room_card(row.room, row, after) for row in rows}


def _note_card(row: Any) -> Card:
    cover = cover_of(row)
    return Card(
        kind="note", id=row.note, title=row.title, host=row.author,
        host_name=row.author_name or row.author, link=f"/note/{row.note}",
        image=small_link(cover) if cover else "",
    )  # fmt: skip


def _room_card(room: str, state: Any, after: str) -> Card:
    """A room, as Redis or the records have it; the records keep no cover."""
    return Card(
        kind="room", id=room, title=state.title, host=state.host,
        host_name=state.host_name or state.host, link=f"/watch/{room}{after}",
        image=getattr(state, "cover", ""), phase=state.phase, scheduled=state.scheduled or 0,
        started=state.started or 0, ended=state.ended or 0,
    )  # fmt: skip
