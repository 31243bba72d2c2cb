"""The index of words: FTS5 in SQLite, `tsvector` in PostgreSQL, behind one interface.

It finds documents by words and says no order but the newest first: relevance is computed from what
is found (see `relevance`), so that both engines give the same answers.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    Table,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    union_all,
)
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


class Wanted(NamedTuple):
    """Documents that have a word of each of `all_of`; with `in_title` they have them there.
    `share`: the part of all documents that they are at most, from 0 to 1."""

    all_of: Sequence[Choices]
    share: float
    in_title: bool = False


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
        wanted: Sequence[Wanted],
        count: int,
        kinds: Sequence[str] = (),
    ) -> list[list[int]]:
        """Return for each of `wanted` the ids of the newest such documents, at most `count`.

        `kinds`: only of these. All is asked in one statement.
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
    _FIND = (
        "SELECT {step} AS step, rowid AS id FROM (SELECT rowid FROM search_index "
        "WHERE search_index MATCH :wanted{step} ORDER BY rowid DESC LIMIT :count)"
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
        wanted: Sequence[Wanted],
        count: int,
        kinds: Sequence[str] = (),
    ) -> list[list[int]]:
        steps = range(len(wanted))
        asked = sql(" UNION ALL ".join(self._FIND.format(step=step) for step in steps))
        values = {f"wanted{step}": _fts5_query(wanted[step], kinds) for step in steps}
        found: list[list[int]] = [[] for _ in wanted]
        for row in await connection.execute(asked, {"count": count, **values}):
            found[row.step].append(int(row.id))
        return found


def _fts5_query(wanted: Wanted, kinds: Sequence[str]) -> str:
    words = " AND ".join(map(_fts5_choices, wanted.all_of))
    fields = "title" if wanted.in_title else "title text"
    query = f"{{{fields}}} : ({words})"
    return f"({query}) AND {{kind}} : {_fts5_choices(kinds)}" if kinds else query


def _fts5_choices(words: Choices) -> str:
    return "(" + " OR ".join(f'"{word}"' for word in words) + ")"


_TITLE, _KIND = "=", "#"
"""Before a lexeme: it is a word of the title, or the kind. Weights would say so too, but GIN does
not have them: each row would be read to look."""
_WINDOW_SHARE, _WINDOWS = 0.05, 2
"""Words that a greater part of all documents has are looked for among the newest first: so many
times as many as hold `count` of them on average."""
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
        wanted: Sequence[Wanted],
        count: int,
        kinds: Sequence[str] = (),
    ) -> list[list[int]]:
        # A dozen steps look costly enough to be compiled, which takes longer than they do.
        await connection.execute(sql("SET LOCAL jit = off"))
        windows = [_window(each.share, count) for each in wanted]
        found = await self._found(connection, wanted, windows, count, kinds)
        # Common words that seldom come together: few documents have all of them, of any age.
        again = [
            n
            for n, each in enumerate(wanted)
            if windows[n] and len(each.all_of) > 1 and len(found[n]) < count
        ]
        if again:
            more = [wanted[n] for n in again]
            older = await self._found(connection, more, [0] * len(more), count, kinds)
            for n, ids in zip(again, older, strict=True):
                found[n] = ids
        return found

    async def _found(
        self,
        connection: AsyncConnection,
        wanted: Sequence[Wanted],
        windows: Sequence[int],
        count: int,
        kinds: Sequence[str],
    ) -> list[list[int]]:
        steps = [
            _step(step, _tsquery(each, kinds), window, count)
            for step, (each, window) in enumerate(zip(wanted, windows, strict=True))
        ]
        found: list[list[int]] = [[] for _ in wanted]
        for row in await connection.execute(union_all(*steps)):
            found[row.step].append(int(row.id))
        return found


def _window(share: float, count: int) -> int:
    """How many of the newest ids to look at; 0 for all."""
    return int(count / share * _WINDOWS) if share > _WINDOW_SHARE else 0


def _step(step: int, query: str, window: int, count: int) -> Any:
    hits = select(_INDEX.c.id).where(_INDEX.c.words.op("@@")(cast(query, TSQUERY)))
    if window:
        newest = select(func.max(_INDEX.c.id)).scalar_subquery()
        hits = hits.where(_INDEX.c.id > newest - window)
    # Without a materialized list the planner may walk all ids backwards for a rare word.
    found = hits.cte(f"hits{step}").prefix_with("MATERIALIZED")
    few = select(found.c.id).order_by(found.c.id.desc()).limit(count).subquery()
    return select(literal(step).label("step"), few.c.id)


def _tsquery(wanted: Wanted, kinds: Sequence[str]) -> str:
    field = _TITLE if wanted.in_title else ""
    parts = [_tsquery_choices(words, field) for words in wanted.all_of]
    if kinds:
        parts.append(_tsquery_choices(kinds, _KIND))
    return " & ".join(parts)


def _tsquery_choices(words: Choices, field: str) -> str:
    return "(" + " | ".join(f"'{field}{word}'" for word in words) + ")"


def _lexemes(document: Indexed) -> str:
    title = document.title_words.split()
    lexemes = {*title, *(_TITLE + word for word in title), *document.text_words.split()}
    lexemes.add(_KIND + document.kind)
    return " ".join(f"'{lexeme}'" for lexeme in sorted(lexemes))


def index_of(connection: AsyncConnection) -> WordIndex:
    """Return the index of the connection's engine."""
    return TsvectorIndex() if connection.dialect.name == "postgresql" else Fts5Index()
