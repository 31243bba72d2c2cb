"""The list of rooms: one read serves all requests that come at the same time.

A room that can't be read, because its shard is away or its data are damaged, is left out; the
others are listed.
"""

import logging
from typing import Any

import msgspec

from server.protocol.room import RoomView
from server.rooms.state import RoomState
from server.rooms.stored import RoomReader
from server.store.commit import GroupCommit
from server.store.reading import reading
from server.store.refusals import words_of

_log = logging.getLogger(__name__)

PAGE_MAX = 100
WAITING_MAX = 1000
"""Most requests on a worker that wait for the list; more are answered `unavailable`."""
_TOLD_MAX = 1000
"""Most logged causes of left-out rooms that are remembered, so as not to log them again.
Beyond that all are forgotten."""


class RoomList:
    """Reads pages of the list, one read at a time for any number of requests."""

    def __init__(self, reader: RoomReader) -> None:
        self._reader = reader
        self._store = reader.store
        self._told: set[tuple[str, str]] = set()
        self._reads: GroupCommit[tuple[int, int], list[RoomView]] = GroupCommit(
            "rooms", self._pages, batch_max=WAITING_MAX, waiting_max=WAITING_MAX, flights_max=1
        )

    async def newest(self, offset: int, count: int) -> list[RoomView]:
        """Return rooms, newest first, without their contents. Fan groups are left out.

        Raises CommandError `unavailable` when the list itself can't be read.
        """
        return await self._reads.submit("", (offset, min(count, PAGE_MAX)))

    async def _pages(self, _: str, asked: list[tuple[int, int]]) -> list[list[RoomView]]:
        read = {page: await self._page(*page) for page in dict.fromkeys(asked)}
        return [read[page] for page in asked]

    async def _page(self, offset: int, count: int) -> list[RoomView]:
        if count == 0:
            return []
        store = self._store
        with reading():
            found = await store.redis.zrevrangebyscore(
                store.keys.rooms, "+inf", 0, start=offset, num=count
            )
        ids = [room_id for raw in found if (room_id := self._text(raw)) is not None]
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
            self._left_out(room_id, words_of(answer))
            return None
        if not answer:  # listed but not yet created, or lost with its shard
            return None
        try:
            texts = {name.decode(): value.decode() for name, value in answer.items()}
            fields = msgspec.convert(texts, self._reader.shape.fields, strict=False)
        except (UnicodeDecodeError, msgspec.ValidationError) as damage:
            self._left_out(room_id, str(damage))
            return None
        loaded = self._reader.shape.loaded(fields=fields, now=0)
        return RoomState(self._reader.shape, loaded, self._reader.args_of(room_id)).view()

    def _text(self, raw: bytes) -> str | None:
        try:
            return raw.decode()
        except UnicodeDecodeError as damage:
            self._left_out(repr(raw), str(damage))
            return None

    def _left_out(self, room: str, why: str) -> None:
        if (room, why) in self._told:
            return
        if len(self._told) >= _TOLD_MAX:
            self._told.clear()
        self._told.add((room, why))
        _log.warning("Room %s is left out of the list: %s.", room, why.rstrip("."))
