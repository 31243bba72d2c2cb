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
    insert,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSVECTOR
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
    About so many `documents` are expected, which is this `share` of all, from 0 to 1."""

    all_of: Sequence[Choices]
    documents: int
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
_WINDOWS, _WIDER = 2, 8
"""Common words are looked for among the newest documents: so many times as many as hold `count` of
them on average, then among so many times more. Of what GIN finds each row is read, to know its id;
so that is where fewer documents are expected than such a window has."""
_INDEX = Table(
    "search_index", MetaData(), Column("id", BigInteger, primary_key=True),
    Column("words", TSVECTOR),
)  # fmt: skip


class TsvectorIndex:
    """The index of PostgreSQL. Words become lexemes as they are, as the configuration `simple`
    leaves them; its parser would cut them once more."""

    # A dozen steps look costly enough to be compiled, which takes longer than they do. And a plan
    # made once for all queries does not know which of their words are common.
    _PLAN_EACH = sql(
        "SELECT set_config('jit', 'off', true), "
        "set_config('plan_cache_mode', 'force_custom_plan', true)"
    )
    # Without a materialized list the planner may walk all ids backwards for a rare word.
    _HITS = (
        "hits{step} AS MATERIALIZED (SELECT id FROM {among} "
        "WHERE words @@ CAST(:wanted{step} AS tsquery))"
    )
    _ALL = "search_index"
    # OFFSET keeps the planner from looking all the words up first.
    _NEWEST = (
        "(SELECT id, words FROM search_index "
        "WHERE id > (SELECT max(id) FROM search_index) - :window{step} OFFSET 0) AS newest{step}"
    )
    _STEP = (
        "SELECT {step} AS step, id FROM "
        "(SELECT id FROM hits{step} ORDER BY id DESC LIMIT :count) AS few{step}"
    )

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
        await connection.execute(self._PLAN_EACH)
        windows = [_window(each, count) for each in wanted]
        found = await self._found(connection, wanted, windows, count, kinds)
        # What is old, or seldom comes together: few documents, of any age.
        while again := [n for n, each in enumerate(found) if windows[n] and len(each) < count]:
            for n in again:
                windows[n] = _wider(wanted[n], windows[n])
            some = [wanted[n] for n in again]
            older = await self._found(connection, some, [windows[n] for n in again], count, kinds)
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
        steps = range(len(wanted))
        hits = [
            self._HITS.format(
                step=n, among=self._NEWEST.format(step=n) if windows[n] else self._ALL
            )
            for n in steps
        ]
        few = [self._STEP.format(step=n) for n in steps]
        asked = sql(f"WITH {', '.join(hits)} {' UNION ALL '.join(few)}")
        values: dict[str, Any] = {"count": count}
        values |= {f"wanted{n}": _tsquery(wanted[n], kinds) for n in steps}
        values |= {f"window{n}": windows[n] for n in steps if windows[n]}
        found: list[list[int]] = [[] for _ in wanted]
        for row in await connection.execute(asked, values):
            found[row.step].append(int(row.id))
        return found


def _window(wanted: Wanted, count: int) -> int:
    """Return how many of the newest ids to look at; 0 for all."""
    window = int(count / max(wanted.share, 1e-9) * _WINDOWS)
    return window if wanted.documents > window else 0


def _wider(wanted: Wanted, window: int) -> int:
    """The window to look at next. Several words come together in few documents: GIN knows those."""
    is_alone = len(wanted.all_of) == 1
    return window * _WIDER if is_alone and wanted.documents > window * _WIDER else 0


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
