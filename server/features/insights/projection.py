"""Keeps up to date who came from where, who asked for what, from the timelines that are copied."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from msgspec import MsgspecError, Struct, msgpack
from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS, unix_ms
from server.features.insights.search_marks import query_in
from server.features.insights.secret_book import MARKS, secret_of
from server.features.insights.tables import ARRIVALS, ASKERS, PRESENCE, QUESTIONS
from server.features.insights.weeks import HOUR_MS
from server.features.ties.tables import TIES
from server.protocol.joining import Source
from server.records.projection import Entry, RoomHead, empty_tables
from server.records.upsert import insert_into

SOURCES = ("note", "search")
"""What brings people to a host, as the host is told by its id."""
FOLLOWS_MAX = 20
"""Hosts a user follows for whom it is noted when the user is here; those followed last."""
USERS_AT_ONCE = 1000
"""Users whose ties are read at once: after an outage one batch can bring more than a statement can
name."""

Row = dict[str, Any]


class _Kind(Struct):
    k: str


class _Came(Struct):
    user: str
    at: int
    source: Source | None = None
    guest: bool = False


class _Visits(Struct):
    came: list[_Came]


class _Ask(Struct):
    user: str
    sku: str = ""


class _Asks(Struct):
    at: int
    asks: list[_Ask]


class _Question(Struct):
    question: str
    text: str
    asked: int
    status: str
    sku: str = ""


class _Questions(Struct):
    at: int
    question: _Question


_KIND = msgpack.Decoder(_Kind)
_FACTS: dict[str, msgpack.Decoder[Any]] = {
    "visits": msgpack.Decoder(_Visits),
    "asks": msgpack.Decoder(_Asks),
    "queued": msgpack.Decoder(_Questions),
    "question": msgpack.Decoder(_Questions),
}


class InsightProjection:
    """Rows of arrivals, presence, asks and questions, of streams that are no practice. What is
    older than `days` is not entered: it would be removed at once."""

    name = "insights"
    version = 1
    streams: Collection[str] = ("timeline",)

    def __init__(self, days: float) -> None:
        self._days = days

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold the next facts of a room."""
        assert stream in self.streams
        if room.practice or room.kind == "group":
            return
        since = unix_ms() - int(self._days * DAY_MS) if self._days else 0
        came: list[_Came] = []
        asks: list[tuple[int, _Ask]] = []
        questions: dict[str, _Questions] = {}
        for fact in _facts_in(entries):
            if isinstance(fact, _Visits):
                came += [each for each in fact.came if each.user != room.host and each.at >= since]
            elif fact.at < since:
                continue
            elif isinstance(fact, _Asks):
                asks += [(fact.at, ask) for ask in fact.asks]
            else:
                questions[fact.question.question] = fact
        if came:
            await _add_arrivals(connection, room, came)
            await _add_presence(connection, room, came)
        if asks:
            await _add_asks(connection, room, asks)
        if questions:
            await _put_questions(connection, room, questions.values())

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the tables, or what they hold of one room."""
        await empty_tables(connection, (ARRIVALS, PRESENCE, ASKERS, QUESTIONS), life)


def _facts_in(entries: Sequence[Entry]) -> Iterable[Any]:
    """The facts that matter here; one that can't be read is left out."""
    for entry in entries:
        try:
            read = _FACTS.get(_KIND.decode(entry.body).k)
            if read is not None:
                yield read.decode(entry.body)
        except (MsgspecError, UnicodeDecodeError):
            continue  # the archive keeps it


async def _add_arrivals(connection: AsyncConnection, room: RoomHead, came: Sequence[_Came]) -> None:
    brought = [each for each in came if each.source and each.source.kind in SOURCES]
    if not brought:
        return
    key = await secret_of(connection, MARKS)
    rows: dict[tuple[Any, ...], Row] = {}
    for each in brought:
        assert each.source is not None
        kind, hour = each.source.kind, each.at // HOUR_MS
        ref, guest = each.source.id, each.guest
        if kind == "search":  # only who searched with their name is one of the people of a query
            ref, own = query_in(ref, key, each.user)
            guest = guest or bool(ref and not own)
        row = {
            "life": room.life, "user": each.user, "kind": kind, "ref": ref, "hour": hour,
            "host": room.host, "at": each.at, "guest": guest,
        }  # fmt: skip
        rows.setdefault((each.user, kind, ref, hour), row)
    put = insert_into(connection, ARRIVALS).on_conflict_do_nothing()
    await connection.execute(put, list(rows.values()))


async def _add_presence(connection: AsyncConnection, room: RoomHead, came: Sequence[_Came]) -> None:
    hours = sorted({(each.user, each.at // HOUR_MS) for each in came if not each.guest})
    put = insert_into(connection, PRESENCE).on_conflict_do_nothing()
    for start in range(0, len(hours), USERS_AT_ONCE):
        some = hours[start : start + USERS_AT_ONCE]
        follows = await _followed_by(connection, sorted({user for user, _ in some}), room.host)
        rows = [
            {"life": room.life, "host": host, "user": user, "hour": hour,
             "at_host": host == room.host}
            for user, hour in some
            for host in follows.get(user, ())
        ]  # fmt: skip
        if rows:
            await connection.execute(put, rows)


async def _followed_by(
    connection: AsyncConnection, users: Sequence[str], here: str
) -> dict[str, list[str]]:
    """user -> the hosts they follow, at most those followed last, and the host of this room."""
    asked = select(TIES.c.user, TIES.c.ref, TIES.c.on)
    asked = asked.where(TIES.c.kind == "follow", TIES.c.user.in_(users))
    newest: dict[tuple[str, str], bool] = {}
    for row in await connection.execute(asked.order_by(TIES.c.at.desc())):
        newest.setdefault((row.user, row.ref), row.on)
    found: dict[str, list[str]] = {}
    for (user, host), on in newest.items():
        hosts = found.setdefault(user, [])
        if on and (len(hosts) < FOLLOWS_MAX or host == here):
            hosts.append(host)
    return found


async def _add_asks(
    connection: AsyncConnection, room: RoomHead, asks: Sequence[tuple[int, _Ask]]
) -> None:
    rows: dict[tuple[str, str], Row] = {}
    for at, ask in asks:
        row = rows.setdefault(
            (ask.user, ask.sku),
            {"life": room.life, "user": ask.user, "sku": ask.sku, "host": room.host, "asks": 0,
             "at": at},
        )  # fmt: skip
        row["asks"] += 1
        row["at"] = at
    put = insert_into(connection, ASKERS)
    more = {"asks": ASKERS.c.asks + put.excluded.asks, "at": put.excluded.at}
    await connection.execute(
        put.on_conflict_do_update(index_elements=["life", "user", "sku"], set_=more),
        list(rows.values()),
    )


async def _put_questions(
    connection: AsyncConnection, room: RoomHead, facts: Iterable[_Questions]
) -> None:
    rows, gone = [], []
    for at, each in ((fact.at, fact.question) for fact in facts):
        if each.status == "dropped" or not each.text:
            gone.append((room.life, each.question))
            continue
        rows.append(
            {"life": room.life, "question": each.question, "host": room.host, "sku": each.sku,
             "text": each.text, "asked": each.asked, "at": at}
        )  # fmt: skip
    if rows:
        put = insert_into(connection, QUESTIONS)
        new = {name: put.excluded[name] for name in ("sku", "text", "asked", "at")}
        await connection.execute(
            put.on_conflict_do_update(index_elements=["life", "question"], set_=new), rows
        )
    if gone:
        which = tuple_(QUESTIONS.c.life, QUESTIONS.c.question).in_(gone)
        await connection.execute(delete(QUESTIONS).where(which))
