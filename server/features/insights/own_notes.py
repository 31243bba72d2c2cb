"""Reads notes for a host's insights: their authors, how many opened them, the goods they show."""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from msgspec import MsgspecError, Struct, json
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.insights.weeks import Span
from server.features.notes.tables import NOTE_ACTS, NOTES

NOTES_MAX = 500
"""Notes of a host that are looked at for what they answer, the newest."""
PUBLIC = "public"


class NoteHead(NamedTuple):
    """A note's title and author."""

    title: str
    author: str


class AnsweringNote(NamedTuple):
    """What a note of the host is about: its goods, and its words."""

    skus: frozenset[str]
    words: str


class _Goods(Struct):
    host: str = ""
    sku: str = ""


_GOODS = json.Decoder(list[_Goods])


async def note_heads(connection: AsyncConnection, notes: Collection[str]) -> dict[str, NoteHead]:
    """The titles and authors of notes that there are."""
    asked = select(NOTES.c.note, NOTES.c.title, NOTES.c.author).where(NOTES.c.note.in_(notes))
    rows = await connection.execute(asked)
    return {row.note: NoteHead(row.title, row.author) for row in rows}


async def notes_opened(connection: AsyncConnection, host: str, span: Span) -> dict[str, int]:
    """note -> how many people opened it in a time, of the notes that the host wrote."""
    asked = (
        select(NOTE_ACTS.c.note, func.count(NOTE_ACTS.c.person.distinct()).label("people"))
        .join(NOTES, NOTES.c.note == NOTE_ACTS.c.note)
        .where(NOTES.c.author == host, NOTE_ACTS.c.kind == "open")
        .where(NOTE_ACTS.c.at >= span.starts, NOTE_ACTS.c.at < span.ends)
        .group_by(NOTE_ACTS.c.note)
    )
    return {row.note: int(row.people) for row in await connection.execute(asked)}


async def answering_notes(connection: AsyncConnection, host: str) -> list[AnsweringNote]:
    """The host's public notes, the newest first."""
    asked = select(NOTES).where(NOTES.c.author == host, NOTES.c.status == PUBLIC)
    asked = asked.order_by(NOTES.c.published.desc()).limit(NOTES_MAX)
    return [
        AnsweringNote(
            frozenset(each.sku for each in _goods_of(row.goods) if each.host == host),
            f"{row.title} {row.text}",
        )
        for row in await connection.execute(asked)
    ]


def _goods_of(packed: Any) -> Iterable[_Goods]:
    try:
        return _GOODS.decode(packed)
    except (MsgspecError, UnicodeDecodeError):
        return ()
