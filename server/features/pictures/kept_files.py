"""Pictures that were asked for lately, in the memory of a worker."""

import asyncio

from cachetools import TTLCache

from server.features.pictures.storage import Storage

KEPT_S = 60.0
"""How long a worker goes on showing a picture that was removed."""
READS_MAX = 16
"""Files that a worker reads at the same time; others wait."""


class KeptFiles:
    """Reads files of a storage; the latest stay in memory, `bytes_max` of them. Methods raise
    StorageAway."""

    def __init__(self, storage: Storage, bytes_max: int) -> None:
        self._storage = storage
        self._kept: TTLCache[str, bytes] = TTLCache(bytes_max, KEPT_S, getsizeof=len)
        self._reading: dict[str, asyncio.Event] = {}
        self._turns = asyncio.Semaphore(READS_MAX)

    async def get(self, name: str) -> bytes | None:
        """Return a file; None if there is none. Many who ask for one at once read it once."""
        while True:
            if (kept := self._kept.get(name)) is not None:
                return kept
            if (under_way := self._reading.get(name)) is None:
                break
            await under_way.wait()
            if name not in self._kept:  # too large to keep, not there, or not readable now
                break
        done = self._reading.setdefault(name, asyncio.Event())
        try:
            async with self._turns:
                body = await self._storage.get(name)
            if body is not None and len(body) <= self._kept.maxsize:
                self._kept[name] = body
            return body
        finally:
            done.set()
            if self._reading.get(name) is done:
                del self._reading[name]
