"""Featured slots: what operators put in front of everybody, for how long."""

import functools
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import DAY_MS, unix_ms
from server.features.actions.moderation_log import note_action
from server.features.featured.caps import Span, must_be_fair, must_find_room, must_last
from server.features.featured.settings import FeaturedSettings
from server.features.featured.tables import SLOTS
from server.features.topics.cards import Thing, ThingKind
from server.features.topics.topic_book import TopicBook, no_topic
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.forgotten import FORGOTTEN
from server.records.upsert import insert_into
from server.store.action_log import Action

_COLUMNS = ("slot", "kind", "host", "topic", "starts", "ends")


class Slot(Struct, frozen=True, kw_only=True):
    """A room or a note of `host` in front of everybody, from `starts` to `ends` (Unix ms): in the
    feed, or on the page of a `topic`."""

    slot: str
    kind: ThingKind
    id: str
    host: str
    topic: str
    starts: int
    ends: int


class OwnSlot(Slot, frozen=True, kw_only=True):
    """A slot as operators see it: `by` whom it was put there, and when; `dropped`: since when it
    was taken back, 0: it was not."""

    made: int
    by: str
    dropped: int


class SlotsPage(Struct, frozen=True):
    """Slots, the one that starts last first. `next` is the `cursor` of the following page; null at
    the end."""

    slots: list[OwnSlot]
    next: str | None = None


class Wish(Struct, frozen=True, kw_only=True):
    """What a slot is to show, where (`topic`; empty: in the feed) and when (0: from now)."""

    thing: Thing
    topic: str
    starts: int
    ends: int


class Slots:
    """Writes slots, and reads all of them. Methods raise CommandError, RecordsAway."""

    def __init__(self, records: Database, settings: FeaturedSettings, topics: TopicBook) -> None:
        self._records = records
        self._settings = settings
        self._topics = topics

    async def put(self, slot: str, wish: Wish, by: str) -> OwnSlot:
        """Put something in front of everybody. The same again changes nothing; a slot is not
        changed, it is taken back and another one put there. The log says `by` whom."""
        if wish.topic and not await self._topics.titles([wish.topic]):
            raise no_topic(wish.topic)
        cards = await self._topics.cards.must_be_shown([wish.thing])
        host, now = cards[wish.thing].host, unix_ms()
        span = Span(wish.starts or now, wish.ends)
        values = {
            "slot": slot, "kind": wish.thing.kind, "ref": wish.thing.id, "host": host,
            "topic": wish.topic, "starts": span.starts, "ends": span.ends,
            "dropped": 0, "made": now, "by": by,
        }  # fmt: skip
        async with self._records.writing() as connection:
            await _let_nobody_else_write(connection)
            known = await _row_of(connection, slot)
            if known is not None:
                return _same(known, wish)
            must_last(span, self._settings, now)
            await self._must_be_within_caps(connection, wish, span, host)
            await connection.execute(insert_into(connection, SLOTS).values(values))
            await note_action(connection, _action(now, by, "feature", values))
            return _own(await _row_of(connection, slot))

    async def drop(self, slot: str, by: str) -> None:
        """Take a slot back, before its time or within it; twice is the same as once."""
        now = unix_ms()
        async with self._records.writing() as connection:
            known = await _row_of(connection, slot)
            if known is None:
                raise CommandError("not_found", f"There is no slot `{slot}`.")
            if known.ends <= now or known.dropped:
                return
            this = (SLOTS.c.slot == slot) & (SLOTS.c.dropped == 0)
            await connection.execute(update(SLOTS).where(this).values(dropped=now))
            await note_action(connection, _action(now, by, "unfeature", known._asdict()))

    async def page(self, cursor: str, limit: int) -> SlotsPage:
        """All slots, those to come and those that are over too."""
        asked = select(SLOTS).order_by(SLOTS.c.starts.desc(), SLOTS.c.slot.desc()).limit(limit + 1)
        if cursor:
            starts, _, slot = cursor.partition("-")
            earlier = SLOTS.c.starts < int(starts)
            asked = asked.where(earlier | ((SLOTS.c.starts == int(starts)) & (SLOTS.c.slot < slot)))
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        own = [_own(row) for row in rows[:limit]]
        last = own[-1] if len(rows) > limit else None
        return SlotsPage(own, None if last is None else f"{last.starts}-{last.slot}")

    async def _must_be_within_caps(
        self, connection: AsyncConnection, wish: Wish, span: Span, host: str
    ) -> None:
        read, columns = functools.partial(_rows, connection), SLOTS.c
        meanwhile = (columns.starts < span.ends) & (columns.ends > span.starts)
        here = await read((columns.topic == wish.topic) & meanwhile & (columns.dropped == 0))
        if any((row.kind, row.ref) == (wish.thing.kind, wish.thing.id) for row in here):
            raise CommandError("conflict", "It is featured there in that time already.")
        must_find_room(span, _spans(here), self._settings)
        days = int(self._settings.host_days * DAY_MS)
        near = (columns.starts > span.starts - days) & (columns.starts < span.starts + days)
        # One that was taken back before it began was seen by nobody.
        seen = (columns.dropped == 0) | (columns.dropped > columns.starts)
        must_be_fair(span, _spans(await read((columns.host == host) & near & seen)), self._settings)


class OldSlots:
    """Slots that ended a long time ago. Methods raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def count(self, before: int) -> int:
        """Return how many ended before a time (ms)."""
        asked = select(func.count()).select_from(SLOTS).where(SLOTS.c.ends < before)
        async with self._records.reading() as connection:
            return int(await connection.scalar(asked) or 0)

    async def remove(self, before: int, most: int) -> int:
        """Remove some of them; return how many."""
        some = select(SLOTS.c.slot).where(SLOTS.c.ends < before).limit(most)
        async with self._records.writing() as connection:
            gone = await connection.execute(delete(SLOTS).where(SLOTS.c.slot.in_(some)))
        return int(gone.rowcount)


def slot_of(row: Any) -> Slot:
    """The slot that a row tells."""
    return Slot(id=row.ref, **{name: getattr(row, name) for name in _COLUMNS})


async def forget_slots(connection: AsyncConnection, user: str) -> None:
    """Put the pseudonym in the place of a host who was featured, or an operator who did it."""
    asked = select(FORGOTTEN.c.pseudonym).where(FORGOTTEN.c.user == user)
    gone = await connection.scalar(asked) or ""
    for column in (SLOTS.c.host, SLOTS.c.by):
        await connection.execute(update(SLOTS).where(column == user).values({column: gone}))


async def delete_room_of_slots(connection: AsyncConnection, room: str) -> None:
    """Remove the slots of a room that is deleted."""
    which = (SLOTS.c.kind == "room") & (SLOTS.c.ref == room)
    await connection.execute(delete(SLOTS).where(which))


async def _let_nobody_else_write(connection: AsyncConnection) -> None:
    """Two slots that are put at once must not pass the caps together; SQLite has one writer."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("LOCK TABLE featured_slots IN SHARE ROW EXCLUSIVE MODE"))


async def _row_of(connection: AsyncConnection, slot: str) -> Any:
    return (await connection.execute(select(SLOTS).where(SLOTS.c.slot == slot))).first()


async def _rows(connection: AsyncConnection, which: ColumnElement[bool]) -> list[Any]:
    return list((await connection.execute(select(SLOTS).where(which))).all())


def _spans(rows: list[Any]) -> list[Span]:
    return [Span(row.starts, row.ends) for row in rows]


def _same(known: Any, wish: Wish) -> OwnSlot:
    is_same = (known.kind, known.ref, known.topic, known.starts, known.ends) == (
        wish.thing.kind, wish.thing.id, wish.topic, wish.starts or known.starts, wish.ends,
    )  # fmt: skip
    if not is_same or known.dropped:
        raise CommandError(
            "conflict",
            f"There was a slot `{known.slot}` already; put another one under an id of its own.",
        )
    return _own(known)


def _own(row: Any) -> OwnSlot:
    own = {name: getattr(row, name) for name in (*_COLUMNS, "made", "by", "dropped")}
    return OwnSlot(id=row.ref, **own)


def _action(at: int, by: str, what: str, slot: Any) -> Action:
    room = slot["ref"] if slot["kind"] == "room" else ""
    details = {name: slot[name] for name in ("kind", "ref", "topic", "starts", "ends")}
    return Action(at, by, what, room, slot["host"], slot["slot"], details)
