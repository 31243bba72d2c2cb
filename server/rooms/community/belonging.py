"""Who belongs to whom a thing is for: the followers of a host, the members of the fan group.

Followers stand under the host's keys and members in the group's room, on a Cluster maybe on another
node than the room that asks. So they are read before its script runs, for a whole batch at once.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Literal

from redis.exceptions import RedisError

from server.protocol.codes import CommandError
from server.rooms.community.group_ids import group_id
from server.store.scripts import UNAVAILABLE_RETRY_MS, Scripts

Circle = Literal["followers", "group"]


class Belonging:
    """Answers for the rooms whose hosts `host_of(room_id)` names."""

    def __init__(self, scripts: Scripts, host_of: Callable[[str], Awaitable[str]]) -> None:
        self._scripts = scripts
        self._host_of = host_of

    async def of(self, room_id: str, circle: Circle, users: Collection[str]) -> set[str]:
        """Those of `users` who belong to the circle as of now. Raises CommandError."""
        if not users:
            return set()
        host, asked = await self._host_of(room_id), list(users)
        if circle == "followers":
            key = self._scripts.keys.host(host, "followers")
        else:
            key = self._scripts.keys.room(group_id(host), "members")
        try:
            found = await self._scripts.redis.hmget(key, asked)
        except (RedisError, OSError) as exc:
            raise CommandError(
                "unavailable",
                f"The store did not answer ({type(exc).__name__}); nothing was tried.",
                UNAVAILABLE_RETRY_MS,
            ) from exc
        return {user for user, value in zip(asked, found, strict=True) if value is not None}
