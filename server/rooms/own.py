"""What somebody who joins has done here before: their own part of the reply to `join`.

Read for a whole batch of joins at once. The room knows most of it, the host the rest; both are
asked at the same time, since many join at the same moment and each waits for this. The host's keys
may lie on another shard: while that is away people are let in as if they followed nobody, and see
what they do follow when they join again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from msgspec import msgpack, structs
from redis.exceptions import RedisError

from server.protocol.community import Mine
from server.protocol.models import Order
from server.rooms.community.group_ids import group_id
from server.store.refusals import words_of
from server.store.scripts import Scripts

log = logging.getLogger(__name__)

_MINE = msgpack.Decoder(list[Mine])

HOST_S_MAX = 1.0
"""Time a join waits for what the host knows; less than a Cluster waits for a shard to come back."""
UNREAD_MAX = 1000
"""Hosts whose keys could not be read and whom the log names once."""


class OwnPart(NamedTuple):
    """One viewer's orders in the room, newest first, and the rest of what they did."""

    orders: list[Order]
    mine: Mine


class Own:
    """Reads it. `orders_of(room_id, users)` and `host_of(room_id)` are other features' answers."""

    def __init__(
        self,
        scripts: Scripts,
        orders_of: Callable[[str, list[str]], Awaitable[dict[str, list[Order]]]],
        host_of: Callable[[str], Awaitable[str]],
    ) -> None:
        self._scripts = scripts
        self._orders_of = orders_of
        self._host_of = host_of
        self._unread: set[str] = set()

    async def of(self, room_id: str, users: list[str]) -> list[OwnPart]:
        """One part a user, in order; a user may be named twice. Raises CommandError."""
        orders, mine, (following, member) = await asyncio.gather(
            self._orders_of(room_id, users),
            self._scripts.run("mine_of", room_id, {"users": users}, _MINE),
            self._of_host(await self._host_of(room_id), users),
        )
        return [
            OwnPart(
                orders[user],
                structs.replace(mine[i], following=bool(following[i]), member=bool(member[i])),
            )
            for i, user in enumerate(users)
        ]

    async def _of_host(self, host: str, users: list[str]) -> tuple[list[object], list[object]]:
        keys = self._scripts.keys
        pipeline = self._scripts.redis.pipeline(transaction=False)
        pipeline.hmget(keys.host(host, "followers"), users)
        pipeline.hmget(keys.room(group_id(host), "members"), users)
        try:
            async with asyncio.timeout(HOST_S_MAX):
                answers = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            answers = [error, error]
        following, member = (self._or_nothing(host, answer, users) for answer in answers)
        return following, member

    def _or_nothing(self, host: str, answer: Any, users: list[str]) -> list[object]:
        if not isinstance(answer, Exception):
            self._unread.discard(host)
            return list(answer)
        if host not in self._unread:
            log.warning("Who follows %s can't be read: %s.", host, words_of(answer))
            if len(self._unread) >= UNREAD_MAX:
                self._unread.clear()
            self._unread.add(host)
        return [None] * len(users)
