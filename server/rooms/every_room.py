"""Lists every existing room, for background work on all of them (outbox, sweeper)."""

from collections.abc import AsyncIterator
from typing import Any

from redis.exceptions import RedisError

from server.background.troubles import Troubles
from server.store.cluster import Cluster
from server.store.room_store import RoomStore

ROOMS_A_PAGE = 100
REMEMBERED_MAX = 10_000
"""How many rooms are remembered for times when the list can't be read: the list's first ones."""
LIST = "the list of rooms"


class EveryRoom:
    """Reads the list of rooms in pages, and reports unreadable entries to `troubles`.

    The list is one key. On a Cluster its shard may be down while the others work; then the rooms
    of the last reading are returned. On a single Redis the error is raised, since the rooms
    themselves are unreachable too.
    """

    def __init__(self, store: RoomStore, troubles: Troubles) -> None:
        self._store = store
        self._troubles = troubles
        self._remembered: list[str] = []

    async def pages(self) -> AsyncIterator[list[str]]:
        """Yield the rooms' ids, about `ROOMS_A_PAGE` at a time. Raises RedisError or OSError."""
        cursor: Any = 0
        seen: list[str] = []
        while True:
            try:
                cursor, found = await self._store.redis.zscan(
                    self._store.keys.rooms, cursor, count=ROOMS_A_PAGE
                )
            except (RedisError, OSError) as error:
                if not isinstance(self._store.redis, Cluster):
                    raise
                self._troubles.failed(error, LIST)
                break
            page = self._readable(found)
            seen += page[: max(0, REMEMBERED_MAX - len(seen))]
            yield page
            if int(cursor) == 0:
                self._troubles.works(LIST)
                self._remembered = seen
                return
        for start in range(0, len(self._remembered), ROOMS_A_PAGE):
            yield self._remembered[start : start + ROOMS_A_PAGE]

    def _readable(self, found: list[tuple[bytes, float]]) -> list[str]:
        """Return the ids that are valid text; the server itself never creates any other."""
        page = []
        for raw, _ in found:
            try:
                page.append(raw.decode())
            except UnicodeDecodeError as error:
                self._troubles.failed(error, repr(raw))
        return page
