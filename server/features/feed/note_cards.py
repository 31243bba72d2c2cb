"""Note cards: what a row shows of notes, as they are now."""

import time
from collections.abc import Iterable
from typing import Any

from cachetools import TTLCache
from msgspec import Struct
from sqlalchemy import select

from server.features.feed.rows import Shot
from server.features.notes.tables import NOTES, TEXTS, cover_of
from server.features.pictures.pictures import Picture, read_pictures, small_link
from server.records.database import Database

KEPT_S = 2.0
"""How long what a note shows is kept; it is read once for all who come meanwhile."""
CARDS_MAX = 20_000
_COLUMNS = (
    NOTES.c.note, NOTES.c.status, NOTES.c.title, NOTES.c.author, NOTES.c.author_name,
    NOTES.c.published, NOTES.c.likes, NOTES.c.tags, NOTES.c.pictures,
)  # fmt: skip


class NoteCard(Struct, frozen=True):
    """A public note."""

    title: str
    author: str
    author_name: str
    published: int
    likes: int
    tags: list[str]
    picture: Shot | None


class NoteCards:
    """Reads cards, each at most once in `KEPT_S`."""

    def __init__(self, records: Database) -> None:
        self._records = records
        self._kept: TTLCache[str, NoteCard] = TTLCache(CARDS_MAX, KEPT_S, time.monotonic)

    async def read(self, notes: Iterable[str]) -> dict[str, NoteCard | None]:
        """Return the cards by note; None for one that is not public. Raises RecordsAway."""
        wanted = list(dict.fromkeys(notes))
        # Asked once for each: between two looks its time may be over.
        found: dict[str, NoteCard | None] = {
            note: card for note in wanted if (card := self._kept.get(note)) is not None
        }
        missing = [note for note in wanted if note not in found]
        if missing:
            found |= dict.fromkeys(missing)
            asked = select(*_COLUMNS).where(NOTES.c.note.in_(missing), NOTES.c.status == "public")
            async with self._records.reading() as connection:
                rows = (await connection.execute(asked)).all()
                covers = [cover for row in rows if (cover := cover_of(row))]
                pictures = await read_pictures(connection, covers)
            for row in rows:
                found[row.note] = _card(row, pictures.get(cover_of(row)))
            # One that is gone is not kept: it may be public again by the next look.
            self._kept.update({note: card for note in missing if (card := found[note])})
        return found


def _card(row: Any, cover: Picture | None) -> NoteCard:
    return NoteCard(
        title=row.title,
        author=row.author,
        author_name=row.author_name or row.author,
        published=row.published,
        likes=row.likes,
        tags=TEXTS.decode(row.tags),
        picture=None if cover is None else Shot(small_link(cover.picture), cover.w, cover.h),
    )
