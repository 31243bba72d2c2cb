"""Says what a link to a note shows elsewhere: its title, the first words, and its first picture."""

from sqlalchemy import select

from server.features.notes.tables import NOTES, cover_of
from server.features.pictures.pictures import small_link
from server.records.database import Database
from server.records.errors import RecordsAway, RecordsUnusable
from server.web.page_heads import PageHead

WORDS_CHARS_MAX = 160
"""So many characters of the text stand in a preview."""


class NotePreviews:
    """Makes previews of notes that everybody may see."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def of_note(self, note: str) -> PageHead | None:
        """The note; None for one that not everybody may see, or while the records are away."""
        names = (NOTES.c.title, NOTES.c.text, NOTES.c.author_name, NOTES.c.pictures)
        asked = select(*names).where(NOTES.c.note == note, NOTES.c.status == "public")
        try:
            async with self._records.reading() as connection:
                row = (await connection.execute(asked)).first()
        except (RecordsAway, RecordsUnusable):
            return None
        if row is None:
            return None
        words = " ".join(row.text.split())
        if len(words) > WORDS_CHARS_MAX:
            words = f"{words[:WORDS_CHARS_MAX]}…"
        cover = cover_of(row)
        image = small_link(cover) if cover else ""  # a JPEG, which every messenger reads
        description = " · ".join(part for part in (row.author_name, words) if part)
        return PageHead(row.title, description, image)
