"""The tables of notes, of what people do with them, and of comments on them."""

from typing import Any, Final

from msgspec import json
from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text

from server.records.schema import RECORDS

NOTES = Table(
    "notes",
    RECORDS,
    Column("note", Text, primary_key=True),
    Column("author", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("goods", Text, nullable=False),
    Column("rooms", Text, nullable=False),
    Column("pictures", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("published", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("likes", BigInteger, nullable=False),
    Column("collects", BigInteger, nullable=False),
    Column("comments", BigInteger, nullable=False),
    Column("author_name", Text, nullable=False, server_default=""),
    Column("reason", Text, nullable=False, server_default=""),
    Column("edited", BigInteger, nullable=False, server_default="0"),
    Column("asks", BigInteger, nullable=False, server_default="0"),
    Index(None, "author", "status", "changed", "note"),
    Index(None, "status", "published", "note"),
    Index(None, "changed", "note"),
)
"""Notes. `status`: `draft` and `held` are seen by the author (and the operator), as is `removed`,
with the operator's `reason`; `public` by everybody. `tags`, `rooms` and `pictures` are JSON lists
of texts, `goods` one of {host, sku}. `published` is when everybody could see it first, `edited`
when the author changed it since. `changed` is when anything of the row but its counts did: who
follows all notes reads by it. `likes`, `collects`, `comments` (public ones) and `asks` count. Times
in Unix ms, 0 = not yet."""

TEXTS: Final = json.Decoder(list[str])
"""Reads `tags`, `rooms` or `pictures`."""


def cover_of(row: Any) -> str:
    """The first picture of a note; '' if it has none."""
    pictures = TEXTS.decode(row.pictures)
    return pictures[0] if pictures else ""


NOTE_TAGS = Table(
    "note_tags",
    RECORDS,
    Column("tag", Text, primary_key=True),
    Column("note", Text, primary_key=True),
    Column("published", BigInteger, nullable=False),
    Index(None, "tag", "published", "note"),
    Index(None, "note"),
)
"""The tags of public notes, as `text.folding.tag_key` has them."""

NOTE_MARKS = Table(
    "note_marks",
    RECORDS,
    Column("user", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("note", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Index(None, "user", "kind", "at", "note"),
    Index(None, "note"),
)
"""Who likes (`like`) and who collected (`collect`) a note, since when (ms)."""

NOTE_COMMENTS = Table(
    "note_comments",
    RECORDS,
    Column("comment", Text, primary_key=True),
    Column("note", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("asked", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("removed_by", Text, nullable=False, server_default=""),
    Index(None, "note", "at", "comment"),
    Index(None, "user", "at"),
    Index(None, "author", "asked", "at"),
    Index(None, "author", "status", "at", "comment"),
    Index(None, "status", "at", "comment"),
)
"""Comments on notes. `author` is the note's, `user` and `name` are the writer's. `status` is
`public`; `held` until the note's author or the operator has read it; `removed`, which its writer
alone goes on seeing, with whether the note's `author` or the `operator` took it away
(`removed_by`), and the operator's `reason`. `asked`: the text asked for a link; the sku that it was
about, `*` for all goods of the note; empty: it asked for none."""

NOTE_ACTS = Table(
    "note_acts",
    RECORDS,
    Column("serial", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("person", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Index(None, "person", "serial"),
    Index(None, "note", "kind", "at"),
    Index(None, "at"),
    sqlite_autoincrement=True,  # else SQLite gives the serials of rows that retention took again
)
"""What people did with notes, one act after the other: `open`, `like`, `unlike`, `collect`,
`uncollect`, `comment` or `ask`, at a time (ms). Nothing here is changed until retention takes it;
who reads on by `serial` may meet one that was stored late, with a smaller number."""
