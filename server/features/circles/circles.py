"""The circles of a host, for the features that lean on them."""

from collections.abc import Mapping, Sequence
from typing import Any

from server.features.circles.belonging import Belonging
from server.features.circles.group_ids import group_id
from server.features.circles.hosts import Hosts
from server.rooms.directory import Directory
from server.settings import Settings
from server.store.reading import asked
from server.store.scripts import Scripts


class Circles:
    """What is kept by host, and who belongs to what."""

    def __init__(self, scripts: Scripts, settings: Settings, directory: Directory) -> None:
        self._scripts = scripts
        self._directory = directory
        self.hosts = Hosts(scripts, settings, directory.rooms_of)
        self.belonging = Belonging(scripts, directory.host_of)
        self.follower_count = FollowerCount(self.hosts)

    async def own(self, room_id: str, users: Sequence[str]) -> list[Mapping[str, Any]]:
        """For each user whether they follow the room's host and belong to the fan group."""
        host = await self._directory.host_of(room_id)
        keys = self._scripts.keys
        pipeline = self._scripts.redis.pipeline(transaction=False)
        pipeline.hmget(keys.host(host, "followers"), users)
        pipeline.hmget(keys.room(group_id(host), "members"), users)
        following, member = await asked(pipeline.execute())
        return [
            {"following": bool(follows), "member": bool(belongs)}
            for follows, belongs in zip(following, member, strict=True)
        ]


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
