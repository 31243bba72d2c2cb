"""A master, its replicas and the Sentinels that watch them, on 127.0.0.1."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from loadtest.fanout.ready import free_port
from server.store import redis_program
from server.store.redis_program import RedisProgram
from tests.cluster.redis_cluster import until
from tests.orders.redis_process import RedisProcess

SERVICE = "rooms"


def sentinel_on(port: int) -> Redis:
    """A client of one Sentinel, with more patience than redis-py's five seconds."""
    return Redis(port=port, socket_timeout=60)


class Watched:
    """Redis servers under Sentinels; `servers[0]` is the master at first."""

    def __init__(self, servers: list[RedisProcess], sentinels: list[int]) -> None:
        self.servers = servers
        self.sentinels = sentinels

    @property
    def url(self) -> str:
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"redis+sentinel://{hosts}/{SERVICE}"

    async def master(self) -> RedisProcess:
        """The server that the first Sentinel names now."""
        async with sentinel_on(self.sentinels[0]) as sentinel:
            address = await sentinel.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE)
        return next(server for server in self.servers if server.port == int(address[1]))

    async def step_down(self) -> None:
        """Have the Sentinels make another server the master, and wait until it is."""
        before = await self.master()
        async with sentinel_on(self.sentinels[0]) as sentinel:

            async def begun() -> bool:  # refused while no replica is known to be good enough
                return bool(await sentinel.execute_command("SENTINEL", "FAILOVER", SERVICE))

            await until(begun)

        async def replaced() -> bool:
            return await self.master() is not before

        await until(replaced)
        # What a Sentinel does when it next asks the old master, after ten seconds.
        after = await self.master()
        await before.client.execute_command("REPLICAOF", "127.0.0.1", after.port)

    async def are_ready(self) -> bool:
        """Whether each Sentinel knows every replica and the other Sentinels."""
        for port in self.sentinels:
            async with sentinel_on(port) as sentinel:
                replicas = await sentinel.execute_command("SENTINEL", "REPLICAS", SERVICE)
                others = await sentinel.execute_command("SENTINEL", "SENTINELS", SERVICE)
            if len(replicas) < len(self.servers) - 1 or len(others) < len(self.sentinels) - 1:
                return False
        return True


@contextlib.asynccontextmanager
async def redis_sentinels(
    folder: Path, replicas: int = 2, program: RedisProgram | None = None
) -> AsyncIterator[Watched]:
    """Three Sentinels of which two must agree; they give a master three seconds."""
    program = program or await redis_program.find()
    async with contextlib.AsyncExitStack() as stack:
        quick: dict[str, Any] = {
            "repl_timeout": "60",
            "loglevel": "warning",
            "appendfsync": "everysec",
        }
        master = RedisProcess(folder / "0", program=program, **quick)
        await stack.enter_async_context(master)
        servers = [master]
        for n in range(1, replicas + 1):
            replica = RedisProcess(folder / str(n), replicaof=master, program=program, **quick)
            servers.append(await stack.enter_async_context(replica))
        sentinels = [
            await stack.enter_async_context(_sentinel(folder, n, master.port, program))
            for n in range(3)
        ]
        watched = Watched(servers, sentinels)
        await until(watched.are_ready)
        yield watched


@contextlib.asynccontextmanager
async def _sentinel(
    folder: Path, number: int, master_port: int, program: RedisProgram
) -> AsyncIterator[int]:
    port = free_port()
    config = folder / f"sentinel-{number}.conf"
    config.write_text(
        f"port {port}\nbind 127.0.0.1\ndir {folder}\n"
        f"sentinel monitor {SERVICE} 127.0.0.1 {master_port} 2\n"
        f"sentinel down-after-milliseconds {SERVICE} 3000\n"
        f"sentinel failover-timeout {SERVICE} 6000\n"
    )
    child = await asyncio.create_subprocess_exec(
        *(str(program.path), str(config), "--sentinel"), stdout=asyncio.subprocess.DEVNULL
    )
    try:
        yield port
    finally:
        child.kill()
        await child.wait()
