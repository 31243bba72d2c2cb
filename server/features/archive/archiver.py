"""Copies the streams of all rooms to the records, again and again.

Every worker has an archiver; the one that holds the lease copies. Nothing waits for it: while the
records are away, rooms and orders go on, and it catches up later.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any, Self

from cachetools import LRUCache
from msgspec import msgpack
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.features.archive.copying import Copying, Overtaken
from server.features.archive.folding import Folding
from server.features.archive.pace import Pace
from server.features.archive.places import Place, places_of
from server.features.archive.rebuilding import rebuild
from server.features.archive.retrying import Retrying
from server.features.archive.settings import ArchiveSettings
from server.features.archive.source import Found, ends_before, heads_of, new_entries
from server.features.archive.tables import ENTRIES, POSITIONS, ROOMS, SET_ASIDE
from server.records.database import Database
from server.records.errors import RecordsAway, RecordsUnusable, lies_in_row
from server.records.lease import leave_lease, take_lease
from server.records.projection import Projection, RoomHead
from server.rooms.awake_rooms import AwakeRooms
from server.rooms.every_room import EveryRoom
from server.settings import Settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)

TASK = "archive"
"""The name of the lease."""
_PLACES_MAX = 20_000
ENTRY_BYTES_MIN = 100
"""What the smallest entries take."""
QUIET_INTERVALS_MAX = 3
"""Intervals to which the pause grows while nothing new is found."""
_LEAVE_S_MAX = 2.0
_ANY = msgpack.Decoder(Any)


class Archiver:
    """Copies while the context is open. An async context manager.

    `streams` are the names of the rooms' keys that are copied.
    """

    def __init__(
        self,
        store: RoomStore,
        records: Database,
        settings: Settings,
        worker_id: str,
        streams: Sequence[str],
        projections: Sequence[Projection],
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._records = records
        self._settings = settings.section(ArchiveSettings)
        self._worker_id = worker_id
        self._streams = streams
        self._projections = projections
        self._metrics = metrics
        self.folding = Folding(self._note_aside)
        self.retrying = Retrying(records, projections, self.folding, metrics)
        self._copying = Copying(store, records, projections, self.folding)
        self._pace = Pace()
        interval_s = self._settings.archive_interval_s
        self._repeating = Repeating("archive", self._round, interval_s)
        self._troubles = self._repeating.troubles
        self._every_room = EveryRoom(store, self._troubles)
        self._awake_rooms = AwakeRooms(store, self._troubles)
        self._saw_all = False
        """Whether this holder of the lease has looked at all rooms once. The records may be those
        of a backup, and lack what a room that sleeps was told that they have."""
        self._places: LRUCache[tuple[str, int], Place] = LRUCache(_PLACES_MAX)
        self._entry_bytes = ENTRY_BYTES_MIN
        self._rooms_found = 1
        self._lease_until = 0.0
        self._begun = False
        self._pause_s = interval_s
        self._whole_at = time.monotonic()
        metrics.records_behind_seconds.set_function(
            lambda: max(0.0, time.monotonic() - self._whole_at - self._pause_s)
        )

    async def __aenter__(self) -> Self:
        if self._streams:
            self._repeating.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._repeating.stop()
        if self._lease_until:
            with contextlib.suppress(RecordsAway, RecordsUnusable, TimeoutError):
                async with asyncio.timeout(_LEAVE_S_MAX):
                    await self._leave()

    async def _leave(self) -> None:
        async with self._records.writing() as connection:
            await leave_lease(connection, TASK, self._worker_id)

    async def _round(self) -> float | None:
        """Copy what is new in all rooms, if this worker holds the lease."""
        if not await self._hold_lease():
            self._forget()
            self._whole_at = time.monotonic()  # its holder says how far behind it is
            return None
        if not self._begun:
            await rebuild(self._records, self._projections, self.folding)
            self._begun = True
        await self.retrying.tend()
        self._pace.begin()
        began = time.monotonic()
        copied, more = await (self.copy_awake() if self._saw_all else self.copy_all())
        if not more:
            self._whole_at = began
            self._saw_all = True
        return self._pause(copied)

    def _pause(self, copied: int) -> float:
        """Return the seconds until the next round: longer, round by round, while all is quiet."""
        interval_s = self._settings.archive_interval_s
        quiet_s = min(self._pause_s + interval_s, QUIET_INTERVALS_MAX * interval_s)
        self._pause_s = interval_s if copied else quiet_s
        return self._pace.pause_s() if copied else self._pause_s

    def _forget(self) -> None:
        self._lease_until = 0.0
        self._begun = self._saw_all = False
        self._places.clear()
        self.retrying.leave()

    def _note_aside(self, room: str, row: str, why: str) -> None:
        self._store.note_damaged(room, row, why)
        self.retrying.note_new()

    async def _hold_lease(self) -> bool:
        """Take the lease, or prolong it when half of it is over."""
        now = time.monotonic()
        lease_s = self._settings.archive_lease_s
        if now < self._lease_until - lease_s / 2:
            return True
        async with self._records.writing() as connection:
            held = await take_lease(
                connection, TASK, self._worker_id, unix_ms(), int(lease_s * 1000)
            )
        if held:
            self._lease_until = now + lease_s
        return held

    async def delete(self, connection: AsyncConnection, room: str) -> None:
        """Remove all lives of a room from the archive, and from what is folded from it."""
        lives = select(ROOMS.c.life).where(ROOMS.c.room == room)
        for life in (await connection.scalars(lives)).all():
            await self._delete_life(connection, life)
        self._places.clear()

    async def _delete_life(self, connection: AsyncConnection, life: int) -> None:
        for projection in self._projections:
            await projection.clear(connection, life)
        for table in (SET_ASIDE, ENTRIES, POSITIONS, ROOMS):
            await connection.execute(delete(table).where(table.c.life == life))

    async def drop_made_since(self, since: int) -> list[str]:
        """Remove rooms that were made after a time (ms) and are not in Redis: it was restored from
        a backup of that time, and these came later. Returns them."""
        async with self._records.reading() as connection:
            asked = select(ROOMS.c.life, ROOMS.c.room, ROOMS.c.made).where(ROOMS.c.made >= since)
            made_since = (await connection.execute(asked.order_by(ROOMS.c.life))).all()
        dropped = []
        for life, room, made in made_since:
            created = await self._store.redis.hget(self._store.keys.room(room, "room"), "created")
            if created is None or int(created) != made:
                async with self._records.writing() as connection:
                    await self._delete_life(connection, life)
                dropped.append(room)
        self._places.clear()
        return dropped

    async def stays(self, store: RoomStore, room: str) -> str:
        """Say that a room must stay in Redis because not all of it is copied, or ''."""
        heads = [head for head in await heads_of(store, [room]) if isinstance(head, RoomHead)]
        async with self._records.reading() as connection:
            places = await places_of(connection, heads)
        by_head = {head: places.get((head.room, head.made)) for head in heads}
        for _, found in await new_entries(store, self._streams, by_head, 1):
            if isinstance(found, Exception):
                raise found
            if found.new or found.rewound or found.short:
                # It may sleep, and then nobody would come to copy it.
                await self._store.wake([room])
                return "not all of it is copied to the archive"
        return ""

    async def follow_backup(self, *, wholly: bool = False) -> int:
        """Drop the streams that go beyond a Redis that was restored from a backup, or `wholly` all
        that it has; return how many entries. The next copy has again what Redis has. Nobody else
        may use it meanwhile.
        """
        dropped = 0
        async for page in self._every_room.pages():
            for head in await heads_of(self._store, page):
                if isinstance(head, RoomHead):
                    for stream in self._streams:
                        dropped += await self._follow_older(head, stream, alone=True, wholly=wholly)
        self._places.clear()
        return dropped

    async def _follow_older(
        self, head: RoomHead, stream: str, *, alone: bool = False, wholly: bool = False
    ) -> int:
        """Drop what goes beyond a stream of Redis, or `wholly` all that it has; return how many
        entries. Nothing is dropped of a stream that has cut off all entries."""
        async with self._records.reading() as connection:
            place = (await places_of(connection, [head])).get((head.room, head.made))
        if place is None or stream not in place.streams:
            return 0
        key = self._store.keys.room(head.room, stream)
        if wholly:
            redis = self._store.redis
            if not await redis.xlen(key) and await redis.exists(key):
                return 0
        elif not await ends_before(
            self._store, head.room, stream, place.streams[stream], alone=alone
        ):
            return 0
        return await self._copying.follow_back(place, stream, lost_all=True)

    async def copy_all(self) -> tuple[int, bool]:
        """Copy up to a batch of each stream of each room; return how many entries, and whether
        there are more."""
        return await self._copy_pages(self._every_room.pages())

    async def copy_awake(self) -> tuple[int, bool]:
        """The same for the rooms that are awake: those that sleep are archived."""
        return await self._copy_pages(self._awake_rooms.pages())

    async def _copy_pages(self, pages: AsyncIterator[list[str]]) -> tuple[int, bool]:
        copied, more = 0, False
        async for page in pages:
            rooms = [room for room in page if self._troubles.may_try(room)]
            for room_copied, room_more in await self._copy_page(rooms):
                copied += room_copied
                more |= room_more
        return copied, more

    async def _copy_page(self, rooms: Sequence[str]) -> list[tuple[int, bool]]:
        heads = []
        for head in await heads_of(self._store, rooms):
            if isinstance(head, RoomHead):
                heads.append(head)
            else:
                self._troubles.failed(head)
        await self._read_places(heads)
        places = {head: self._places.get((head.room, head.made)) for head in heads}
        found = await self._new_entries(places)
        work: list[tuple[Found, Place | None]] = []
        for head, new in found:
            if isinstance(new, Exception):
                self._troubles.failed(new, head.room)
            elif new.rewound:
                await self._try(head.room, self._follow_back(places[head], new.rewound))
            elif new.short:
                await self._try(head.room, self._follow_short(head, new.short))
            elif new.new or not _is_shown(head, places[head]):
                work.append((new, places[head]))
        done = await self._copy(work)
        await self._note(heads)
        return done

    async def _new_entries(
        self, places: Mapping[RoomHead, Place | None]
    ) -> list[tuple[RoomHead, Found | Exception]]:
        """Read about as many bytes as the pace allows, as if all were as the last time: as many
        rooms with something new, and entries as large."""
        bytes_max = self._pace.batch_bytes // self._rooms_found
        count = min(self._settings.archive_batch_max, max(1, bytes_max // self._entry_bytes))
        found = await new_entries(self._store, self._streams, places, count, bytes_max)
        sizes = [
            [len(entry.body) for entries in each.new.values() for entry in entries]
            for _, each in found
            if isinstance(each, Found) and each.new
        ]
        self._rooms_found = max(1, len(sizes))
        self._entry_bytes = max(ENTRY_BYTES_MIN, *(sum(room) // len(room) for room in sizes), 0)
        return found

    async def _read_places(self, heads: Sequence[RoomHead]) -> None:
        unknown = [head for head in heads if (head.room, head.made) not in self._places]
        if unknown:
            async with self._records.reading() as connection:
                self._places.update(await places_of(connection, unknown))

    async def _copy(
        self, work: Sequence[tuple[Found, Place | None]], *, set_aside: bool = False
    ) -> list[tuple[int, bool]]:
        """Copy rooms together; one by one if that fails, so that a bad room stops no others; and
        without its bad rows if that fails, so that they stop no other row."""
        try:
            return [await self._copy_together(work, set_aside)] if work else []
        except (RecordsAway, Overtaken):
            self._places.clear()
            raise
        except Exception as error:
            if len(work) > 1:
                return [done for one in work for done in await self._copy([one])]
            if lies_in_row(error) and not set_aside:
                return await self._copy(work, set_aside=True)
            self._troubles.failed(error, work[0][0].head.room)
            return []

    async def _copy_together(
        self, work: Sequence[tuple[Found, Place | None]], set_aside: bool
    ) -> tuple[int, bool]:
        places = await self._copying.copy(work, set_aside=set_aside)
        copied = 0
        for found, _ in work:
            head = found.head
            self._places[head.room, head.made] = places[head.room]
            self._troubles.works(head.room)
            copied += sum(map(len, found.new.values()))
        self._metrics.records_archived_entries.inc(copied)
        return copied, any(found.more for found, _ in work)

    async def _note(self, heads: Sequence[RoomHead]) -> None:
        """Tell the rooms how far they are archived, where that is news to them."""
        pipeline = self._store.redis.pipeline(transaction=False)
        for head in heads:
            pipeline.hgetall(self._store.keys.room(head.room, "archived"))
        for head, stored in zip(heads, await pipeline.execute(raise_on_error=False), strict=True):
            place = self._places.get((head.room, head.made))
            if place is None or isinstance(stored, Exception):
                continue  # the room was read just before, so the log says why it can't be
            archived = noted_of(place)
            if {name.decode(): at.decode() for name, at in stored.items()} != archived:
                await self._try(head.room, self._tell(head.room, archived))

    async def _tell(self, room: str, archived: Mapping[str, str]) -> None:
        await self._store.run_script("archive.note", room, {"archived": archived}, _ANY)

    async def _follow_back(self, place: Place | None, streams: Sequence[str]) -> None:
        assert place is not None
        key = (place.head.room, place.head.made)
        self._places.pop(key, None)
        async with self._records.reading() as connection:
            now = (await places_of(connection, [place.head])).get(key)
        if now is None or now.streams != place.streams:
            return  # the place was an old one; the next round begins with the new
        for stream in streams:
            dropped = await self._copying.follow_back(place, stream)
            _log.warning(
                "Redis has lost the last entries of the %s of room %s: the records dropped %d "
                "entries, and copy those of them again that it holds.",
                *(stream, place.head.room, dropped),
            )

    async def _follow_short(self, head: RoomHead, streams: Sequence[str]) -> None:
        self._places.pop((head.room, head.made), None)
        for stream in streams:
            dropped = await self._follow_older(head, stream)
            if dropped:
                _log.warning(
                    "Redis has lost the last entries of the %s of room %s: the records dropped %d "
                    "entries, and copy those of them again that it holds.",
                    *(stream, head.room, dropped),
                )

    async def _try(self, room: str, work: Awaitable[None]) -> None:
        try:
            await work
        except (RecordsAway, Overtaken):
            raise
        except Exception as error:
            self._troubles.failed(error, room)


def noted_of(place: Place) -> dict[str, str]:
    """Return what a room is told of its place in the records, see the key `archived`."""
    streams = {name: f"{at.ms}-{at.n}" for name, at in place.streams.items()}
    return {"made": str(place.head.made), **streams}


def _is_shown(head: RoomHead, place: Place | None) -> bool:
    """Whether the records have the room as it is now."""
    return place is not None and place.head == head._replace(life=place.life)
