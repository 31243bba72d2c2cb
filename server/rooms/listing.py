"""The list of rooms: one read serves all requests that come at the same time.

A room that can't be read, because its shard is away or its data are damaged, is left out; the
others are listed.
"""

import functools
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from server.protocol.room import Phase, RoomView
from server.rooms import cursor
from server.rooms.left_out import LeftOut
from server.rooms.lineup import Lineup, place_of
from server.rooms.state import RoomState
from server.rooms.stored import RoomReader
from server.store.commit import GroupCommit
from server.store.reading import reading

PAGE_MAX = 100
WAITING_MAX = 1000
"""Most requests on a worker that wait for the list; more are answered `unavailable`."""


class RoomsPage(msgspec.Struct):
    """A page of rooms, and the cursor of the one after it; None if there is none."""

    rooms: list[Any]
    next: str | None = None


class _Page:
    """One reading of a page, shared by all who asked for it meanwhile; encoded for them once."""

    def __init__(self, shown: list[RoomView] | RoomsPage) -> None:
        self.shown = shown

    @functools.cached_property
    def json(self) -> bytes:
        return msgspec.json.encode(self.shown)


class _By(NamedTuple):
    """A page by its number in an order."""

    order: "Order"
    offset: int
    limit: int


class _After(NamedTuple):
    """A page of a phase, or of all, after the place that a cursor names."""

    phase: Phase | None
    place: cursor.Place | None
    limit: int


class Order(StrEnum):
    """In which order rooms are listed."""

    NEWEST = "newest"
    LIVE_FIRST = "live_first"


class RoomList:
    """Reads pages of the list, one read at a time for any number of requests."""

    def __init__(self, reader: RoomReader, lineup: Lineup) -> None:
        self._reader = reader
        self._store = reader.store
        self._lineup = lineup
        self._left_out = LeftOut("the list")
        self._reads: GroupCommit[_By | _After, _Page] = GroupCommit(
            "rooms", self._pages, batch_max=WAITING_MAX, waiting_max=WAITING_MAX, flights_max=1
        )

    async def page(self, order: Order, offset: int, count: int) -> list[RoomView]:
        """Return rooms in an order, without their contents. Fan groups, drafts and practice are
        left out.

        Raises CommandError `unavailable` when the list itself can't be read.
        """
        shown = (await self._read(_By(order, offset, min(count, PAGE_MAX)))).shown
        assert isinstance(shown, list)
        return shown

    async def page_as_json(self, order: Order, offset: int, count: int) -> bytes:
        """The same in JSON: encoded once for all who ask at the same time."""
        return (await self._read(_By(order, offset, min(count, PAGE_MAX)))).json

    async def page_after(self, phase: Phase | None, after: str, count: int) -> RoomsPage:
        """Return rooms of a phase, or of all, live ones first, after the place that the cursor
        `after` names ('' to begin). A page may have fewer than `count` while `next` names another.

        Raises CommandError: `bad_message` for a cursor that no page named, or `unavailable`.
        """
        shown = (await self._read(_after(phase, after, count))).shown
        assert isinstance(shown, RoomsPage)
        return shown

    async def page_after_as_json(self, phase: Phase | None, after: str, count: int) -> bytes:
        """The same in JSON: encoded once for all who ask at the same time."""
        return (await self._read(_after(phase, after, count))).json

    async def _read(self, wanted: _By | _After) -> _Page:
        return await self._reads.submit("", wanted)

    async def _pages(self, _: str, asked: list[_By | _After]) -> list[_Page]:
        read = {wanted: _Page(await self._page(wanted)) for wanted in dict.fromkeys(asked)}
        return [read[wanted] for wanted in asked]

    async def _page(self, wanted: _By | _After) -> list[RoomView] | RoomsPage:
        if isinstance(wanted, _After):
            return await self._page_after(wanted)
        order, offset, count = wanted
        if count == 0:
            return []
        if order is Order.LIVE_FIRST:
            places = await self._lineup.page(offset, count)
            return await self._in_place(places, await self._views(list(places)))
        store = self._store
        with reading():
            # From 0: a server of the version before listed fan groups here, by negative times.
            found = await store.redis.zrevrangebyscore(
                store.keys.rooms, "+inf", 0, start=offset, num=count
            )
        return await self._views(found)

    async def _page_after(self, wanted: _After) -> RoomsPage:
        phase, place, count = wanted
        if count == 0:
            return RoomsPage([])
        # One more than is shown: whether there is a next page must not be guessed.
        found = await self._lineup.page_after(phase, place, count + 1)
        places = found[:count]
        told = {each.room: each.score for each in places}
        rooms = await self._in_place(told, await self._views(list(told)))
        shown = [room for room in rooms if phase in (None, room.phase)]
        ends_here = len(found) <= count
        return RoomsPage(shown, None if ends_here else cursor.written(_band(phase), places[-1]))

    async def _in_place(self, places: dict[bytes, int], rooms: list[RoomView]) -> list[RoomView]:
        """Sort a page by what the rooms are now, and mend the places that told otherwise."""
        now = {
            room.room: place_of(
                room.phase,
                created=room.created,
                scheduled=room.scheduled,
                started=room.started,
                ended=room.ended,
            )
            for room in rooms
        }
        told = {raw.decode(errors="replace"): place for raw, place in places.items()}
        stale = {id_: place for id_, place in now.items() if told.get(id_) != place}
        if stale:
            await self._lineup.move(stale)
        return sorted(rooms, key=lambda room: now[room.room])

    async def _views(self, found: list[bytes]) -> list[RoomView]:
        store = self._store
        ids = self._left_out.texts(found)
        if not ids:
            return []
        pipeline = store.redis.pipeline(transaction=False)
        for room_id in ids:
            pipeline.hgetall(store.keys.room(room_id, "room"))
        with reading():
            answers = await pipeline.execute(raise_on_error=False)
        views = (self._view(*pair) for pair in zip(ids, answers, strict=True))
        return [view for view in views if view is not None]

    def _view(self, room_id: str, answer: Any) -> RoomView | None:
        if isinstance(answer, Exception):
            self._left_out.say(room_id, answer)
            return None
        if not answer:  # listed but not yet created, or lost with its shard
            return None
        try:
            texts = {name.decode(): value.decode() for name, value in answer.items()}
            fields = msgspec.convert(texts, self._reader.shape.fields, strict=False)
        except (UnicodeDecodeError, msgspec.ValidationError) as damage:
            self._left_out.say(room_id, damage)
            return None
        loaded = self._reader.shape.loaded(fields=fields, now=0)
        room = RoomState(self._reader.shape, loaded, self._reader.args_of(room_id))
        return None if room.is_draft or room.is_practice else room.view()


def _after(phase: Phase | None, after: str, count: int) -> _After:
    return _After(phase, cursor.read(_band(phase), after), min(count, PAGE_MAX))


def _band(phase: Phase | None) -> str:
    return phase or "all"
