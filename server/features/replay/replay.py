"""The replay of a room: what everybody saw, in its order, read from the timeline.

A worker keeps the entries it has read of some rooms and continues from there, so a popular replay
is read once.
"""

import asyncio

from cachetools import LRUCache
from msgspec import Struct

from server.features import all_facts
from server.features.phases.snapshot import PhasesPart
from server.features.replay.entries import (
    MINUTE_MS,
    Entry,
    Key,
    Reel,
    in_minutes,
    key_of,
)
from server.features.replay.moment import Moment, Watched, moment
from server.features.stock.snapshot import StockPart
from server.protocol.codes import CommandError
from server.protocol.room import Phase
from server.rooms import timeline
from server.rooms.directory import Directory
from server.rooms.fact_book import FactBook
from server.store.reading import reading
from server.store.room_store import RoomStore

ROOMS_KEPT_MAX = 500
ENTRIES_KEPT_MAX = 200_000
"""Most entries kept of all rooms together: many small replays fit, or a few large ones."""
FIRST_READINGS_MAX = 2
"""Rooms read from their beginning at once: 200,000 facts take half a second of the worker."""
FIRST_WAITING_MAX = 8
"""Most further rooms that wait for such a reading; requests beyond that must come back later."""
RETRY_MS = 1000
PAGE_MAX = 500


class ReplayPage(Struct, frozen=True, omit_defaults=True):
    """A part of a replay, oldest first. `next`: there is more, ask `?after=<next>`."""

    room: str
    title: str
    phase: Phase
    started: int = 0
    ended: int = 0
    selling: bool = False
    entries: list[Entry] = []
    next: str | None = None


class KeptReel(Reel):
    """A reel, and how far the room's timeline was read into it. Hold `reading` while reading."""

    def __init__(self, book: FactBook) -> None:
        super().__init__(book)
        self.reading = asyncio.Lock()
        self.after = ""
        self.is_read = False
        """Whether the end of the timeline was reached once; from then on only news are read."""


class Replays:
    """Gives a room's replay. Everybody who may read the room may read its replay.

    `book` has the facts that are told: by default those of all features that there are.
    """

    def __init__(
        self, store: RoomStore, directory: Directory, book: FactBook | None = None
    ) -> None:
        self._store = store
        self.book = all_facts() if book is None else book
        self._directory = directory
        self._reels: LRUCache[tuple[str, int], KeptReel] = LRUCache(ROOMS_KEPT_MAX)
        self.first_readings = asyncio.Semaphore(FIRST_READINGS_MAX)
        self.first_waiting = 0
        """Rooms that are read from their beginning, or wait for it."""

    def kept(self) -> list[str]:
        """The rooms of which this worker has a reading, the one asked for last at the end."""
        return [room_id for room_id, _ in self._reels]

    async def page(self, room_id: str, after: str = "", count: int = PAGE_MAX) -> ReplayPage:
        """A part of the replay after the entry `after`. Raises CommandError."""
        place = _place(after)
        room, _ = await self._watched(room_id)
        reel = await self._reel(room)
        found, more = reel.page(place, min(count, PAGE_MAX))
        return ReplayPage(
            room=room_id,
            title=room.title,
            phase=room.phase,
            started=room.started,
            ended=room.ended,
            selling=room.selling,
            entries=[in_minutes(entry, room.started) for entry in found],
            next=found[-1].id if more and found else None,
        )

    async def at(self, room_id: str, offset_ms: int) -> Moment:
        """Return what was shown so long after the start. Raises CommandError."""
        room, now = await self._watched(room_id)
        if not room.started:
            raise CommandError("not_live", "This room has not gone live yet; there is no replay.")
        at = room.started + offset_ms
        last = room.ended or now
        if at > last:
            minutes = (last - room.started) // MINUTE_MS
            what = "ended in" if room.ended else "has come to"
            raise CommandError("not_found", f"The stream {what} minute {minutes}.")
        return moment((await self._reel(room)).entries(), at, room)

    async def then(self, room_id: str, at: int) -> tuple[Moment, int]:
        """Return what was shown at a time (Unix ms), and when the stream started, 0: not yet.
        Raises CommandError."""
        room, _ = await self._watched(room_id)
        return moment((await self._reel(room)).entries(), at, room), room.started

    async def _watched(self, room_id: str) -> tuple[Watched, int]:
        state, now = await self._directory.state(room_id)
        fields = state.fields
        return Watched(
            fields.room,
            fields.title,
            fields.kind,
            fields.phase,
            fields.created,
            fields.started,
            fields.ended,
            state.part(PhasesPart).selling,
            tuple(state.part(StockPart).sales.values()),
        ), now

    async def _reel(self, room: Watched) -> KeptReel:
        """Return what is public of the room's timeline, read to its end."""
        name = (room.room, room.created)
        reel = self._reels.get(name)
        if reel is None or not (reel.is_read or reel.reading.locked()):
            if self.first_waiting >= FIRST_READINGS_MAX + FIRST_WAITING_MAX:
                raise CommandError("unavailable", "Too many replays are being read.", RETRY_MS)
            reel = KeptReel(self.book) if reel is None else reel
        self._reels.pop(name, None)
        self._reels[name] = reel  # at the end: the one asked for last
        async with reel.reading:
            with reading():
                if reel.is_read:
                    await self._read_on(room.room, reel)
                else:
                    await self._read_first(room.room, reel)
        self._keep_few()
        return reel

    async def _read_first(self, room_id: str, reel: KeptReel) -> None:
        self.first_waiting += 1
        try:
            async with self.first_readings:
                await self._read_on(room_id, reel)
        finally:
            self.first_waiting -= 1
        reel.is_read = True

    def _keep_few(self) -> None:
        """Forget the rooms asked for longest ago, while they hold too much.

        The one asked for last always stays.
        """
        held = sum(map(len, self._reels.values()))
        while len(self._reels) > 1 and held > ENTRIES_KEPT_MAX:
            _, oldest = self._reels.popitem()
            held -= len(oldest)

    async def _read_on(self, room_id: str, reel: KeptReel) -> None:
        parts = timeline.walk(self._store, room_id, after=reel.after, kinds=reel.kinds)
        async for part in parts:
            for place, fact in part.facts:
                reel.add_fact(place, fact)
            reel.after = part.end


def _place(after: str) -> Key:
    if not after:
        return (0, 0, 0)
    try:
        return key_of(after)
    except ValueError:
        raise CommandError(
            "bad_message", "`after` must be an id that an earlier page named."
        ) from None
