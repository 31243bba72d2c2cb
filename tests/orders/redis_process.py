"""A Redis of a test's own, that may be killed, cut and started again."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any, Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from loadtest.fanout.ready import free_port
from server.store import redis_program
from server.store.redis_program import RedisProgram


class RedisProcess:
    """One Redis in `folder`, of the program that a server would take, or of another.

    Options are its own, with underscores for dashes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        replicaof: "RedisProcess | None" = None,
        program: RedisProgram | None = None,
        **options: str,
    ) -> None:
        self.folder = folder
        self.program = program
        self.port = free_port()
        self.options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "save": "",
            "appendonly": "yes",
            "appendfsync": "always",
            "dir": str(folder),
            "repl-diskless-sync-delay": "0",
        } | {name.replace("_", "-"): value for name, value in options.items()}
        if replicaof:
            self.options["replicaof"] = f"127.0.0.1 {replicaof.port}"
        self.client = Redis(port=self.port, retry=Retry(NoBackoff(), 0), socket_timeout=60)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()
        await self.client.aclose()

    async def start(self) -> None:
        """Start the server on what is in its folder and wait until it answers."""
        await asyncio.to_thread(self.folder.mkdir, parents=True, exist_ok=True)
        self.program = program = self.program or await redis_program.find()
        arguments = [f"--{name}" if i == 0 else part for name, value in self.options.items()
                     for i, part in enumerate((name, *(value.split() or [""])))]  # fmt: skip
        self._process = await asyncio.to_thread(
            subprocess.Popen, [str(program.path), *arguments], stdout=subprocess.DEVNULL
        )
        # What was connected to the last one would fail once more.
        await self.client.connection_pool.disconnect()
        async with asyncio.timeout(60):
            while not await self._answers():
                assert self._process.poll() is None, "redis-server did not start"
                await asyncio.sleep(0.01)

    async def _answers(self) -> bool:
        try:
            return bool(await self.client.ping())
        except (RedisError, OSError):
            return False

    async def kill(self) -> None:
        """kill -9: nothing is written after this."""
        assert self._process is not None
        self._process.kill()
        await asyncio.to_thread(self._process.wait)

    async def stop(self) -> None:
        """End the server if it runs; it may refuse a polite signal while it writes its log."""
        if self._process is not None and self._process.poll() is None:
            await self.kill()

    async def wait_for_sync(self, primary: "RedisProcess") -> None:
        """Wait until this replica follows its primary, and the primary knows."""
        async with asyncio.timeout(60):
            while (await self.info("replication")).get("master_link_status") != "up":
                await asyncio.sleep(0.02)
            await primary.client.set("synced", 1)
            while await primary.client.wait(1, 1000) < 1:
                pass

    async def info(self, section: str) -> dict[str, Any]:
        return dict(await self.client.info(section))
