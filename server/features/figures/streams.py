"""A host's rooms one after another: the numbers of each, and those of the earlier ones."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from cachetools import LRUCache
from msgspec import DecodeError, Raw, Struct, json, msgpack

from server.features.figures.buyers import Buyers, hash_of
from server.features.figures.folds import BESIDE_MAX, Cut, Folds
from server.features.figures.reckoning.compared import STREAMS_MAX, flat
from server.features.figures.reckoning.figure_types import FigureTypes
from server.features.figures.reckoning.models import Flat, Numbers, StreamRow
from server.features.figures.room_heads import RoomHead, heads_of
from server.features.figures.settings import FigureSettings
from server.rooms.left_out import LeftOut
from server.settings import Settings
from server.store.reading import reading
from server.store.room_store import RoomStore

ROOMS_READ_MAX = 200
"""A host's newest rooms, among which the earlier streams are looked for."""
HOSTS_KEPT_MAX = 1000
STEP_MS = 15_000
"""While a stream is live, the earlier ones beside it go on in steps of this: each costs a sum."""
FORMAT = 2
"""Rises when a number's definition changes: figures kept under another one are made anew."""


class _Figures(Struct):
    """The numbers of an ended room as JSON, and what they are as of."""

    format: int
    epoch: str
    ledger: int
    timeline: str
    numbers: Raw


class _Host(Struct):
    """What was found of a host's rooms, and when (loop time)."""

    at: float
    ended: list[RoomHead]


_FIGURES = json.Decoder(_Figures)
_ANY = msgpack.Decoder(Any)


class Streams:
    """Numbers of whole rooms; those of ended ones are kept in Redis."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        folds: Folds,
        buyers: Buyers,
        types: FigureTypes,
    ) -> None:
        self._store = store
        self._compare_s = settings.section(FigureSettings).compare_s
        self._folds = folds
        self._buyers = buyers
        self._numbers: json.Decoder[Numbers] = json.Decoder(types.numbers)
        self._hosts: LRUCache[str, _Host] = LRUCache(HOSTS_KEPT_MAX)
        self._settled: LRUCache[str, tuple[float, int]] = LRUCache(HOSTS_KEPT_MAX)
        self._changes = 0
        self._left_out = LeftOut("its host's figures")
        self._flats: LRUCache[str, tuple[tuple[str, int, str], Flat]] = LRUCache(HOSTS_KEPT_MAX)
        self._flats_at: LRUCache[tuple[str, str], tuple[tuple[str, int, str, int], Flat]]
        self._flats_at = LRUCache(HOSTS_KEPT_MAX)

    async def settled(self, host: str, *, now: bool = False) -> int:
        """Settle the host's buyers, unless that was done lately; rises when somebody changed."""
        time = asyncio.get_running_loop().time()
        known = self._settled.get(host)
        if known is not None and not now and time - known[0] < self._compare_s:
            return known[1]
        if await self._buyers.settle(host) or known is None:
            self._changes += 1
            changed = self._changes
        else:
            changed = known[1]
        self._settled[host] = time, changed
        return changed

    async def page(self, host: str, offset: int, count: int) -> tuple[list[StreamRow], bool]:
        """The host's rooms, the newest first, without practice; and whether there are no more.
        Raises CommandError."""
        if count == 0:
            return [], True
        ids = await self._ids(host, offset, count)
        heads, _ = await heads_of(self._store, ids, self._left_out)
        rows = [
            StreamRow(
                room=head.room,
                title=head.title,
                kind=head.kind,
                phase=head.phase,
                created=head.created,
                started=head.started,
                ended=head.ended,
                numbers=await self._unless_damaged(head, self.numbers(head))
                if head.started
                else None,
            )
            for head in heads
            if head.host == host and not head.practice
        ]
        return rows, len(ids) < count

    async def _unless_damaged(self, head: RoomHead, numbers: Awaitable[Numbers]) -> Numbers | None:
        """A room's numbers beside others'; none if its data are damaged, or their shard is down."""
        try:
            return await numbers
        except Exception as error:
            self._left_out.say(head.room, error)
            return None

    async def _ids(self, host: str, offset: int, count: int) -> list[str]:
        key = self._store.keys.host(host, "rooms")
        with reading():
            found = await self._store.redis.zrevrange(key, offset, offset + count - 1)
        return self._left_out.texts(found)

    async def earlier(self, head: RoomHead) -> list[Flat]:
        """The numbers of the latest streams that ended and started before this one.

        While this one is live, they are the numbers that those had at the same minute of theirs;
        one that was over by then is left out. Before this one starts there are none.
        """
        if head.kind == "group" or not head.started:
            return []
        ended = [
            each
            for each in await self._ended(head.host)
            if each.started < head.started and each.room != head.room
        ]
        ended.sort(key=lambda each: (-each.started, each.room))
        if head.phase == "live":
            passed = (head.now - head.started) // STEP_MS * STEP_MS
            lasted = [each for each in ended if each.ended - each.started >= passed]
            flats = [await self._flat_at(each, passed, head) for each in lasted[:BESIDE_MAX]]
        else:
            flats = [await self._flat(each) for each in ended[:STREAMS_MAX]]
        return [each for each in flats if each is not None]

    async def _ended(self, host: str) -> list[RoomHead]:
        time = asyncio.get_running_loop().time()
        known = self._hosts.get(host)
        if known is None or time - known.at >= self._compare_s:
            ids = await self._ids(host, 0, ROOMS_READ_MAX)
            heads, _ = await heads_of(self._store, ids, self._left_out)
            ended = [
                head
                for head in heads
                if head.host == host
                and head.phase == "ended"
                and head.started
                and not head.practice
            ]
            known = self._hosts[host] = _Host(time, ended)
        return known.ended

    async def _flat(self, head: RoomHead) -> Flat | None:
        as_of = (head.epoch, head.ledger, head.timeline)
        known = self._flats.get(head.room)
        if known is None or known[0] != as_of:
            numbers = await self._unless_damaged(head, self.numbers(head))
            if numbers is None:
                return None
            known = self._flats[head.room] = as_of, flat(numbers)
        return known[1]

    async def _flat_at(self, head: RoomHead, passed: int, live: RoomHead) -> Flat | None:
        """The numbers of an ended stream when it had lasted `passed` ms."""
        as_of = (head.epoch, head.ledger, head.timeline, passed)
        known = self._flats_at.get((live.room, head.room))
        if known is None or known[0] != as_of:
            settled = await self.settled(head.host)
            cut = Cut(head.started + passed, live.room)
            numbers = await self._unless_damaged(head, self._folds.numbers_at(head, settled, cut))
            if numbers is None:
                return None
            known = as_of, flat(numbers)
            self._flats_at[live.room, head.room] = known
        return known[1]

    async def numbers(self, head: RoomHead) -> Numbers:
        """The numbers of a room that has started. Raises CommandError."""
        if head.phase != "ended":
            settled = await self.settled(head.host)
            return (await self._folds.figures(head, [], settled)).numbers
        key = self._store.keys.host(head.host, "figures")
        raw = (await hash_of(self._store, key, [head.room])).get(head.room)
        kept = self._kept_numbers(raw, head) if raw else None
        if kept is not None:
            return kept
        # Whoever paid elsewhere before is settled first: what is kept stays as it is.
        settled = await self.settled(head.host, now=True)
        figures = await self._folds.figures(head, [], settled)
        if head.host in self._buyers.partial:
            return figures.numbers  # an earlier payment may be missing: made anew next time
        numbers = Raw(json.encode(figures.numbers))
        made = _Figures(FORMAT, head.epoch, figures.ledger, figures.timeline, numbers)
        args = {"of": head.room, "figures": json.encode(made).decode()}
        await self._store.run_script("figures.keep", head.host, args, _ANY)
        return figures.numbers

    def _kept_numbers(self, raw: bytes, head: RoomHead) -> Numbers | None:
        """The kept numbers, if they are of today's kind and as of this head."""
        try:
            kept = _FIGURES.decode(raw)
            as_of = (kept.format, kept.epoch, kept.ledger, kept.timeline)
            if as_of == (FORMAT, head.epoch, head.ledger, head.timeline):
                return self._numbers.decode(kept.numbers)
        except DecodeError:  # of a version with other numbers
            pass
        return None
