"""Asks the Sentinels again and again whether the primary is still the primary.

A primary that lost its Sentinels, but not its workers, is replaced without any of its connections
ending. Workers would go on writing to it, and what they write is dropped once the Sentinels reach
it again (docs/durability.md).
"""

import contextlib
from typing import Any, Protocol, Self

from server.background.repeating import Repeating
from server.store.client import SentinelMaster

LOOK_S = 1.0
"""The pause between two questions; so long may a worker write to a primary that was replaced."""


class Following(Protocol):
    """A client that can ask the Sentinels again."""

    async def follow_sentinels(self) -> None:
        """Leave a primary that the Sentinels have replaced."""


class PrimaryWatch:
    """Watches while the context is open, every `look_s` seconds. An async context manager."""

    def __init__(self, redis: Following, look_s: float = LOOK_S) -> None:
        self._redis = redis
        self._repeating = Repeating("primary watch", self._look, look_s)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._repeating.stop()

    async def _look(self) -> None:
        await self._redis.follow_sentinels()


def watch_on(redis: Any) -> contextlib.AbstractAsyncContextManager[Any]:
    """Return the watch of a client; of one that no Sentinels name, a context that does nothing."""
    if isinstance(redis, SentinelMaster):
        return PrimaryWatch(redis)
    return contextlib.nullcontext()
