"""The circles of a host, for the features that lean on them."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from redis.exceptions import RedisError

from server.features.circles.belonging import Belonging
from server.features.circles.group_ids import group_id
from server.features.circles.hosts import Hosts
from server.rooms.directory import Directory
from server.settings import Settings
from server.store.refusals import words_of
from server.store.scripts import Scripts

_log = logging.getLogger(__name__)

HOST_S_MAX = 1.0
"""Time a join waits for what the host knows; less than a Cluster waits for a shard to come back."""
UNREAD_MAX = 1000
"""Hosts whose keys could not be read and whom the log names once."""


class Circles:
    """What is kept by host, and who belongs to what."""

    def __init__(self, scripts: Scripts, settings: Settings, directory: Directory) -> None:
        self._scripts = scripts
        self._directory = directory
        self._unread: set[str] = set()
        self.hosts = Hosts(scripts, settings, directory.rooms_of)
        self.belonging = Belonging(scripts, directory.host_of)
        self.follower_count = FollowerCount(self.hosts)

    async def own(self, room_id: str, users: Sequence[str]) -> list[Mapping[str, Any]]:
        """For each user whether they follow the room's host and belong to the fan group.

        The host's keys may lie on another shard: while that is away people are let in as if they
        followed nobody, and see what they do follow when they join again.
        """
        host = await self._directory.host_of(room_id)
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
        return [
            {"following": bool(follows), "member": bool(belongs)}
            for follows, belongs in zip(following, member, strict=True)
        ]

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
    """Has a new room begin with the number of the host's followers."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def must_be_free(self, room_id: str) -> None:
        """Any id will do."""

    async def begin(self, host: str, room_id: str) -> Mapping[str, Any]:
        """How many follow, and as of when."""
        following = await self._hosts.follow(host, room_id, [])
        return {"followers": following.total, "as_of": following.as_of}

    async def finish(self, host: str, room_id: str) -> None:
        """The next follow, or the start, brings the number up to date."""
