"""Audits every room, and compares the records with it.

Nothing is changed, and rooms that left Redis stay away. A room that can't be read stops no other.
"""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.troubles import Troubles
from server.features.accounts.audit import audit_accounts, audit_journal
from server.features.accounts.projection import AccountProjection
from server.features.allotments.projection import UnitProjection
from server.features.archive.aside import rows_aside
from server.features.archive.entries import archived_entries
from server.features.archive.places import Place, digest_of, places_of
from server.features.archive.tables import PROJECTIONS, ROOMS
from server.features.audits.kept_rooms import Kept, SnapshotLost, left_of, read_kept
from server.features.audits.units import audit_units
from server.features.purchases.audit import audit_purchases
from server.features.purchases.projection import PurchaseProjection
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.projection import Entry, RoomHead
from server.rooms.every_room import EveryRoom
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)

_TRIES = 3
"""How often a room is read that leaves or comes back meanwhile."""
_ROOMS_A_PAGE = 200


class Found(NamedTuple):
    """The findings of an audit in one room."""

    room: str
    differences: Sequence[str] = ()
    unread: str = ""
    """Why it could not be read, or not whole; empty if it was."""
    away: bool = False
    behind: int = 0
    """Ledger entries that the archive has not copied yet; it copies them when it comes to them."""
    entries: int = 0


class _Moved(Exception):
    """The room left Redis or came back while it was read."""


class AllRooms:
    """Audits rooms in Redis, rooms that left, and rooms that only the records have.

    `store` must bring no room back: `RoomStore.restore` is None.
    """

    def __init__(self, store: RoomStore, records: Database) -> None:
        assert store.restore is None, "an audit would bring rooms back"
        self._store = store
        self._records = records
        self.troubles = Troubles("audit")

    async def found(self) -> AsyncIterator[Found]:
        """Yield what was found in each room, also where nothing differs.

        Raises RecordsAway, RedisError or OSError if it can't go on to the next room.
        """
        seen: set[str] = set()
        async for page in EveryRoom(self._store, self.troubles).pages():
            for room in page:
                if room not in seen:
                    seen.add(room)
                    yield await self._try(room)
        async for head in self._archived_rooms():
            if head.room not in seen:
                yield await self._try_lost(head)

    async def journal(self) -> list[str]:
        """Return what is wrong in the journal of accounts, which is of no room. Raises
        RecordsAway."""
        async with self._records.reading() as connection:
            return await audit_journal(connection)

    async def _try(self, room: str) -> Found:
        try:
            for _ in range(_TRIES):
                try:
                    return await self._audit(room)
                except _Moved:
                    continue
            return Found(room, unread="it left Redis or came back each time it was read")
        except RecordsAway:
            raise
        except SnapshotLost as lost:
            return Found(room, [str(lost)], away=True)
        except Exception as error:  # the other rooms are audited all the same
            _log.debug("Room %s can't be audited.", room, exc_info=True)
            return Found(room, unread=f"{type(error).__name__}: {error}")

    async def _audit(self, room: str) -> Found:
        """The records are read first: what comes meanwhile is only ahead of them."""
        left = await left_of(self._store, room)
        made = await self._store.redis.hget(self._store.keys.room(room, "room"), "created")
        if made is None:
            return await self._audit_missing(room)
        async with self._records.reading() as connection:
            at = int(float(made))
            head = RoomHead(0, room, at, "", "", "", "", 0, 0, 0, False)
            place = (await places_of(connection, [head])).get((room, at))
            archived = await _ledger_of(connection, place.life) if place else []
            differences, unread = await _folded(connection, place, archived)
        kept = await read_kept(self._store, self._records, room, left)
        if left != await left_of(self._store, room):
            raise _Moved(room)
        differences = [*kept.audit.differences, *_ledgers(kept, place, archived), *differences]
        behind = 0 if kept.away else _behind(kept.ledger, archived)
        return Found(room, differences, unread, kept.away, behind, len(kept.ledger))

    async def _audit_missing(self, room: str) -> Found:
        """A room of the list that is not there. A room is listed before it is made, so a process or
        a Redis that dies between the two leaves an entry that nobody was answered for: nothing of
        such a room is anywhere."""
        names = [self._store.keys.room(room, name) for name in self._store.keys.room_keys]
        async with self._records.reading() as connection:
            life = await connection.scalar(
                select(func.max(ROOMS.c.life)).where(ROOMS.c.room == room)
            )
        if life is None and not await self._store.redis.exists(*names):
            return Found(room)
        return Found(room, ["it is in the list of rooms, and Redis has no such room"])

    async def _try_lost(self, head: RoomHead) -> Found:
        """A room of the records that no list of Redis has."""
        exists = await self._store.redis.exists(self._store.keys.room(head.room, "room"))
        if exists:  # it was made meanwhile
            return await self._try(head.room)
        return Found(head.room, ["it is in the records, and Redis has no such room"])

    async def _archived_rooms(self) -> AsyncIterator[RoomHead]:
        """The newest life of every room in the records."""
        after = 0
        newest = select(func.max(ROOMS.c.life)).group_by(ROOMS.c.room)
        while True:
            asked = select(ROOMS).where(ROOMS.c.life > after, ROOMS.c.life.in_(newest))
            async with self._records.reading() as connection:
                rows = (
                    await connection.execute(asked.order_by(ROOMS.c.life).limit(_ROOMS_A_PAGE))
                ).all()
            for row in rows:
                yield RoomHead(*row)
            if not rows:
                return
            after = rows[-1].life


async def _ledger_of(connection: AsyncConnection, life: int) -> list[Entry]:
    return [e async for chunk in archived_entries(connection, life, "ledger") for e in chunk]


async def _folded(
    connection: AsyncConnection, place: Place | None, archived: Sequence[Entry]
) -> tuple[list[str], str]:
    """Return how what is folded from a room's ledger differs, and why it could not be compared."""
    if place is None:
        return [], ""
    aside = await rows_aside(connection, life=place.life)
    differences = [f"{each.row} is set aside: {each.why.rstrip('.')}" for each in aside]
    lacking = {each.projection for each in aside}
    unread = ""
    for projection, audit in (
        (PurchaseProjection, audit_purchases),
        (AccountProjection, audit_accounts),
        (UnitProjection, audit_units),
    ):
        asked = select(PROJECTIONS).where(PROJECTIONS.c.name == projection.name)
        fold = (await connection.execute(asked)).first()
        if fold and (fold.version != projection.version or fold.life < place.life):
            unread = f"its {projection.name} wait to be folded again by a running server"
            continue
        try:
            differences += await audit(connection, place.head, archived)
        except Exception:
            if projection.name not in lacking:
                raise
            # The row that can't be folded can't be counted either, and is told already.
    return differences, unread


def _ledgers(kept: Kept, place: Place | None, archived: Sequence[Entry]) -> list[str]:
    """Return how the archived ledger differs from the room's, as far as it is copied."""
    if kept.away and place is None and kept.ledger:
        return ["it left Redis, and the archive does not have it"]
    end = place.streams.get("ledger") if place else None
    counted = end.entries if end else 0
    found = []
    if counted != len(archived):
        found.append(f"the archive counts {counted} ledger entries and has {len(archived)}")
    last = (end.ms, end.n) if end else (-1, -1)
    upto = [e for e in kept.ledger if kept.away or (e.ms, e.n) <= last]
    theirs = {e.place: digest_of(e.body) for e in archived}
    ours = {e.place: digest_of(e.body) for e in upto}
    for at in [*ours, *(at for at in theirs if at not in ours)]:
        if at not in theirs:
            found.append(f"ledger entry {at} is missing in the archive")
        elif at not in ours:
            found.append(f"archived ledger entry {at} is not in the room")
        elif ours[at] != theirs[at]:
            found.append(f"archived ledger entry {at} is not the room's")
    return found


def _behind(entries: Sequence[Entry], archived: Sequence[Entry]) -> int:
    last = max(((e.ms, e.n) for e in archived), default=(-1, -1))
    return sum((e.ms, e.n) > last for e in entries)
