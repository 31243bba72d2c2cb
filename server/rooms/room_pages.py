"""Reads one list of rooms in pages, also while the shard that holds it is down."""

from collections.abc import AsyncIterator
from typing import Any

from redis.exceptions import RedisError

from server.background.troubles import Troubles
from server.store.cluster import Cluster
from server.store.room_store import RoomStore

ROOMS_A_PAGE = 100
REMEMBERED_MAX = 10_000
"""How many rooms are remembered for times when a list can't be read: the list's first ones."""

Scored = list[tuple[str, int]]
"""Rooms with their scores."""


class RoomPages:
    """A zset of room ids at `key`; `name` is what troubles call it.

    A list is one key. On a Cluster its shard may be down while the others work; then the rooms of
    its last reading are returned. On a single Redis the error is raised, since the rooms themselves
    are unreachable too.
    """

    def __init__(self, store: RoomStore, key: str, name: str, troubles: Troubles) -> None:
        self._store = store
        self._key = key
        self._name = name
        self._troubles = troubles
        self._remembered: Scored = []

    async def pages(self) -> AsyncIterator[Scored]:
        """Yield the rooms with their scores, about `ROOMS_A_PAGE` at a time.

        A room may come twice. Raises RedisError or OSError.
        """
        cursor: Any = 0
        seen: Scored = []
        while True:
            try:
                cursor, found = await self._store.redis.zscan(self._key, cursor, count=ROOMS_A_PAGE)
            except (RedisError, OSError) as error:
                if not isinstance(self._store.redis, Cluster):
                    raise
                self._troubles.failed(error, self._name)
                break
            page = self._readable(found)
            seen += page[: max(0, REMEMBERED_MAX - len(seen))]
            yield page
            if int(cursor) == 0:
                self._troubles.works(self._name)
                self._remembered = seen
                return
        for start in range(0, len(self._remembered), ROOMS_A_PAGE):
            yield self._remembered[start : start + ROOMS_A_PAGE]

    def _readable(self, found: list[tuple[bytes, float]]) -> Scored:
        """Return the ids that are valid text; the server itself never creates any other."""
        page = []
        for raw, score in found:
            try:
                page.append((raw.decode(), int(score)))
            except UnicodeDecodeError as error:
                self._troubles.failed(error, repr(raw))
        return page
