"""Every room there is, for what looks after all of them: the outbox and the sweeper."""

from collections.abc import AsyncIterator
from typing import Any

from redis.exceptions import RedisError

from server.background.troubles import Troubles
from server.store.cluster import Cluster
from server.store.scripts import Scripts

ROOMS_A_PAGE = 100
REMEMBERED_MAX = 10_000
"""Rooms remembered for when the list can't be read; later ones of the list are not."""
LIST = "the list of rooms"


class EveryRoom:
    """Reads the list of rooms in pages; what can't be read of it is told to `troubles`.

    The list is one key. On a Cluster its shard may be down while others work: then the rooms of
    the last reading are given. On one Redis the error is raised, since the rooms are there too.
    """

    def __init__(self, scripts: Scripts, troubles: Troubles) -> None:
        self._scripts = scripts
        self._troubles = troubles
        self._remembered: list[str] = []

    async def pages(self) -> AsyncIterator[list[str]]:
        """The rooms' ids, about `ROOMS_A_PAGE` at a time. Raises RedisError or OSError."""
        cursor: Any = 0
        seen: list[str] = []
        while True:
            try:
                cursor, found = await self._scripts.redis.zscan(
                    self._scripts.keys.rooms, cursor, count=ROOMS_A_PAGE
                )
            except (RedisError, OSError) as error:
                if not isinstance(self._scripts.redis, Cluster):
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
        """The ids that are text; nobody can have made a room with another one here."""
        page = []
        for raw, _ in found:
            try:
                page.append(raw.decode())
            except UnicodeDecodeError as error:
                self._troubles.failed(error, repr(raw))
        return page
