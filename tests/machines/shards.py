"""A shop on a Redis Cluster of three shards, each on a machine of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis

from server.store.cluster import slot_of
from server.store.redis_program import RedisProgram
from tests.machines.network import network
from tests.machines.site import FRONT, PEOPLE, WEBS, Site, await_

SHARDS = ("shard1", "shard2", "shard3")
SLOTS = 16_384
NODE_TIMEOUT_MS = 4000


class ShardedSite(Site):
    """A site whose rooms are spread over the shards."""

    @property
    def url(self) -> str:
        """The `redis.url` of the servers."""
        return "redis+cluster://" + ",".join(f"{self.wires[name].address}:6379" for name in SHARDS)

    def shard_of(self, room: str) -> str:
        """The machine that has a room."""
        return SHARDS[slot_of(self.keys.room(room, "room")) * len(SHARDS) // SLOTS]

    def owner_of(self, room: str) -> Redis:
        """A client of the Redis that has a room, over no network."""
        return self.redis(self.shard_of(room))

    def room_on(self, shard: str, name: str) -> str:
        """The id of a room, beginning with `name`, that lies on a shard."""
        return next(r for n in range(10_000) if self.shard_of(r := f"{name}{n}") == shard)

    def make_cluster(self) -> None:
        """Let the shards meet and share the slots evenly."""
        for number, name in enumerate(SHARDS):
            low, high = number * SLOTS // len(SHARDS), (number + 1) * SLOTS // len(SHARDS) - 1
            self.redis(name).execute_command("CLUSTER", "ADDSLOTSRANGE", low, high)
            self.redis(name).execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for name in SHARDS[1:]:
            address = self.wires[name].address
            self.redis(SHARDS[0]).execute_command("CLUSTER", "MEET", address, 6379)
        await_(self.is_whole, "the Cluster has all its slots")

    def is_whole(self) -> bool:
        """Whether each shard knows that all slots are served."""
        return all(self._has_all_slots(name) for name in SHARDS)

    def _has_all_slots(self, name: str) -> bool:
        info: Any = self.redis(name).execute_command("CLUSTER", "INFO")
        state = info if isinstance(info, dict) else _lines(info)
        return (state["cluster_state"], state["cluster_slots_ok"]) == ("ok", str(SLOTS))


def _lines(info: bytes | str) -> dict[str, str]:
    text = info.decode() if isinstance(info, bytes) else info
    return dict(line.split(":", 1) for line in text.split() if ":" in line)


@contextmanager
def sharded_site(folder: Path, program: RedisProgram) -> Iterator[ShardedSite]:
    """A site on three shards without replicas, which promises `fsync`. Raises NoMachines."""
    options = {
        "cluster_enabled": "yes",
        "cluster_node_timeout": str(NODE_TIMEOUT_MS),
        "cluster_require_full_coverage": "no",
    }
    with network([FRONT, *WEBS, *SHARDS, PEOPLE]) as wires:
        site = ShardedSite(wires, folder, program, "fsync", **options)
        for name in SHARDS:
            site.start_redis(name)
        site.make_cluster()
        for web in WEBS:
            site.start_server(web)
        site.await_servers()
        site.start_proxy()
        site.await_proxy()
        yield site
