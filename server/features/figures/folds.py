"""Keeps each room's fold as far as it was read, so that later reads continue from there."""

import asyncio
import time
from collections.abc import Callable, MutableMapping
from typing import NamedTuple, TypeVar

from cachetools import TTLCache
from msgspec import structs

from server.background.clock import DAY_MS
from server.features.figures.buyers import Buyers
from server.features.figures.reckoning.fold import Fold
from server.features.figures.reckoning.models import Context, Figures, Flat, Numbers, Spans
from server.features.figures.reckoning.taken import place
from server.features.figures.room_heads import RoomHead, head_of
from server.features.figures.settings import FigureSettings
from server.features.ledger import ledger
from server.rooms import timeline
from server.rooms.fact_book import FactBook
from server.settings import Settings
from server.store.reading import reading
from server.store.room_store import RoomStore

K = TypeVar("K")

GROUP_DAYS = 30
"""A fan group never ends; its figures cover this many whole days and the current one."""
CHUNK = 20
"""Ledger entries or facts read at once; each may name hundreds of users and blocks the loop."""
BESIDE_MAX = 5
"""Most ended rooms that a live one is set beside."""
QUICK_MAX = 5000
"""Most visits and order lines that are computed on the event loop; more run in a thread."""


class Cut(NamedTuple):
    """An ended room as it stood at `until_ms` (Unix ms), to be set beside another room.

    A fold only goes on, so each live room has folds of its own of the ended ones: `beside` is its
    id, and `until_ms` must not fall while that room lasts.
    """

    until_ms: int
    beside: str


class Kept:
    """A room's fold, and the known facts about its buyers. Hold `lock` while using it."""

    def __init__(self, head: RoomHead, book: FactBook | None) -> None:
        self.since_ms = _since(head)
        always_live = head.kind == "group"
        self.fold = Fold(
            head.room, head.host, book, always_live=always_live, since_ms=self.since_ms
        )
        self.epoch = head.epoch
        self.lock = asyncio.Lock()
        self.figures: Figures | None = None
        self.bought_before: dict[str, int] = {}
        self.followed: dict[str, int] = {}
        self.belonged: dict[str, Spans] = {}
        self.new_buyers: set[str] = set()
        self.asked_once: set[str] = set()
        self.settled = -1

    def still_goes(self, head: RoomHead) -> bool:
        """Whether the fold can continue: False if Redis lost data it read, or a new day began."""
        fold = self.fold
        return (
            self.epoch == head.epoch
            and self.since_ms == _since(head)
            and fold.ledger <= head.ledger
            and (not fold.timeline or place(fold.timeline) <= place(head.timeline or "0-0"))
        )


def _since(head: RoomHead) -> int:
    if head.kind != "group":
        return 0
    return head.now - head.now % DAY_MS - GROUP_DAYS * DAY_MS


class Folds:
    """Keeps at most `figures.rooms_max` rooms, each for `figures.idle_s` after its last use."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        buyers: Buyers,
        clock: Callable[[], float] = time.monotonic,
        book: FactBook | None = None,
    ) -> None:
        self._store = store
        self._book = book
        self._limits = settings.section(FigureSettings)
        self._buyers = buyers
        self._kept: TTLCache[str, Kept] = TTLCache(
            self._limits.rooms_max, self._limits.idle_s, clock
        )
        self._cut: TTLCache[tuple[str, str], Kept] = TTLCache(
            self._limits.rooms_max * BESIDE_MAX, self._limits.idle_s, clock
        )
        self._timer: asyncio.TimerHandle | None = None

    async def aclose(self) -> None:
        """Forget everything."""
        if self._timer is not None:
            self._timer.cancel()
        self._kept.clear()
        self._cut.clear()

    def __len__(self) -> int:
        return len(self._kept)

    async def numbers_at(self, head: RoomHead, settled: int, cut: Cut) -> Numbers:
        """The numbers of an ended room as they stood at a time. Raises CommandError.

        The end of the stream was not known at that time, so the fold has not read it.
        """
        key = head.room, cut.beside
        while True:
            room = self._cut.get(key)
            if room is None or not room.still_goes(head):
                room = Kept(head, self._book)
            self._cut[key] = room  # restart its idle time
            self._watch()
            async with room.lock:
                if self._cut.get(key) is not room:
                    continue
                with reading():
                    await self._read_on(room, head.room, cut.until_ms)
                await self._look_up(room, head.host, settled)
                context = Context(room.bought_before, room.followed, room.belonged)
                return (await self._make(room, cut.until_ms, context)).numbers

    async def _room(self, head: RoomHead) -> Kept:
        """The room's kept fold, or a new one."""
        room = self._kept.get(head.room)
        if room is not None and not room.still_goes(head):
            # A fold may be ahead of this head because another request has read on since.
            head = await head_of(self._store, head.room)
            room = self._kept.get(head.room)
        if room is None or not room.still_goes(head):
            room = Kept(head, self._book)
        self._kept[head.room] = room  # restart its idle time
        self._watch()
        return room

    async def figures(self, head: RoomHead, earlier: list[Flat], settled: int) -> Figures:
        """The room's figures, beside those of earlier streams.

        `settled` rises when the host's buyers change. Raises CommandError.
        """
        while True:
            room = await self._room(head)
            async with room.lock:
                if self._kept.get(head.room) is not room:
                    continue  # dropped while this waited: a thread may still read its fold
                with reading():
                    await self._read_on(room, head.room)
                await self._look_up(room, head.host, settled)
                context = Context(room.bought_before, room.followed, room.belonged, earlier)
                figures = await self._make(room, head.now, context)
                return structs.replace(figures, practice=head.practice)

    async def _read_on(self, room: Kept, room_id: str, until_ms: int | None = None) -> None:
        """Take all new lines and facts, of those recorded before `until_ms` if it is given."""
        fold = room.fold
        async for chunk in ledger.read(self._store, room_id, fold.ledger, count=CHUNK):
            for number, line in chunk:
                if until_ms is not None and line["at"] >= until_ms:
                    break
                fold.take_ledger(number, line)
                if line["k"] == "order" and line["order"]["status"] == "paid":
                    room.new_buyers.add(line["order"]["user"])
            else:
                continue
            break
        facts = timeline.read(
            self._store,
            room_id,
            after=fold.timeline,
            from_ms=room.since_ms,
            to_ms=until_ms,
            count=CHUNK,
        )
        async for told in facts:
            for fact_id, fact in told:
                fold.take_fact(fact_id, fact)

    async def _look_up(self, room: Kept, host: str, settled: int) -> None:
        """Look up new buyers in the host's keys, or all buyers if `settled` has risen."""
        new = room.new_buyers
        asked = new if settled == room.settled else room.fold.sold.first_paid.keys()
        room.bought_before |= await self._buyers.first_paid(host, asked)
        # Look up twice: a user may buy, be looked up, and follow in one millisecond, and is a fan.
        unknown = [user for user in new | room.asked_once if user not in room.followed]
        room.followed |= await self._buyers.first_followed(host, unknown)
        room.belonged |= await self._buyers.spans_of(host, new | room.asked_once)
        room.settled, room.asked_once, room.new_buyers = settled, new, set()

    async def _make(self, room: Kept, now_ms: int, context: Context) -> Figures:
        if room.fold.size <= QUICK_MAX:
            return room.fold.figures(now_ms, context)
        loop = asyncio.get_running_loop()
        making = loop.run_in_executor(None, room.fold.figures, now_ms, context)
        try:
            return await asyncio.shield(making)
        except asyncio.CancelledError:
            # The thread still reads this fold, so nothing may be added to it any more.
            _drop(self._kept, room)
            _drop(self._cut, room)
            raise

    # Forgetting

    def _watch(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._limits.idle_s, self._forget_idle)

    def _forget_idle(self) -> None:
        self._timer = None
        self._kept.expire()
        self._cut.expire()
        if self._kept or self._cut:
            self._watch()


def _drop(kept: MutableMapping[K, Kept], room: Kept) -> None:
    for key in [key for key, each in kept.items() if each is room]:
        del kept[key]
