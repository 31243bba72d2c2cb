"""Keeps what can be found in the records: documents of rooms, with their words in the index.

Those of rooms are changed by the archive's transaction alone, those of notes by the transaction
that changes the note. One transaction at a time changes documents (`_alone`). Documents of a room
that not everybody may find are kept, and are not in the index.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import delete, func, insert, select, tuple_
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.search.index import Indexed, index_of
from server.features.search.tables import DOCUMENTS
from server.features.search.vocabulary import (
    clear_vocabulary,
    count_documents,
    discount_documents,
)
from server.features.search.words import words_of, words_of_title

Kind = Literal["room", "goods", "host", "answer", "moment", "note"]
Key = tuple[str, str]
"""The kind and `ref` of a document in its room."""

NOTES_LIFE: Final = 0
"""Stands for the room of notes, which are in none; rooms are numbered from 1."""
_LOCK: Final = 7_301_975_502
"""The advisory lock of PostgreSQL under which documents are changed."""

WORDS_MAX = 400
"""Words of a title, and of a text with its context, that are indexed; further ones are not."""
_A_TIME = 200


class Document(NamedTuple):
    """One thing that can be found. `ref` names it within its room. `context` is found, not shown.
    `at`: Unix ms of the change; `second`: its place in the replay, None without one. `host` and
    `host_name` are the author of a note; what belongs to a room has its host."""

    kind: Kind
    ref: str
    title: str
    at: int
    text: str = ""
    context: str = ""
    sku: str = ""
    price: int | None = None
    currency: str = ""
    image: str = ""
    second: int | None = None
    host: str = ""
    host_name: str = ""

    @property
    def key(self) -> Key:
        """What names it in its room."""
        return self.kind, self.ref


_SHOWN = [DOCUMENTS.c[name] for name in Document._fields]
_INDEXED = (
    DOCUMENTS.c.id, DOCUMENTS.c.kind, DOCUMENTS.c.title_words, DOCUMENTS.c.text_words,
)  # fmt: skip


async def put_documents(
    connection: AsyncConnection,
    life: int,
    documents: Mapping[Key, Document | None],
    *,
    shown: bool,
) -> None:
    """Put the documents of a room in place of those with the same key; None takes one away.

    With `shown` they are in the index. One that says the same as before stays as it is.
    """
    await _alone(connection)
    for some in _parts(list(documents), _A_TIME):
        before = await _known(connection, life, some)
        changed = [key for key in some if _differs(before.get(key), documents[key])]
        await _delete(connection, life, [key for key in changed if key in before])
        new = [document for key in changed if (document := documents[key]) is not None]
        await _insert(connection, [_row(life, document) for document in new], shown)


async def _alone(connection: AsyncConnection) -> None:
    """Wait until no other transaction changes documents: they are numbered and their words counted.
    SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(sql(f"SELECT pg_advisory_xact_lock({_LOCK})"))


async def count_of(connection: AsyncConnection, life: int) -> int:
    """Return how many documents a room has."""
    asked = select(func.count()).select_from(DOCUMENTS).where(DOCUMENTS.c.life == life)
    return int(await connection.scalar(asked) or 0)


async def titles_of(
    connection: AsyncConnection, life: int, skus: Collection[str]
) -> dict[str, str]:
    """Return the titles of those products that are on the room's shelf, by sku."""
    asked = select(DOCUMENTS.c.ref, DOCUMENTS.c.title).where(
        DOCUMENTS.c.life == life, DOCUMENTS.c.kind == "goods", DOCUMENTS.c.ref.in_(sorted(skus))
    )
    return {row.ref: row.title for row in await connection.execute(asked)}


async def renew_documents(connection: AsyncConnection, life: int, *, shown: bool) -> None:
    """Make a room's documents the newest, and have them in the index if they are `shown`."""
    await _alone(connection)
    rows = [
        {name: value for name, value in row.items() if name != "id"}
        for row in (
            await connection.execute(
                select(DOCUMENTS).where(DOCUMENTS.c.life == life).order_by(DOCUMENTS.c.id)
            )
        ).mappings()
    ]
    await drop_documents(connection, DOCUMENTS.c.life == life)
    await _insert(connection, rows, shown)


async def empty_documents(connection: AsyncConnection) -> None:
    """Delete the documents of all rooms, with the index and its vocabulary; those of notes, which
    no archive tells again, are entered anew."""
    await _alone(connection)
    of_notes = select(DOCUMENTS).where(DOCUMENTS.c.life == NOTES_LIFE).order_by(DOCUMENTS.c.id)
    notes = [
        {name: value for name, value in row.items() if name != "id"}
        for row in (await connection.execute(of_notes)).mappings()
    ]
    await connection.execute(delete(DOCUMENTS))
    await index_of(connection).clear(connection)
    await clear_vocabulary(connection)
    for first in range(0, len(notes), _A_TIME):
        await _insert(connection, notes[first : first + _A_TIME], shown=True)


async def drop_documents(connection: AsyncConnection, which: Any) -> None:
    """Delete the documents for which a condition holds."""
    await _alone(connection)
    indexed = await connection.execute(select(*_INDEXED).where(which & DOCUMENTS.c.indexed))
    await _drop_from_index(connection, [Indexed(*row) for row in indexed])
    await connection.execute(delete(DOCUMENTS).where(which))


async def _known(
    connection: AsyncConnection, life: int, keys: Sequence[Key]
) -> dict[Key, Document]:
    found = await connection.execute(select(*_SHOWN).where(_named(life, keys)))
    documents = [Document(*row) for row in found]
    return {document.key: document for document in documents}


def _differs(before: Document | None, now: Document | None) -> bool:
    if before is None or now is None:
        return before is not now
    return before._replace(at=now.at) != now


async def _delete(connection: AsyncConnection, life: int, keys: Sequence[Key]) -> None:
    if keys:
        await drop_documents(connection, _named(life, keys))


def _named(life: int, keys: Sequence[Key]) -> Any:
    return (DOCUMENTS.c.life == life) & tuple_(DOCUMENTS.c.kind, DOCUMENTS.c.ref).in_(keys)


def _row(life: int, document: Document) -> dict[str, Any]:
    return document._asdict() | {
        "life": life,
        "title_words": " ".join(words_of_title(document.title)[:WORDS_MAX]),
        "text_words": " ".join(words_of(f"{document.text} {document.context}")[:WORDS_MAX]),
    }


async def _insert(connection: AsyncConnection, rows: Sequence[dict[str, Any]], shown: bool) -> None:
    if not rows:
        return
    last = int(await connection.scalar(select(func.max(DOCUMENTS.c.id))) or 0)
    numbered = [row | {"id": id_, "indexed": shown} for id_, row in enumerate(rows, last + 1)]
    await connection.execute(insert(DOCUMENTS), numbered)
    if shown:
        documents = [Indexed(*(row[column.name] for column in _INDEXED)) for row in numbered]
        await index_of(connection).put(connection, documents)
        await count_documents(connection, map(distinct_words, documents))


async def _drop_from_index(connection: AsyncConnection, documents: Sequence[Indexed]) -> None:
    await index_of(connection).drop(connection, documents)
    await discount_documents(connection, map(distinct_words, documents))


def distinct_words(document: Indexed) -> set[str]:
    """Return the words by which the index has a document."""
    return {*document.title_words.split(), *document.text_words.split()}


def _parts(keys: Sequence[Key], size: int) -> Iterable[Sequence[Key]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
