"""Cards: what a topic or a featured slot shows of a room or a note, as it is now."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from msgspec import Struct, json
from sqlalchemy import select

from server.features.notes.tables import NOTES
from server.features.search.projection import is_shown
from server.features.search.tables import ROOMS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.store.reading import reading
from server.store.room_store import RoomStore

ThingKind = Literal["room", "note"]
_IDS = json.Decoder(list[str])
_FIELDS = (
    "title", "host", "host_name", "phase", "scheduled", "started", "ended", "cover", "kind",
    "practice", "draft", "cancelled",
)  # fmt: skip


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
        wanted = list(dict.fromkeys(things))
        after = f"?from={source}" if source else ""
        rooms = await self._rooms([thing.id for thing in wanted if thing.kind == "room"], after)
        return rooms | await self._notes([thing.id for thing in wanted if thing.kind == "note"])

    async def _notes(self, notes: Sequence[str]) -> dict[Thing, Card]:
        if not notes:
            return {}
        asked = select(NOTES).where(NOTES.c.note.in_(notes), NOTES.c.status == "public")
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return {Thing("note", row.note): _note_card(row) for row in rows}

    async def must_be_shown(self, things: Sequence[Thing]) -> dict[Thing, Card]:
        """The cards of all of these. Raises CommandError `not_found` that names one without."""
        found = await self.read(things)
        for thing in things:
            if thing not in found:
                raise CommandError(
                    "not_found", f"There is no {thing.kind} `{thing.id}` that everybody may see."
                )
        return found

    async def _rooms(self, rooms: Sequence[str], after: str) -> dict[Thing, Card]:
        if not rooms:
            return {}
        pipeline = self._store.redis.pipeline(transaction=False)
        for room in rooms:
            pipeline.hmget(self._store.keys.room(room, "room"), _FIELDS)
        with reading():
            answers = await pipeline.execute()
        found = dict[Thing, Card]()
        left = list[str]()
        for room, answer in zip(rooms, answers, strict=True):
            texts = [(each or b"").decode(errors="replace") for each in answer]
            fields = dict(zip(_FIELDS, texts, strict=True))
            if not fields["phase"]:
                left.append(room)
            elif _may_be_seen(fields):
                found[Thing("room", room)] = _room_card(room, fields, after)
        return found | await self._rooms_that_left(left, after)

    async def _rooms_that_left(self, rooms: Sequence[str], after: str) -> dict[Thing, Card]:
        if not rooms:
            return {}
        asked = select(ROOMS).where(ROOMS.c.room.in_(rooms), ROOMS.c.shown).order_by(ROOMS.c.life)
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).mappings().all()
        return {Thing("room", row["room"]): _room_card(row["room"], row, after) for row in rows}


def _note_card(row: Any) -> Card:
    pictures = _IDS.decode(row.pictures)
    return Card(
        kind="note", id=row.note, title=row.title, host=row.author,
        host_name=row.author_name or row.author, link=f"/note/{row.note}",
        image=f"/pictures/{pictures[0]}/small" if pictures else "",
    )  # fmt: skip


def _may_be_seen(fields: dict[str, str]) -> bool:
    def is_set(name: str) -> bool:
        return fields[name] not in ("", "0")

    return is_shown(
        fields["kind"],
        practice=is_set("practice"),
        draft=is_set("draft"),
        cancelled=is_set("cancelled"),
    )


def _room_card(room: str, row: Any, after: str) -> Card:
    times = {name: int(row[name] or 0) for name in ("scheduled", "started", "ended")}
    return Card(
        kind="room", id=room, title=row["title"], host=row["host"],
        host_name=row["host_name"] or row["host"], link=f"/watch/{room}{after}",
        image=row.get("cover", ""), phase=row["phase"], **times,
    )  # fmt: skip
