"""A real Redis Cluster on 127.0.0.1: some primaries, a replica where wanted, and its slots."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from loadtest.fanout.ready import free_port
from server.store.cluster import Node, slot_of
from server.store.keys import Keys
from tests.orders.redis_process import RedisProcess

SLOTS = 16_384


class RedisCluster:
    """Nodes by their number; the first `primaries` own the slots, evenly."""

    def __init__(self, nodes: Sequence[RedisProcess], primaries: int) -> None:
        self.nodes = nodes
        self.primaries = nodes[:primaries]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])

    def node(self, place: Node | None) -> RedisProcess:
        """The process behind an address."""
        assert place is not None
        return next(node for node in self.nodes if node.port == place.port)

    def room_on(self, number: int, keys: Keys) -> str:
        """A room id whose keys lie on this primary, while slots are as they were made."""
        per_node = SLOTS // len(self.primaries)
        return next(
            f"r{n}"
            for n in range(10_000)
            if slot_of(keys.room(f"r{n}", "room")) // per_node == number
        )

    async def make(self) -> None:
        """Let the nodes meet, share the slots, follow their primaries."""
        first, *others = self.nodes
        for number, node in enumerate(self.primaries):
            low = number * SLOTS // len(self.primaries)
            high = (number + 1) * SLOTS // len(self.primaries) - 1
            await node.client.execute_command("CLUSTER", "ADDSLOTSRANGE", low, high)
            await node.client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in others:
            port, bus_port = node.port, node.options["cluster-port"]
            await first.client.execute_command("CLUSTER", "MEET", "127.0.0.1", port, bus_port)
        for node in self.nodes:
            await until(lambda node=node: self._sees(node, len(self.nodes)))
        for number, node in enumerate(self.nodes[len(self.primaries) :]):
            await self._follow(node, self.primaries[number])
        for node in self.nodes:
            await until(lambda node=node: self._is_ok(node))

    async def _follow(self, replica: RedisProcess, primary: RedisProcess) -> None:
        name = await primary.client.execute_command("CLUSTER", "MYID")
        await replica.client.execute_command("CLUSTER", "REPLICATE", name)

        async def linked() -> bool:
            return (await replica.client.info("replication")).get("master_link_status") == "up"

        await until(linked)

    async def _sees(self, node: RedisProcess, count: int) -> bool:
        known = await node.client.execute_command("CLUSTER", "NODES")
        lines = known if isinstance(known, dict) else known.splitlines()
        return len(lines) == count and b"handshake" not in str(known).encode()

    async def _is_ok(self, node: RedisProcess) -> bool:
        info = await node.client.execute_command("CLUSTER", "INFO")
        text = info if isinstance(info, dict) else dict(_pairs(info))
        return bool(text.get("cluster_state") == "ok")

    async def listening(self, node: RedisProcess, channel: str) -> int:
        """How many connections hear a sharded channel at this node."""
        counts = await node.client.execute_command("PUBSUB", "SHARDNUMSUB", channel)
        return int(counts[1])

    async def move_slot(self, slot: int, source: RedisProcess, target: RedisProcess) -> int:
        """Move one slot with all its keys, as resharding does; the number of keys moved."""
        ids = [await n.client.execute_command("CLUSTER", "MYID") for n in (source, target)]
        await target.client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
        await source.client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
        moved = 0
        while keys := await source.client.execute_command("CLUSTER", "GETKEYSINSLOT", slot, 5):
            await source.client.execute_command(
                "MIGRATE", "127.0.0.1", target.port, "", 0, 60_000, "KEYS", *keys
            )
            moved += len(keys)
            await asyncio.sleep(0)  # viewers go on meanwhile
        for node in (target, source, *(n for n in self.primaries if n not in (source, target))):
            await node.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", ids[1])
        return moved


async def until(holds: Any, patience_s: float = 120) -> None:
    """Wait for something that only asking tells."""
    async with asyncio.timeout(patience_s):
        while True:
            with contextlib.suppress(RedisError, OSError):
                if await holds():
                    return
            await asyncio.sleep(0.02)


def _pairs(info: bytes | str) -> list[tuple[str, str]]:
    text = info.decode() if isinstance(info, bytes) else info
    return [(k, v) for k, _, v in (line.partition(":") for line in text.split()) if v]


@contextlib.asynccontextmanager
async def redis_cluster(
    folder: Path, primaries: int = 3, replicas: int = 0, node_timeout_ms: int = 60_000
) -> AsyncIterator[RedisCluster]:
    """A Cluster of its own, gone with the context.

    A node that is silent for `node_timeout_ms` counts as dead, also if it is only slow.
    """
    async with contextlib.AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(
                RedisProcess(
                    folder / str(n),
                    cluster_enabled="yes",
                    cluster_port=str(free_port()),
                    cluster_node_timeout=str(node_timeout_ms),
                    cluster_require_full_coverage="no",
                    cluster_config_file=str(folder / f"nodes-{n}.conf"),
                    appendfsync="everysec",
                    loglevel="warning",
                )
            )
            for n in range(primaries + replicas)
        ]
        cluster = RedisCluster(nodes, primaries)
        await cluster.make()
        yield cluster
