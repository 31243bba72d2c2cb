"""The circles of a host, for the features that lean on them."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from redis.exceptions import RedisError

from server.features.circles.belonging import Belonging
from server.features.circles.group_ids import group_id
from server.features.circles.hosts import Hosts
from server.protocol.room import RoomCreate
from server.rooms.directory import Directory
from server.settings import Settings
from server.store.refusals import words_of
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)

HOST_S_MAX = 1.0
"""How long a join waits for the host's keys; less than a Cluster waits for a missing shard."""
UNREAD_MAX = 1000
"""Most hosts remembered as unreadable, so that the log names each once."""

Hear = Callable[[str, str, bool | None, bool | None], None]
"""(room, user, follows the host, belongs to the fan group); None: nothing new."""


def _hear_nothing(_room: str, _user: str, _follows: bool | None, _belongs: bool | None) -> None:
    return


class Circles:
    """The data kept by host, and the membership of circles."""

    def __init__(self, store: RoomStore, settings: Settings, directory: Directory) -> None:
        self._store = store
        self._directory = directory
        self._unread: set[str] = set()
        self.hosts = Hosts(store, settings, directory.rooms_of)
        self.belonging = Belonging(store, directory.host_of)
        self.follower_count = FollowerCount(self.hosts)
        self.hear: Hear = _hear_nothing
        """Hears who was found to follow or belong, or does so from now on; set it once."""

    async def own(self, room_id: str, users: Sequence[str]) -> list[Mapping[str, Any]]:
        """For each user: whether they follow the room's host, and belong to the fan group.

        The host's keys may be on another shard. While that shard is down, users join as if they
        did not follow the host; their next join shows the true values.
        """
        host = await self._directory.host_of(room_id)
        keys = self._store.keys
        pipeline = self._store.redis.pipeline(transaction=False)
        pipeline.hmget(keys.host(host, "followers"), users)
        pipeline.hmget(keys.room(group_id(host), "members"), users)
        try:
            async with asyncio.timeout(HOST_S_MAX):
                answers = await pipeline.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            answers = [error, error]
        following, member = (self._or_nothing(host, answer, users) for answer in answers)
        for user, follows, belongs in zip(users, following, member, strict=True):
            if follows or belongs:
                self.hear(room_id, user, bool(follows), bool(belongs))
        return [
            {"following": bool(follows), "member": bool(belongs)}
            for follows, belongs in zip(following, member, strict=True)
        ]

    def changed(
        self, room_id: str, user: str, *, follows: bool | None = None, belongs: bool | None = None
    ) -> None:
        """Note what a user of a room has just changed: whether they follow its host, or belong to
        the fan group."""
        self.hear(room_id, user, follows, belongs)

    def _or_nothing(self, host: str, answer: Any, users: Sequence[str]) -> list[object]:
        if not isinstance(answer, Exception):
            self._unread.discard(host)
            return list(answer)
        if host not in self._unread:
            _log.warning("Who follows %s can't be read: %s.", host, words_of(answer))
            if len(self._unread) >= UNREAD_MAX:
                self._unread.clear()
            self._unread.add(host)
        return [None] * len(users)


class FollowerCount:
    """Sets the number of the host's followers in a new room."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def must_be_free(self, room_id: str) -> None:
        """Accept any id."""

    async def begin(
        self,
        host: str,
        room_id: str,
        wish: RoomCreate | None,  # noqa: ARG002  (founders are given it)
    ) -> Mapping[str, Any]:
        """The number of followers, and its place in the host's log."""
        following = await self._hosts.follow(host, room_id, [])
        return {"followers": following.total, "as_of": following.as_of}

    async def finish(self, host: str, room_id: str) -> None:
        """Do nothing: the next follow, or the start, updates the number."""
