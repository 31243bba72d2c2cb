"""The index of words: FTS5 in SQLite, `tsvector` in PostgreSQL, behind one interface.

It finds documents by words and says no order but the newest first: relevance is computed from what
is found (see `relevance`), so that both engines give the same answers.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import BigInteger, Column, MetaData, Table, bindparam, cast, delete, insert, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncConnection


class Indexed(NamedTuple):
    """A document as the index holds it; words are separated by spaces."""

    id: int
    kind: str
    title_words: str
    text_words: str


Choices = Sequence[str]
"""Words of which a document must have one."""


class WordIndex(Protocol):
    """Finds documents by their words."""

    async def put(self, connection: AsyncConnection, documents: Sequence[Indexed]) -> None:
        """Add documents whose ids are new."""

    async def drop(self, connection: AsyncConnection, documents: Sequence[Indexed]) -> None:
        """Remove documents; their words must be those that were put."""

    async def clear(self, connection: AsyncConnection) -> None:
        """Remove all."""

    async def find(
        self,
        connection: AsyncConnection,
        all_of: Sequence[Choices],
        count: int,
        *,
        kinds: Sequence[str] = (),
        in_title: bool = False,
    ) -> list[int]:
        """Return the ids of the newest documents that have a word of each choice, at most `count`.

        `kinds`: only of these; `in_title`: only what has all words in its title.
        """


class Fts5Index:
    """The index of SQLite. Its tokens are exactly our words, and a quoted word has no syntax."""

    _PUT = sql(
        "INSERT INTO search_index(rowid, title, text, kind) "
        "VALUES (:id, :title_words, :text_words, :kind)"
    )
    _DROP = sql(
        "INSERT INTO search_index(search_index, rowid, title, text, kind) "
        "VALUES ('delete', :id, :title_words, :text_words, :kind)"
    )
    _FIND = sql(
        "SELECT rowid FROM search_index WHERE search_index MATCH :wanted "
        "ORDER BY rowid DESC LIMIT :count"
    )

    async def put(self, connection: AsyncConnection, documents: Sequence[Indexed]) -> None:
        if documents:
            await connection.execute(self._PUT, [each._asdict() for each in documents])

    async def drop(self, connection: AsyncConnection, documents: Sequence[Indexed]) -> None:
        if documents:
            await connection.execute(self._DROP, [each._asdict() for each in documents])

    async def clear(self, connection: AsyncConnection) -> None:
        await connection.execute(
            sql("INSERT INTO search_index(search_index) VALUES ('delete-all')")
        )

    async def find(
        self,
        connection: AsyncConnection,
        all_of: Sequence[Choices],
        count: int,
        *,
        kinds: Sequence[str] = (),
        in_title: bool = False,
    ) -> list[int]:
        words = " AND ".join(map(_fts5_choices, all_of))
        wanted = f"{{title}} : ({words})" if in_title else f"{{title text}} : ({words})"
        if kinds:
            wanted = f"({wanted}) AND {{kind}} : {_fts5_choices(kinds)}"
        found = await connection.execute(self._FIND, {"wanted": wanted, "count": count})
        return [int(row[0]) for row in found]


def _fts5_choices(words: Choices) -> str:
    return "(" + " OR ".join(f'"{word}"' for word in words) + ")"


_TITLE, _TEXT, _KIND = "A", "B", "C"
"""Weights by which PostgreSQL tells the fields apart."""
_INDEX = Table(
    "search_index", MetaData(), Column("id", BigInteger, primary_key=True),
    Column("words", TSVECTOR),
)  # fmt: skip


class TsvectorIndex:
    """The index of PostgreSQL. Words become lexemes as they are, as the configuration `simple`
    leaves them; its parser would cut them once more."""

    async def put(self, connection: AsyncConnection, documents: Sequence[Indexed]) -> None:
        if not documents:
            return
        words: Any = cast(bindparam("lexemes"), TSVECTOR)
        rows = [{"id": each.id, "lexemes": _lexemes(each)} for each in documents]
        await connection.execute(insert(_INDEX).values(words=words), rows)

    async def drop(self, connection: AsyncConnection, documents: Sequence[Indexed]) -> None:
        ids = [each.id for each in documents]
        await connection.execute(delete(_INDEX).where(_INDEX.c.id.in_(ids)))

    async def clear(self, connection: AsyncConnection) -> None:
        await connection.execute(delete(_INDEX))

    async def find(
        self,
        connection: AsyncConnection,
        all_of: Sequence[Choices],
        count: int,
        *,
        kinds: Sequence[str] = (),
        in_title: bool = False,
    ) -> list[int]:
        weights = _TITLE if in_title else _TITLE + _TEXT
        parts = [_tsquery_choices(words, weights) for words in all_of]
        if kinds:
            parts.append(_tsquery_choices(kinds, _KIND))
        wanted = cast(bindparam("wanted", " & ".join(parts)), TSQUERY)
        asked = (
            select(_INDEX.c.id)
            .where(_INDEX.c.words.op("@@")(wanted))
            .order_by(_INDEX.c.id.desc())
            .limit(count)
        )
        return [int(row.id) for row in await connection.execute(asked)]


def _tsquery_choices(words: Choices, weights: str) -> str:
    return "(" + " | ".join(f"'{word}':{weights}" for word in words) + ")"


_PLACES_MAX = 16_383


def _lexemes(document: Indexed) -> str:
    fields = ((document.title_words, _TITLE), (document.text_words, _TEXT), (document.kind, _KIND))
    weighed = [(word, weight) for text, weight in fields for word in text.split()]
    return " ".join(
        f"'{word}':{min(place, _PLACES_MAX)}{weight}"
        for place, (word, weight) in enumerate(weighed, 1)
    )


def index_of(connection: AsyncConnection) -> WordIndex:
    """Return the index of the connection's engine."""
    return TsvectorIndex() if connection.dialect.name == "postgresql" else Fts5Index()
