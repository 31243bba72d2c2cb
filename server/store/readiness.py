"""Tests for `/readyz` whether orders can be stored now, by storing a value.

A Redis that answers PING may still be a replica, be full, have a failing disk, or lack the replicas
that it needs. A write that waits for the promise of `redis.durability` detects all of these, and
unforeseen faults too.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.store.cluster import Cluster, Node, slot_of
from server.store.durability import Durability, NotDurable
from server.store.keys import Keys
from server.store.refusals import refusal_of, words_of

ANSWER_S_MAX = 1.0
"""Longest wait for the store's answer."""
COPIES_MS_MAX = 500
"""Longest wait for the confirmation of the copies."""
KEPT_S = 0.5
"""How long an answer is reused, so that many probes don't cause as many syncs of Redis' disk."""
KEY_MS = 60_000
KEYS_TRIED_MAX = 10_000
"""Most keys tried to find one that a primary of a Cluster owns; without one it is skipped."""


class Readiness:
    """Answers all concurrent requests with one test write."""

    def __init__(
        self,
        redis: Any,
        keys: Keys,
        durability: Durability,
        clock: Callable[[], float] = time.monotonic,
        answer_s_max: float = ANSWER_S_MAX,
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._durability = durability._replace(wait_ms=min(durability.wait_ms, COPIES_MS_MAX))
        self._clock = clock
        self._answer_s_max = answer_s_max
        self._asking: asyncio.Task[str] | None = None
        self._asked_at = float("-inf")

    async def why_not(self) -> str:
        """Return a sentence why orders can't be stored now, or '' if they can.

        On a Cluster one working shard is enough, since rooms on it still work.
        """
        asking = self._asking
        if asking is None or (asking.done() and self._clock() - self._asked_at >= KEPT_S):
            asking = self._asking = asyncio.create_task(self._ask(), name="readiness")
        return await asyncio.shield(asking)

    async def aclose(self) -> None:
        """Stop the test write that is under way."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> str:
        try:
            async with asyncio.timeout(self._answer_s_max):
                return await self._why_not()
        except TimeoutError:
            return "Redis does not answer."
        except (RedisError, OSError) as error:
            return _sentence(error)
        finally:
            self._asked_at = self._clock()

    async def _why_not(self) -> str:
        if not isinstance(self._redis, Cluster):
            return await self._try_to_store(self._redis, self._keys.ready(0))
        why = "No node of the Cluster owns a slot."
        nodes = await self._redis.primaries()
        asked = [asyncio.create_task(self._why_not_at(node)) for node in nodes]
        try:
            for answer in asyncio.as_completed(asked):
                if not (why := await answer):
                    return ""  # doesn't wait for shards that hang
            return why
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)

    async def _why_not_at(self, node: Node) -> str:
        assert isinstance(self._redis, Cluster)
        key = _key_at(self._redis, node, self._keys)
        if key is None:
            return "A primary of the Cluster has no slots."
        try:
            return await self._try_to_store(self._redis.client_of(node), key)
        except (RedisError, OSError) as error:
            return _sentence(error)

    async def _try_to_store(self, redis: Redis, key: str) -> str:
        await redis.set(key, 1, px=KEY_MS)  # finds a new primary if necessary
        if self._durability.waits:
            pipeline: Any = redis.pipeline(transaction=False)
            pipeline.set(key, 1, px=KEY_MS)
            for question in self._durability.questions():
                pipeline.execute_command(*question)
            *_, kept = await pipeline.execute()
            if not self._durability.kept(kept):
                return (
                    f"Too few copies confirm what is written: redis.durability = "
                    f"{self._durability} is not kept."
                )
        try:  # a failover may have led to a Redis with another configuration
            await self._durability.check(redis)
        except NotDurable as broken:
            return str(broken)
        return ""


def _sentence(error: BaseException) -> str:
    """Return Redis' own words for a refusal. Other errors name hosts, so they are only logged."""
    if refusal_of(error):
        return f"Redis takes no writes: {words_of(error)}."
    return "Redis does not answer."


def _key_at(cluster: Cluster, node: Node, keys: Keys) -> str | None:
    """Return a key that this primary owns; None if it owns almost no slots."""
    for n in range(KEYS_TRIED_MAX):
        key = keys.ready(n)
        if cluster.owner_of_slot(slot_of(key)) == node:
            return key
    return None
