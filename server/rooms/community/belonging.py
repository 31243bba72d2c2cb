"""Who belongs to whom a thing is for: the followers of a host, the members of the fan group.

Followers stand under the host's keys and members in the group's room, on a Cluster maybe on another
node than the room that asks. So they are read before its script runs, for a whole batch at once.
"""

from collections.abc import Awaitable, Callable, Collection
from typing import Literal

from server.rooms.community.group_ids import group_id
from server.store.reading import reading
from server.store.scripts import Scripts

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
        with reading():
            found = await self._scripts.redis.hmget(key, asked)
        return {user for user, value in zip(asked, found, strict=True) if value is not None}
