"""Reads notes: one, lists of an author or a tag, and what somebody collected."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.auth import Identity
from server.features.notes.acts import Openings
from server.features.notes.bodies import NotesPage, NoteView
from server.features.notes.linking import LINKS
from server.features.notes.notes import no_note, row_of
from server.features.notes.showing import NotesNow
from server.features.notes.tables import NOTE_MARKS, NOTE_TAGS, NOTES, TEXTS
from server.features.pictures.pictures import Picture, read_pictures
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.records.database import Database
from server.text.folding import tag_key


class Wanted(NamedTuple):
    """Which notes: those of which each of these holds, if it is not empty."""

    author: str = ""
    tag: str = ""
    status: str = "public"


class _Beside(NamedTuple):
    """The parts of a page of notes that stand in tables of their own."""

    pictures: dict[str, Picture]
    marks: set[tuple[str, str]]
    """(note, kind) of what the reader did."""


class NoteBook:
    """Reads notes. Methods raise CommandError, RecordsAway."""

    def __init__(self, records: Database, now: NotesNow, openings: Openings) -> None:
        self._records = records
        self._now = now
        self._openings = openings

    async def one(self, note: str, who: Identity) -> NoteView:
        """A note as somebody sees it; who opens another's is noted."""
        async with self._records.reading() as connection:
            row = await row_of(connection, note)
            if row is None or not may_see(row, who):
                raise no_note(note)
            beside = await _beside(connection, [row], who)
        if row.status == "public" and who.role is not Role.GUEST and who.user != row.author:
            self._openings.note(who.user, note)
        return await self._view(row, beside, who)

    async def page(self, wanted: Wanted, who: Identity, cursor: str, limit: int) -> NotesPage:
        """Notes that are wanted, the newest first. Others' drafts, and what waits, are the
        operator's and their author's."""
        is_own = who.role is not Role.GUEST and wanted.author == who.user
        is_operator = who.is_operator and wanted.status != "draft"
        if wanted.status != "public" and not is_operator and not is_own:
            raise CommandError(
                "forbidden", "Only public notes of others can be read; name yourself as `author`."
            )
        at = NOTES.c.published if wanted.status == "public" else NOTES.c.changed
        which = [NOTES.c.status == wanted.status]
        if wanted.author:
            which.append(NOTES.c.author == wanted.author)
        asked = select(NOTES).where(*which)
        if wanted.tag:
            of_tag = NOTE_TAGS.c.tag == tag_key(wanted.tag)
            asked = asked.join(NOTE_TAGS, (NOTE_TAGS.c.note == NOTES.c.note) & of_tag)
            at = NOTE_TAGS.c.published if wanted.status == "public" else at
        return await self._page(asked, at, who, cursor, limit)

    async def collected(self, who: Identity, cursor: str, limit: int) -> NotesPage:
        """The public notes that somebody collected, the last collected first."""
        mine = (NOTE_MARKS.c.note == NOTES.c.note) & (NOTE_MARKS.c.user == who.user)
        asked = select(NOTES, NOTE_MARKS.c.at.label("marked")).join(
            NOTE_MARKS, mine & (NOTE_MARKS.c.kind == "collect")
        )
        asked = asked.where(NOTES.c.status == "public")
        return await self._page(asked, NOTE_MARKS.c.at, who, cursor, limit)

    async def _page(
        self, asked: Select[Any], at: ColumnElement[int], who: Identity, cursor: str, limit: int
    ) -> NotesPage:
        asked = asked.add_columns(at.label("place")).order_by(at.desc(), NOTES.c.note.desc())
        if cursor:
            place, _, note = cursor.partition("-")
            asked = asked.where(tuple_(at, NOTES.c.note) < (int(place), note))
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked.limit(limit + 1))).all()
            shown = rows[:limit]
            beside = await _beside(connection, shown, who)
        after = f"{shown[-1].place}-{shown[-1].note}" if len(rows) > limit else None
        return NotesPage([await self._view(row, beside, who) for row in shown], after)

    async def _view(self, row: Any, beside: _Beside, who: Identity) -> NoteView:
        is_own = row.author == who.user or who.is_operator
        pictures = [beside.pictures.get(each) for each in TEXTS.decode(row.pictures)]
        return NoteView(
            **{name: getattr(row, name) for name in _SAME},
            author_name=row.author_name or row.author,
            changed=row.edited,
            tags=TEXTS.decode(row.tags),
            pictures=[each for each in pictures if each is not None],
            goods=await self._now.goods(LINKS.decode(row.goods)),
            rooms=await self._now.rooms(row.author, TEXTS.decode(row.rooms)),
            link=f"/note/{row.note}",
            liked=(row.note, "like") in beside.marks,
            collected=(row.note, "collect") in beside.marks,
            asks=row.asks if is_own else 0,
            reason=row.reason if is_own else "",
        )


_SAME = (
    "note", "author", "status", "title", "text", "likes", "collects", "comments", "created",
    "published",
)  # fmt: skip


def may_see(row: Any, who: Identity) -> bool:
    """Whether somebody may read a note: a public one everybody, a draft its author alone."""
    is_operator = who.is_operator and row.status != "draft"
    return row.status == "public" or row.author == who.user or is_operator


async def _beside(connection: AsyncConnection, rows: Sequence[Any], who: Identity) -> _Beside:
    ids = [each for row in rows for each in TEXTS.decode(row.pictures)]
    pictures = await read_pictures(connection, ids)
    if who.role is Role.GUEST or not rows:
        return _Beside(pictures, set())
    marked = select(NOTE_MARKS.c.note, NOTE_MARKS.c.kind).where(
        NOTE_MARKS.c.user == who.user, NOTE_MARKS.c.note.in_([row.note for row in rows])
    )
    marks = {(row.note, row.kind) for row in await connection.execute(marked)}
    return _Beside(pictures, marks)
