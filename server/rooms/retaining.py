"""Ends records whose time is over: of all workers one does it, in short transactions.

A room whose records of a kind are over comes back if it left Redis, and leaves it again without
them: so what Redis, snapshot and archive have of it stays equal, and a process that dies halfway
leaves a room that is taken up again. A room that can't leave yet waits for the next round.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Self

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.lease import take_lease
from server.records.retention import begin_taking, note_taken
from server.rooms.deleting import Deletes, delete_room
from server.rooms.expiry import Expiry, Strangers
from server.rooms.forgetting import Rewrites
from server.rooms.retention import Expired, ExpiredRooms, Keeping, Removal, before
from server.rooms.retiring import Retirer, Stays
from server.settings import Settings
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)

TASK = "retention"
LEASE_S = 300.0
ROOMS_A_PAGE = 50
REMOVED_AT_ONCE = 500
PAUSE_S = 0.05
"""The pause after each room and each batch, so that retention takes little of a worker."""


class Kept(NamedTuple):
    """How long a kind of record is kept (days, 0: for ever), and how much is over its time."""

    kind: str
    days: float
    due: int


class Retainer:
    """Ends records while the context is open, if this worker holds the lease.

    `store` brings rooms back, `retirer` takes them out, `deletes`, `undeletable` and
    `rooms` are the features'.
    """

    def __init__(
        self,
        store: RoomStore,
        records: Database,
        settings: Settings,
        worker_id: str,
        retirer: Retirer,
        *,
        keeps: Sequence[Keeping],
        removals: Sequence[Removal],
        rooms: ExpiredRooms | None,
        deletes: Sequence[Deletes],
        undeletable: Sequence[Stays] = (),
        shapes: Mapping[str, str],
        clock: Callable[[], int] = unix_ms,
    ) -> None:
        self._store = store
        self._records = records
        self._settings = settings
        self._worker_id = worker_id
        self._retirer = retirer
        self._keeps = keeps
        self._removals = removals
        self._rooms = rooms
        self._deletes = deletes
        self._undeletable = undeletable
        self._shapes = shapes
        self._clock = clock
        self._repeating = Repeating("retention", self._round, settings.records.keep_interval_s)
        self._troubles = self._repeating.troubles

    async def __aenter__(self) -> Self:
        if self._limited() or any(removal.days for removal in self._removals):
            self._repeating.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._repeating.stop()

    def _limited(self) -> list[tuple[Keeping, float]]:
        """The kinds of records of rooms that are not kept for ever, each with its days."""
        found = [(each, each.days(self._settings)) for each in self._keeps]
        return [(each, days) for each, days in found if days and self._rooms is not None]

    async def kept(self) -> list[Kept]:
        """Say of each kind how long it is kept, and how many rooms, or records that belong to no
        room, are over their time. Raises RecordsAway, CommandError, RedisError or OSError."""
        now, found = self._clock(), []
        for keeping in self._keeps:
            days, due = keeping.days(self._settings), 0
            if days and self._rooms is not None:
                async with self._records.reading() as connection:
                    due = await self._rooms.count(connection, keeping.kind, before(days, now))
            found.append(Kept(keeping.kind, days, due))
        for each in self._removals:
            due = await each.due(before(each.days, now)) if each.days else 0
            found.append(Kept(each.kind, each.days, due))
        return sorted(found)

    async def _round(self) -> None:
        if not await self._hold_lease():
            return
        for removal in self._removals:
            if removal.days:
                await self._remove(removal)
        rooms: dict[str, tuple[Expired, list[Keeping]]] = {}
        for keeping, days in self._limited():
            for expired in await self._find(keeping, before(days, self._clock())):
                rooms.setdefault(expired.room, (expired, []))[1].append(keeping)
        for expired, keepings in rooms.values():
            if self._troubles.may_try(expired.room):
                await self._try(expired, keepings)
                await asyncio.sleep(PAUSE_S)
                if not await self._hold_lease():
                    return

    async def _hold_lease(self) -> bool:
        async with self._records.writing() as connection:
            lease_ms = int(LEASE_S * 1000)
            return await take_lease(connection, TASK, self._worker_id, self._clock(), lease_ms)

    async def _remove(self, removal: Removal) -> None:
        removed, until = 0, before(removal.days, self._clock())
        try:
            while some := await removal.remove(until, REMOVED_AT_ONCE):
                removed += some
                await asyncio.sleep(PAUSE_S)
        except RecordsAway:
            raise
        except Exception as error:  # the other kinds end all the same
            self._troubles.failed(error, removal.kind)
        if removed:
            _log.info("Removed %d %s that were over their time.", removed, removal.kind)

    async def _find(self, keeping: Keeping, until: int) -> list[Expired]:
        assert self._rooms is not None
        found: list[Expired] = []
        while True:
            after = found[-1].life if found else 0
            async with self._records.reading() as connection:
                page = await self._rooms.find(connection, keeping.kind, until, after, ROOMS_A_PAGE)
            found += page
            if not page:
                return found

    async def _try(self, expired: Expired, keepings: Sequence[Keeping]) -> None:
        kinds = ", ".join(each.kind for each in keepings)
        try:
            why = await self.take_out(expired, keepings)
        except RecordsAway:
            raise
        except Exception as error:  # the other rooms go on
            self._troubles.failed(error, expired.room)
            return
        self._troubles.works(expired.room)
        if why:
            _log.debug("Room %s keeps its %s for now: %s.", expired.room, kinds, why)
        else:
            _log.info("The %s of room %s ended: their time was over.", kinds, expired.room)

    async def take_out(self, expired: Expired, keepings: Sequence[Keeping]) -> str:
        """Take kinds of records out of a room; return why that must wait, or ''.

        Raises CommandError, RecordsAway, RedisError or OSError; then it can be done again.
        """
        if whole := [each.kind for each in keepings if each.whole]:
            await delete_room(
                self._store, self._records, expired.room, self._deletes, self._undeletable
            )
            await self._note(expired.room, whole)
            return ""
        rewrites: list[Rewrites] = [Expiry(keepings)]
        for keeping in keepings:
            rewrites += await self._strangers(expired, keeping)
        await self._store.must_be_here(expired.room)
        outcome = await self._retirer.retire(expired.room, at_once=True, rewrites=rewrites)
        if outcome.left:
            await self._note(expired.room, [each.kind for each in keepings])
        return outcome.why

    async def _strangers(self, expired: Expired, keeping: Keeping) -> list[Rewrites]:
        """Return what takes users out of a room, and out of what its host keeps of them."""
        if keeping.users is None:
            return []
        async with self._records.writing() as connection:
            fresh = secrets.token_hex(16)
            secret = await begin_taking(connection, expired.room, keeping.kind, fresh)
            users = set(await keeping.users(connection, expired.room)) - {expired.host}
        if keeping.from_host is not None:
            await keeping.from_host(self._store, expired.host, expired.room, users)
        return [Strangers(users, secret, self._shapes, keeping.spares)]

    async def _note(self, room: str, kinds: Sequence[str]) -> None:
        async with self._records.writing() as connection:
            await note_taken(connection, room, kinds, self._clock())
