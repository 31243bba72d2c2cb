"""Finds what answers a query: candidates from the index, ordered by relevance, as the rooms are."""

import base64
import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.search.candidates import candidates_of
from server.features.search.documents import Kind
from server.features.search.highlights import Range, snippet_of
from server.features.search.query import Query, Term, in_one_piece, query_of_text
from server.features.search.relevance import Wish, compared
from server.features.search.room_states import NO_ROOM, RoomState, states_of
from server.features.search.settings import SearchSettings
from server.features.search.tables import DOCUMENTS, ROOMS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.store.room_store import RoomStore

PAGE_MAX = 50
LOOKED_AT_MAX = 120
"""Documents that are compared with the query letter by letter, and so most results."""
_KINDS: dict[str, Sequence[Kind]] = {"moment": ("moment", "answer")}
"""What a kind that is asked for finds, if it is not itself alone."""


class SearchResult(Struct, frozen=True, omit_defaults=True):
    """Something found. `id` names it within its kind and room: a sku, a user, a question, the
    second of a moment; a room's is its own. `matches` are the parts of `title` and of `text` (plain
    text, a part of the whole) that answer the query, as [from, to) in characters (code points).
    `phase` and the times are the room's as they are now. `second`: where it is in the replay.
    `link` leads there, and says that a search brought the viewer. A note is in no room: `room`,
    `room_title` and `phase` are empty, `host` is its author."""

    kind: Kind
    id: str
    room: str
    title: str
    host: str
    host_name: str
    room_title: str
    phase: str
    link: str
    matches: list[Range] = []
    text: str = ""
    text_matches: list[Range] = []
    scheduled: int = 0
    started: int = 0
    ended: int = 0
    sku: str = ""
    price: int | None = None
    currency: str = ""
    image: str = ""
    second: int | None = None


class SearchPage(Struct, frozen=True, omit_defaults=True):
    """Results, the most relevant first. `next` is the cursor of the next page; absent on the
    last."""

    results: list[SearchResult]
    next: str | None = None


class Heard(NamedTuple):
    """A query that was answered: by `user` (empty: who did not sign in), sent from `client`;
    `found`: there were results; `is_first`: it was the first page of them."""

    text: str
    kind: str
    user: str
    client: str
    found: bool
    is_first: bool


class _Ranked(NamedTuple):
    row: Any
    relevance: float


class Search:
    """Answers queries from the records; what is true of a room just now comes from Redis."""

    def __init__(self, store: RoomStore, records: Database, settings: SearchSettings) -> None:
        self._store = store
        self._records = records
        self._settings = settings
        self.heard: Callable[[Heard], str] = lambda _: ""
        """Told each page that is answered; returns what its links name as their search. It must be
        quick and not raise; set it once."""

    async def page(
        self, text: str, kind: str, cursor: str, limit: int, user: str = "", client: str = ""
    ) -> SearchPage:
        """Return a page of results. Raises CommandError `bad_message` for a query or a cursor that
        can't be taken, `unavailable` without Redis; and RecordsAway."""
        self._must_fit(text)
        mark = _mark(text, kind)
        offset = _offset(cursor, mark)
        async with self._records.reading() as connection:
            query = await query_of_text(connection, text, self._settings)
            ranked, wish = await self._ranked(connection, query, kind)
        heard = Heard(text, kind, user, client, bool(ranked), not cursor)
        link_id = self.heard(heard)
        results = list[SearchResult]()
        while offset < len(ranked) and len(results) < limit:
            some = [each.row for each in ranked[offset : offset + limit - len(results)]]
            states = await states_of(self._store, (row for row in some if row.room))
            # The records may not have heard yet that a room became a draft, or was cancelled.
            found = [row for row in some if not row.room or states[row.room].shown]
            results += [
                _result(row, states.get(row.room, NO_ROOM), wish.words, link_id) for row in found
            ]
            offset += len(some)
        return SearchPage(results, _cursor(offset, mark) if offset < len(ranked) else None)

    def _must_fit(self, text: str) -> None:
        most = self._settings.query_chars_max
        if len(text) > most:
            raise CommandError(
                "bad_message", f"`q` has {len(text)} characters, and at most {most} are looked for."
            )

    async def _ranked(
        self, connection: AsyncConnection, query: Query, kind: str
    ) -> tuple[list[_Ranked], Wish]:
        most = self._settings.candidates_max
        kinds = _KINDS.get(kind, (kind,) if kind else ())
        terms: Sequence[Term] = query.terms
        rows = await _rows(connection, await candidates_of(connection, terms, kinds, most))
        if query.mended and not _has_all(rows, Wish(terms, query.pairs)):
            terms = query.mended
            rows = await _rows(connection, await candidates_of(connection, terms, kinds, most))
        if kind == "moment":
            rows = [row for row in rows if row.second is not None]
        wish = Wish(terms, query.pairs)
        ranked = _in_order(rows, wish)
        return ranked if kind else list(_without_echoes(ranked)), wish


def _has_all(rows: Iterable[Any], wish: Wish) -> bool:
    return any(wish.is_met_by(f"{row.title_words} {row.text_words}".split()) for row in rows)


def _in_order(rows: Iterable[Any], wish: Wish) -> list[_Ranked]:
    """The most relevant first; of equals what is live, then what is newest."""
    by_words = [
        (wish.by_words(row.title_words.split(), row.text_words.split()), row) for row in rows
    ]
    by_words.sort(key=lambda each: (-each[0], -each[1].id))
    ranked = [
        _Ranked(row, compared(row.kind, score + _together(row, wish)))
        for score, row in by_words[:LOOKED_AT_MAX]
    ]
    ranked.sort(key=lambda each: (-each.relevance, each.row.phase != "live", -each.row.id))
    return ranked


def _together(row: Any, wish: Wish) -> float:
    return wish.together(in_one_piece(row.title), in_one_piece(f"{row.text} {row.context}"))


async def _rows(connection: AsyncConnection, ids: Sequence[int]) -> Sequence[Any]:
    if not ids:
        return []
    asked = (
        select(
            DOCUMENTS, func.coalesce(ROOMS.c.room, "").label("room"), ROOMS.c.phase,
            ROOMS.c.host.label("room_host"), ROOMS.c.host_name.label("room_host_name"),
            ROOMS.c.title.label("room_title"), ROOMS.c.scheduled, ROOMS.c.started, ROOMS.c.ended,
        )
        .outerjoin(ROOMS, ROOMS.c.life == DOCUMENTS.c.life)
        .where(DOCUMENTS.c.id.in_(ids), or_(ROOMS.c.life.is_not(None), DOCUMENTS.c.kind == "note"))
    )  # fmt: skip
    return (await connection.execute(asked)).all()


def _without_echoes(ranked: Iterable[_Ranked]) -> Iterable[_Ranked]:
    """Leave out moments of a product that is found itself, or at another moment of the room."""
    told = set[tuple[int, str]]()
    for each in ranked:
        product = each.row.life, each.row.sku
        if each.row.kind == "moment" and product in told:
            continue
        if each.row.kind in ("goods", "moment"):
            told.add(product)
        yield each


def _result(row: Any, state: RoomState, words: Collection[str], link_id: str) -> SearchResult:
    title = snippet_of(row.title, words, chars_max=200)
    text = snippet_of(row.text, words)
    return SearchResult(
        kind=row.kind,
        id=_id(row),
        room=row.room,
        title=title.text,
        host=row.room_host or row.host,
        host_name=row.room_host_name or row.host_name,
        room_title=state.title,
        phase=state.phase,
        link=_link(row, link_id),
        matches=title.matches,
        text=text.text,
        text_matches=text.matches,
        scheduled=state.scheduled,
        started=state.started,
        ended=state.ended,
        sku=row.sku,
        price=row.price,
        currency=row.currency,
        image=row.image,
        second=row.second,
    )


def _id(row: Any) -> str:
    if row.kind == "room":
        return str(row.room)
    return str(row.second) if row.kind == "moment" else str(row.ref)


def _link(row: Any, link_id: str) -> str:
    """The page of the room, at the second of its replay; or that of the note."""
    source = f"search:{link_id}" if link_id else "search"
    if row.kind == "note":
        return f"/note/{row.ref}?from={source}"
    at = f"&at={row.second}" if row.second is not None else ""
    return f"/watch/{row.room}?from={source}{at}"


def _mark(text: str, kind: str) -> str:
    return hashlib.blake2s(f"{kind} {text}".encode(errors="replace"), digest_size=6).hexdigest()


def _cursor(offset: int, mark: str) -> str:
    return base64.urlsafe_b64encode(f"{offset}.{mark}".encode()).decode().rstrip("=")


def _offset(cursor: str, mark: str) -> int:
    if not cursor:
        return 0
    try:
        read = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        offset, _, of = read.partition(".")
        if of == mark and offset.isdecimal() and len(offset) <= 6:
            return int(offset)
    except ValueError:
        pass
    raise CommandError(
        "bad_message", "`cursor` is not the `next` of an earlier page of this query."
    )
