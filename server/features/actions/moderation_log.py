"""The operator's log: every act of moderation, in all rooms and outside them.

Acts in rooms are folded from what the archive copies (`projection`). All others are written with
what was done: those of the records in the same transaction (`note_action`), those of Redis to a
stream in the same script (`store.action_log`), from which `Logging` copies them here.
"""

import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any, NamedTuple, Self

from msgspec import Struct, json, msgpack
from redis.exceptions import RedisError
from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.repeating import Repeating
from server.features.actions.tables import MODERATION_LOG
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.forgotten import FORGOTTEN, LATELY
from server.records.upsert import insert_into
from server.store.action_log import AT_ONCE, Action, drop_actions, waiting_actions
from server.store.request_key import new_id
from server.store.room_store import RoomStore
from server.web.csv_rows import rows, text, utc

INTERVAL_S = 1.0
CSV_PAGE = 1000
CSV_COLUMNS = ("time", "by", "what", "room", "user", "ref", "details")
_DETAILS = msgpack.Decoder(dict[str, Any])


class LoggedAction(Struct, frozen=True, kw_only=True):
    """`by` did `what` at a time (Unix ms): in `room` (empty: on the whole server), to `user`, or to
    the thing with the id `ref`. `details` say more, as the fact of docs/timeline.md does."""

    at: int
    by: str
    what: str
    room: str
    user: str
    ref: str
    details: dict[str, Any]


class LogPage(Struct, frozen=True):
    """Acts, the newest first. `next` is the `cursor` of the following page; null at the end."""

    actions: list[LoggedAction]
    next: str | None = None


class Wanted(NamedTuple):
    """Which acts: those of which each of these holds, if it is not empty. Times in Unix ms."""

    by: str = ""
    what: str = ""
    room: str = ""
    user: str = ""
    since: int = 0
    until: int = 0


class ModerationLog:
    """Reads the log. Methods may raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def page(self, wanted: Wanted, cursor: str, limit: int) -> LogPage:
        """Acts that are wanted, after the place that an earlier page named."""
        place = MODERATION_LOG.c.at, MODERATION_LOG.c.id
        query = select(MODERATION_LOG).where(*_which(wanted))
        if cursor:
            at, _, id_ = cursor.partition("-")
            query = query.where(tuple_(*place) < (int(at), id_))
        query = query.order_by(*(column.desc() for column in place)).limit(limit + 1)
        async with self._records.reading() as connection:
            found = (await connection.execute(query)).all()
        shown = found[:limit]
        after = f"{shown[-1].at}-{shown[-1].id}" if len(found) > limit else None
        return LogPage([_logged(row) for row in shown], after)

    async def csv(self, wanted: Wanted) -> AsyncIterator[str]:
        """All acts that are wanted as CSV, the newest first; times in UTC."""
        yield rows([CSV_COLUMNS])
        cursor: str | None = ""
        while cursor is not None:
            page = await self.page(wanted, cursor, CSV_PAGE)
            cursor = page.next
            yield rows(map(_csv_row, page.actions))


class Logging:
    """Copies the acts that scripts wrote outside rooms. An async context manager.

    Any worker copies: an act is one row, however often it is copied.
    """

    def __init__(self, store: RoomStore, records: Database) -> None:
        self._store = store
        self._records = records
        self._repeating = Repeating("moderation log", self.copy, INTERVAL_S)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._repeating.stop()

    async def copy(self) -> None:
        """Copy what waits. Raises RecordsAway, RedisError or OSError; nothing is lost then."""
        while found := await waiting_actions(self._store):
            async with self._records.writing() as connection:
                await _write(connection, [(f"s{place}", each) for place, each in found if each])
            await drop_actions(self._store, found[-1][0])
            if len(found) < AT_ONCE:
                return

    async def copy_if_possible(self) -> None:
        """Copy what waits before the log is read; if Redis is away, the log lacks the newest."""
        with contextlib.suppress(RedisError, OSError, CommandError):
            await self.copy()


async def note_action(connection: AsyncConnection, action: Action) -> None:
    """Write an act in the transaction that does it."""
    await _write(connection, [(new_id("n"), action)])


async def _write(connection: AsyncConnection, found: Iterable[tuple[str, Action]]) -> None:
    found = list(found)
    if not found:
        return
    forgotten = await _forgotten(connection, {user for _, a in found for user in (a.by, a.user)})

    def known_as(user: str, at: int) -> str:
        since, pseudonym = forgotten.get(user, (0, ""))
        return pseudonym if at <= since else user

    values = [
        {
            "id": id_, "life": 0, "at": action.at, "what": action.what, "room": action.room,
            "by": known_as(action.by, action.at), "user": known_as(action.user, action.at),
            "ref": action.ref, "details": msgpack.encode(action.details),
        }
        for id_, action in found
    ]  # fmt: skip
    made = insert_into(connection, MODERATION_LOG).on_conflict_do_nothing()
    await connection.execute(made, values)


async def _forgotten(connection: AsyncConnection, users: set[str]) -> dict[str, tuple[int, str]]:
    """Those of these users who were forgotten lately: when (ms), and what takes their place."""
    asked = select(LATELY.c.user, LATELY.c.at, FORGOTTEN.c.pseudonym).outerjoin(
        FORGOTTEN, FORGOTTEN.c.user == LATELY.c.user
    )
    found = await connection.execute(asked.where(LATELY.c.user.in_(users)))
    return {row.user: (row.at, row.pseudonym or "") for row in found}


async def forget_actions(connection: AsyncConnection, user: str) -> None:
    """Put the pseudonym in the place of a user in what was done outside rooms; their words go."""
    await _drop_words(connection, user)
    asked = select(FORGOTTEN.c.pseudonym).where(FORGOTTEN.c.user == user)
    gone = await connection.scalar(asked) or ""
    for column in (MODERATION_LOG.c.by, MODERATION_LOG.c.user):
        which = (MODERATION_LOG.c.life == 0) & (column == user)
        await connection.execute(update(MODERATION_LOG).where(which).values({column: gone}))


async def _drop_words(connection: AsyncConnection, user: str) -> None:
    """Drop the `text` that a user wrote, such as a comment that somebody deleted."""
    columns = MODERATION_LOG.c
    asked = select(columns.id, columns.details).where(columns.life == 0, columns.user == user)
    for row in (await connection.execute(asked)).all():
        details = _DETAILS.decode(row.details)
        if details.pop("text", None) is not None:
            kept = update(MODERATION_LOG).where(columns.id == row.id)
            await connection.execute(kept.values(details=msgpack.encode(details)))


async def delete_actions(connection: AsyncConnection, room: str) -> None:
    """Remove what was done about a room that is deleted."""
    await connection.execute(delete(MODERATION_LOG).where(MODERATION_LOG.c.room == room))


def _which(wanted: Wanted) -> list[Any]:
    columns = MODERATION_LOG.c
    found: list[Any] = [
        columns[name] == value
        for name in ("by", "what", "room", "user")
        if (value := getattr(wanted, name))
    ]
    if wanted.since:
        found.append(columns.at >= wanted.since)
    if wanted.until:
        found.append(columns.at < wanted.until)
    return found


def _logged(row: Any) -> LoggedAction:
    names = ("at", "by", "what", "room", "user", "ref")
    return LoggedAction(
        **{name: getattr(row, name) for name in names}, details=_DETAILS.decode(row.details)
    )


def _csv_row(action: LoggedAction) -> tuple[object, ...]:
    details = json.encode(action.details).decode() if action.details else ""
    who = (text(each) for each in (action.room, action.user, action.ref))
    return utc(action.at), text(action.by), action.what, *who, details
