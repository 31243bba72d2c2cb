"""Takes reports, and tells the room's desk.

Reports that arrive while the records write go into the next transaction together, so that a crowd
that reports one comment costs few of them.
"""

import contextlib
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS, unix_ms
from server.features.reports.messages import Report, ReportKind, ReportsOk, ReportsRead
from server.features.reports.report_book import ReportBook, desk_total, row_of
from server.features.reports.settings import ReportSettings
from server.features.reports.tables import REPORTS, THINGS
from server.features.reports.things import Thing, Things
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.records.database import Database
from server.records.errors import RecordsAway, RecordsUnusable
from server.records.forgotten import FORGOTTEN
from server.records.upsert import insert_into
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import plain_text
from server.store.commit import GroupCommit
from server.store.reading import asked
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

BATCH_MAX = 100
WAITING_MAX = 2000
RETRY_MS = 1000
_SAID = ("comment", "note_comment")
"""What can't be changed: once judged, it stays judged."""
_ANY = msgspec.msgpack.Decoder(Any)


class _Filed(NamedTuple):
    """A report on its way: of a thing, by a user."""

    thing: Thing
    by: str
    kind: ReportKind
    text: str


@contextlib.contextmanager
def unavailable_without_records() -> Iterator[None]:
    """Turn RecordsAway and RecordsUnusable into CommandError `unavailable`, as sockets tell it."""
    try:
        yield
    except (RecordsAway, RecordsUnusable) as away:
        why = "Reports are kept in the records, which do not answer now; nothing was changed."
        raise CommandError("unavailable", why, RETRY_MS) from away


class Reports:
    """Takes reports, and reads them to the desk."""

    def __init__(
        self,
        store: RoomStore,
        records: Database,
        settings: ReportSettings,
        metrics: Metrics,
        things: Things,
        book: ReportBook,
    ) -> None:
        self._store = store
        self._records = records
        self._settings = settings
        self._things = things
        self._book = book
        self.batches: GroupCommit[_Filed, CommandError | None] = GroupCommit(
            "reports.tell_desk",
            self._file,
            metrics,
            batch_max=BATCH_MAX,
            waiting_max=WAITING_MAX,
            flights_max=1,
        )

    def handlers(self) -> Handlers:
        """The command of viewers, and that of the desk."""
        return {
            Report: Handler(self.report, Role.VIEWER),
            ReportsRead: Handler(self.read, Role.MODERATOR),
        }

    async def report(self, call: Call, cmd: Report) -> Ok:
        """Note a report; another one of the same user about the same thing takes its place."""
        text = self._clean(cmd.text)
        with unavailable_without_records():
            thing = await self._things.find(call, cmd.about, cmd.id)
        await self._submit(_Filed(thing, call.who.user, cmd.kind, text))
        return Ok(ref=cmd.ref)

    async def report_note(self, by: str, note: str, kind: ReportKind, text: str) -> None:
        """Note a report of a note, from outside rooms. Raises CommandError."""
        clean = self._clean(text)
        with unavailable_without_records():
            thing = await self._things.note(note, by)
        await self._submit(_Filed(thing, by, kind, clean))

    async def report_note_comment(
        self, by: str, note: str, comment: str, kind: ReportKind, text: str
    ) -> None:
        """Note a report of a comment on a note, likewise."""
        clean = self._clean(text)
        with unavailable_without_records():
            thing = await self._things.note_comment(note, comment, by)
        await self._submit(_Filed(thing, by, kind, clean))

    def _clean(self, text: str) -> str:
        clean, most = plain_text(text), self._settings.text_chars_max
        if len(clean) > most:
            raise CommandError("too_long", f"`text` can have {most} characters here.")
        return clean

    async def _submit(self, filed: _Filed) -> None:
        refused = await self.batches.submit(filed.thing.room, filed)
        if refused is not None:
            raise refused

    async def read(self, call: Call, cmd: ReportsRead) -> Ok:
        """Answer with what waits for the host and moderators."""
        with unavailable_without_records():
            reports, total = await self._book.at_desk(call.room_id, call.who.user)
        return ReportsOk(ref=cmd.ref, reports=reports, total=total)

    async def tell_desk(self, room: str) -> None:
        """Tell host and moderators how many things wait. Raises RecordsAway, CommandError."""
        async with self._records.reading() as connection:
            total = await desk_total(connection, room)
        await self._tell(room, total)

    async def _file(self, room: str, filed: list[_Filed]) -> list[CommandError | None]:
        with unavailable_without_records():
            async with self._records.writing() as connection:
                outcomes = [await self._put(connection, each) for each in filed]
                total = await desk_total(connection, room)
        if room and any(each.thing.of_desk for each in filed):
            await self._tell(room, total)
        return outcomes

    async def _tell(self, room: str, total: int) -> None:
        key = self._store.keys.room(room, "room")
        phase, left = await asked(self._store.redis.hmget(key, "phase", "left"))
        if phase and not left:  # nobody sits at the desk of a room that left Redis
            await self._store.run_script("reports.tell_desk", room, {"total": total}, _ANY)

    async def _put(self, connection: AsyncConnection, filed: _Filed) -> CommandError | None:
        """Write a report, and what it is about; return why not."""
        thing, now = filed.thing, unix_ms()
        own = (REPORTS.c.thing == thing.thing) & (REPORTS.c.user == filed.by)
        known = (await connection.execute(select(REPORTS).where(own))).first()
        is_fresh = known is not None and known.at > now - DAY_MS
        if not is_fresh and (refused := await self._refusal(connection, filed.by, now)):
            return refused
        row = await _locked(connection, thing, now)
        said = {"kind": filed.kind, "text": filed.text}
        if not row.open and (is_fresh or thing.about in _SAID):
            return None  # it is judged; what was said stays as it was
        if row.open and known is not None and known.at >= row.opened:
            await connection.execute(update(REPORTS).where(own).values(**said))
            return None
        opens = not row.open
        if not opens and row.count >= self._settings.per_thing_max:
            return None
        made = insert_into(connection, REPORTS).values(
            thing=thing.thing, user=filed.by, at=now, **said
        )
        await connection.execute(
            made.on_conflict_do_update(index_elements=["thing", "user"], set_={"at": now, **said})
        )
        new = {
            "open": True, "last": now, "of_desk": thing.of_desk,
            "count": 1 if opens else row.count + 1,
            "opened": now if opens else row.opened,
            "at_desk": thing.of_desk if opens or not row.count else row.at_desk,
        }  # fmt: skip
        if opens:
            new |= {"name": thing.name, "text": thing.text, "said": thing.said}
        which = THINGS.c.thing == thing.thing
        await connection.execute(update(THINGS).where(which).values(**new))
        return None

    async def _refusal(
        self, connection: AsyncConnection, user: str, now: int
    ) -> CommandError | None:
        lately = select(func.count(), func.min(REPORTS.c.at)).where(
            REPORTS.c.user == user, REPORTS.c.at > now - DAY_MS
        )
        count, first = (await connection.execute(lately)).one()
        most = self._settings.per_user_a_day_max
        if most == 0:
            return CommandError("forbidden", "This server takes no reports.")
        if count < most:
            return None
        return CommandError(
            "rate_limited",
            f"You have reported {count} things in a day; that is all that can be looked at.",
            max(1, first + DAY_MS - now),
        )


class OldReports:
    """Things that were settled a long time ago. Methods raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def count(self, before: int) -> int:
        """Return how many were settled before a time (ms)."""
        asked_for = select(func.count()).select_from(THINGS).where(*_settled(before))
        async with self._records.reading() as connection:
            return int(await connection.scalar(asked_for) or 0)

    async def remove(self, before: int, most: int) -> int:
        """Remove some of them with their reports; return how many."""
        some = select(THINGS.c.thing).where(*_settled(before)).limit(most)
        async with self._records.writing() as connection:
            things = (await connection.scalars(some.with_for_update())).all()
            await connection.execute(delete(REPORTS).where(REPORTS.c.thing.in_(things)))
            gone = delete(THINGS).where(THINGS.c.thing.in_(things))
            return int((await connection.execute(gone)).rowcount)


async def forget_reports(connection: AsyncConnection, user: str) -> None:
    """Put the pseudonym in the place of a user: who reported, who was reported, who decided. Their
    words go."""
    asked_for = select(FORGOTTEN.c.pseudonym).where(FORGOTTEN.c.user == user)
    gone = await connection.scalar(asked_for) or ""
    reporter = update(REPORTS).where(REPORTS.c.user == user)
    await connection.execute(reporter.values(user=gone, text=""))
    author = update(THINGS).where(THINGS.c.user == user)
    await connection.execute(author.values(user=gone, name="", text=""))
    by_ref = update(THINGS).where(THINGS.c.about == "user", THINGS.c.ref == user)
    await connection.execute(by_ref.values(ref=gone))
    for column in (THINGS.c.host, THINGS.c.by):
        await connection.execute(update(THINGS).where(column == user).values({column: gone}))


async def delete_reports(connection: AsyncConnection, room: str) -> None:
    """Remove what was reported in a room that is deleted."""
    things = select(THINGS.c.thing).where(THINGS.c.room == room)
    await connection.execute(delete(REPORTS).where(REPORTS.c.thing.in_(things)))
    await connection.execute(delete(THINGS).where(THINGS.c.room == room))


async def _locked(connection: AsyncConnection, thing: Thing, now: int) -> Any:
    """The row of a thing, which is made if it is new."""
    fields = thing._asdict() | {"thing": thing.thing}
    made = insert_into(connection, THINGS).values(
        **fields, outcome="", note="", by="", count=0, opened=now, last=now, decided=0, open=True,
        at_desk=False,
    )  # fmt: skip
    await connection.execute(made.on_conflict_do_nothing())
    return await row_of(connection, thing.thing, to_write=True)


def _settled(before: int) -> tuple[Any, ...]:
    return THINGS.c.open.is_(False), THINGS.c.decided < before
