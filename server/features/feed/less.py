"""Less: of which hosts, tags and notes a person wants to see less."""

from typing import Literal

from msgspec import Struct
from sqlalchemy import delete, func, select

from server.background.clock import unix_ms
from server.features.feed.tables import LESS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.upsert import insert_into
from server.rooms.plain_text import plain_text
from server.text.folding import tag_key

Kind = Literal["host", "tag", "note"]


class Less(Struct, frozen=True):
    """What a person wants to see less of, since `at` (Unix ms)."""

    kind: Kind
    id: str
    at: int


class LessBook:
    """Reads and writes it; at most `most` of a person. Methods raise RecordsAway."""

    def __init__(self, records: Database, most: int) -> None:
        self._records = records
        self._most = most

    async def of_person(self, person: str) -> list[Less]:
        """All of a person, the newest first."""
        asked = select(LESS).where(LESS.c.person == person)
        async with self._records.reading() as connection:
            rows = await connection.execute(asked.order_by(LESS.c.at.desc(), LESS.c.ref))
            return [Less(row.kind, row.ref, row.at) for row in rows]

    async def put(self, person: str, kind: Kind, id_: str) -> Less:
        """Note one; of a tag, all spellings are one. Raises CommandError `limit_reached`."""
        now, ref = unix_ms(), _ref_of(kind, id_)
        if not ref:
            raise CommandError("bad_message", f"`{id_}` has nothing that could be a tag.")
        async with self._records.writing() as connection:
            made = insert_into(connection, LESS).values(person=person, kind=kind, ref=ref, at=now)
            keys = ["person", "kind", "ref"]
            await connection.execute(
                made.on_conflict_do_update(index_elements=keys, set_={"at": now})
            )
            counted = select(func.count()).select_from(LESS).where(LESS.c.person == person)
            if int(await connection.scalar(counted) or 0) > self._most:
                raise CommandError(
                    "limit_reached",
                    f"You see less of {self._most} things already; undo one of them first.",
                )
        return Less(kind, ref, now)

    async def remove(self, person: str, kind: str, id_: str) -> None:
        """Undo one; nothing happens if there is none."""
        refs = (id_, _ref_of(kind, id_))  # a tag may be kept as it was spelled once
        which = (LESS.c.person == person) & (LESS.c.kind == kind) & LESS.c.ref.in_(refs)
        async with self._records.writing() as connection:
            await connection.execute(delete(LESS).where(which))


def _ref_of(kind: str, id_: str) -> str:
    return tag_key(plain_text(id_)) if kind == "tag" else id_
