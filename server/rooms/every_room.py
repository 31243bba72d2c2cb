"""Lists every existing room and fan group, for background work on all of them."""

from collections.abc import AsyncIterator
from typing import Any

from redis.exceptions import RedisError

from server.background.troubles import Troubles
from server.store.cluster import Cluster
from server.store.room_store import RoomStore

ROOMS_A_PAGE = 100
REMEMBERED_MAX = 10_000
"""How many rooms are remembered for times when a list can't be read: the list's first ones."""
LIST = "the list of rooms"
GROUPS = "the list of fan groups"
UNLISTED = "the list of drafts and practice rooms"


class EveryRoom:
    """Reads the lists of rooms and fan groups in pages, and reports unreadable entries to
    `troubles`.

    Each list is one key. On a Cluster its shard may be down while the others work; then the rooms
    of its last reading are returned. On a single Redis the error is raised, since the rooms
    themselves are unreachable too.
    """

    def __init__(self, store: RoomStore, troubles: Troubles) -> None:
        self._store = store
        self._troubles = troubles
        self._remembered: dict[str, list[str]] = {LIST: [], GROUPS: [], UNLISTED: []}

    async def pages(self) -> AsyncIterator[list[str]]:
        """Yield the rooms' ids, about `ROOMS_A_PAGE` at a time. Raises RedisError or OSError.

        A room may come twice, as a fan group does that is in both lists.
        """
        keys = self._store.keys
        for name, key in ((LIST, keys.rooms), (GROUPS, keys.groups), (UNLISTED, keys.unlisted)):
            async for page in self._pages_of(name, key):
                yield page

    async def _pages_of(self, name: str, key: str) -> AsyncIterator[list[str]]:
        cursor: Any = 0
        seen: list[str] = []
        while True:
            try:
                cursor, found = await self._store.redis.zscan(key, cursor, count=ROOMS_A_PAGE)
            except (RedisError, OSError) as error:
                if not isinstance(self._store.redis, Cluster):
                    raise
                self._troubles.failed(error, name)
                break
            page = self._readable(found)
            seen += page[: max(0, REMEMBERED_MAX - len(seen))]
            yield page
            if int(cursor) == 0:
                self._troubles.works(name)
                self._remembered[name] = seen
                return
        remembered = self._remembered[name]
        for start in range(0, len(remembered), ROOMS_A_PAGE):
            yield remembered[start : start + ROOMS_A_PAGE]

    def _readable(self, found: list[tuple[bytes, float]]) -> list[str]:
        """Return the ids that are valid text; the server itself never creates any other."""
        page = []
        for raw, _ in found:
            try:
                page.append(raw.decode())
            except UnicodeDecodeError as error:
                self._troubles.failed(error, repr(raw))
        return page
