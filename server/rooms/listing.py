"""The list of rooms: one read serves all requests that come at the same time.

A room that can't be read, because its shard is away or its data are damaged, is left out; the
others are listed.
"""

import functools
from typing import Any

import msgspec

from server.protocol.room import RoomView
from server.rooms.left_out import LeftOut
from server.rooms.state import RoomState
from server.rooms.stored import RoomReader
from server.store.commit import GroupCommit
from server.store.reading import reading

PAGE_MAX = 100
WAITING_MAX = 1000
"""Most requests on a worker that wait for the list; more are answered `unavailable`."""


class _Page:
    """One reading of a page, shared by all who asked for it meanwhile; encoded for them once."""

    def __init__(self, rooms: list[RoomView]) -> None:
        self.rooms = rooms

    @functools.cached_property
    def json(self) -> bytes:
        return msgspec.json.encode(self.rooms)


class RoomList:
    """Reads pages of the list, one read at a time for any number of requests."""

    def __init__(self, reader: RoomReader) -> None:
        self._reader = reader
        self._store = reader.store
        self._left_out = LeftOut("the list")
        self._reads: GroupCommit[tuple[int, int], _Page] = GroupCommit(
            "rooms", self._pages, batch_max=WAITING_MAX, waiting_max=WAITING_MAX, flights_max=1
        )

    async def newest(self, offset: int, count: int) -> list[RoomView]:
        """Return rooms, newest first, without their contents. Fan groups are left out.

        Raises CommandError `unavailable` when the list itself can't be read.
        """
        return (await self._read(offset, count)).rooms

    async def newest_as_json(self, offset: int, count: int) -> bytes:
        """The same in JSON: encoded once for all who ask at the same time."""
        return (await self._read(offset, count)).json

    async def _read(self, offset: int, count: int) -> _Page:
        return await self._reads.submit("", (offset, min(count, PAGE_MAX)))

    async def _pages(self, _: str, asked: list[tuple[int, int]]) -> list[_Page]:
        read = {page: _Page(await self._page(*page)) for page in dict.fromkeys(asked)}
        return [read[page] for page in asked]

    async def _page(self, offset: int, count: int) -> list[RoomView]:
        if count == 0:
            return []
        store = self._store
        with reading():
            # From 0: a server of the version before listed fan groups here, by negative times.
            found = await store.redis.zrevrangebyscore(
                store.keys.rooms, "+inf", 0, start=offset, num=count
            )
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
        return RoomState(self._reader.shape, loaded, self._reader.args_of(room_id)).view()
