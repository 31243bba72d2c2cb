"""Remembers when users signed out everywhere: their tokens from before are refused.

Each worker keeps all sign-outs, so that a token is checked without a question to Redis, and reads
the new ones twice a second. They are never forgotten, because a token's holder chose how long
it lasts: about 100 bytes a user, in Redis and in each worker.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Any, Self

from redis.exceptions import RedisError

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.protocol.codes import CommandError
from server.store.keys import Keys
from server.store.reading import asked
from server.store.room_store import UNAVAILABLE_RETRY_MS

INTERVAL_S = 0.5
OVERLAP_MS = 60_000
"""How far back each reading begins: workers may store sign-outs later than they were dated."""


class SignOuts:
    """The sign-outs of all users. An async context manager that follows them.

    Each of `heard` is called with (user, ms) for a sign-out that this worker did not know.
    """

    def __init__(self, redis: Any, keys: Keys) -> None:
        self._redis = redis
        self._key = keys.sign_outs
        self._at: dict[str, int] = {}
        self._newest = 0
        self._repeating = Repeating("sign-outs", self.follow, INTERVAL_S)
        self.heard: list[Callable[[str, int], None]] = []

    async def __aenter__(self) -> Self:
        with contextlib.suppress(RedisError, OSError):  # then they are read when it answers
            await self.follow()
        self._repeating.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._repeating.stop()

    def ended(self, user: str, issued_ms: int) -> bool:
        """Whether a token of this user, issued at this time (Unix ms), is refused."""
        at = self._at.get(user)
        return at is not None and issued_ms <= at

    async def sign_out(self, user: str) -> int:
        """Refuse every token of this user that was issued by now; return the time (Unix ms).

        Raises CommandError `unavailable`; trying again does no harm.
        """
        began, at = time.monotonic(), unix_ms()
        await asked(self._redis.zadd(self._key, {user: at}, gt=True))
        if (time.monotonic() - began) * 1000 > OVERLAP_MS / 2:
            raise CommandError(
                "unavailable", "The store answered too late; try again.", UNAVAILABLE_RETRY_MS
            )
        self._take(user, at)
        return at

    async def follow(self) -> None:
        """Read what is new. Raises RedisError or OSError."""
        since = self._newest - OVERLAP_MS
        found = await self._redis.zrangebyscore(self._key, since, "+inf", withscores=True)
        for user, score in found:
            self._newest = max(self._newest, int(score))
            self._take(user.decode(), int(score))

    def _take(self, user: str, at: int) -> None:
        if at > self._at.get(user, -1):
            self._at[user] = at
            for tell in self.heard:
                tell(user, at)
