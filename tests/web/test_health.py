"""Alive, ready, and what is counted."""

import asyncio
import signal
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import MakeSettings
from tests.orders.redis_process import RedisProcess
from tests.running import running

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts


async def status(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(url) as response:
        return response.status


async def until(session: aiohttp.ClientSession, url: str, wanted: int) -> None:
    while await status(session, url) != wanted:
        await asyncio.sleep(0.02)


async def test_a_worker_is_alive_ready_and_counts(
    make_settings: MakeSettings, tmp_path: Path
) -> None:
    async with (
        RedisProcess(tmp_path / "redis") as redis,
        running(make_settings(redis={"url": redis.url}), "w1") as worker,
        aiohttp.ClientSession() as session,
    ):
        await until(session, f"{worker.url}/readyz", 200)
        assert await status(session, f"{worker.url}/healthz") == 200
        async with session.get(f"{worker.url}/metrics") as response:
            assert response.status == 200
            assert "liveroom_connections" in await response.text()


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_it_is_not_ready_while_redis_is_away_and_ready_again_by_itself(
    how: str, make_settings: MakeSettings, tmp_path: Path
) -> None:
    async with RedisProcess(tmp_path / "redis") as redis:
        settings = make_settings(
            redis={"url": redis.url, "command_timeout_s": 3},
            bus={"watchdog_interval_s": 0.1, "watchdog_timeout_s": 1},
        )
        async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
            ready = f"{worker.url}/readyz"
            await until(session, ready, 200)

            if how == "killed":
                await redis.kill()
            else:
                assert redis._process is not None
                redis._process.send_signal(signal.SIGSTOP)
            await until(session, ready, 503)
            assert await status(session, f"{worker.url}/healthz") == 200

            if how == "killed":
                await redis.start()
            else:
                assert redis._process is not None
                redis._process.send_signal(signal.SIGCONT)
            await until(session, ready, 200)
