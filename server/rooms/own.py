"""What somebody who joins has done here before: their own part of the reply to `join`.

Read for a whole batch of joins at once. The room knows most of it, the host the rest; both are
asked at the same time, since many join at the same moment and each waits for this.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from msgspec import msgpack, structs

from server.protocol.community import Mine
from server.protocol.models import Order
from server.rooms.community.group_ids import group_id
from server.rooms.community.hosts import asked
from server.store.scripts import Scripts

_MINE = msgpack.Decoder(list[Mine])


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
        following, member = await asked(pipeline.execute())
        return following, member
