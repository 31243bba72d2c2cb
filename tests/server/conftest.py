"""Whole servers: in this process, or as `liveroom serve` with signals of their own."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from server.access.auth import mint
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import JWT_SECRET, MakeSettings

START_S_MAX = 120
PATIENT = {"LIVEROOM_EDGE_JOIN_S_MAX": "60", "LIVEROOM_REDIS_COMMAND_TIMEOUT_S": "60"}


@pytest.fixture(autouse=True)
def loop_is_not_blocked() -> None:
    """A worker reads its scripts when it starts."""


Token = Callable[..., str]


@pytest.fixture
def token(settings: Settings) -> Token:
    """`token("ann")`, `token("h1", Role.HOST)`."""

    def make(user: str, role: Role = Role.VIEWER, **more: Any) -> str:
        return mint(settings, user, role, **more)

    return make


class Shop:
    """A room over REST, as its host."""

    def __init__(self, url: str, host_token: str) -> None:
        self.url, self._token = url, host_token

    async def send(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON body of an answer that must be good."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, json=body, headers=headers) as response,
        ):
            answer = await response.json()
            assert response.status < 300, answer
            return answer

    async def open(self, stock: int = 1000) -> str:
        """Make the live room r1, sell a mug; the sale's id."""
        await self.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
        mug = {"sku": "mug", "title": "Mug", "price": 100, "currency": "CNY"}
        await self.send("PUT", "/v1/rooms/r1/shelf/mug", mug)
        await self.send("POST", "/v1/rooms/r1/live", {"phase": "live"})
        sale = {"sku": "mug", "price": 90, "stock": stock, "per_user": 1000, "hold_s": 600}
        opened = await self.send("POST", "/v1/rooms/r1/sales", sale)
        return str(opened["sale"])


OpenShop = Callable[[str], Shop]


@pytest.fixture
def shop(token: Token) -> OpenShop:
    """The shop of `h1` on a server."""
    return lambda url: Shop(url, token("h1", Role.HOST))


@dataclass
class Served:
    """A `liveroom serve` that takes viewers."""

    process: asyncio.subprocess.Process
    url: str

    async def end(self) -> int:
        """Wait for its end: its status."""
        async with asyncio.timeout(START_S_MAX):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode


Serve = Callable[..., Awaitable[Served]]


@pytest.fixture
async def serve(
    settings: Settings, make_settings: MakeSettings, tmp_path: Path
) -> AsyncIterator[Serve]:
    """Start `liveroom serve` in this test's data folder; more arguments, more environment."""
    started: list[asyncio.subprocess.Process] = []

    async def start(*arguments: str, **env: str) -> Served:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "server", "serve", "--data-dir", str(tmp_path / "data")),
            *("--port", "0", *arguments),
            env=os.environ | PATIENT | {"LIVEROOM_JWT_SECRET": JWT_SECRET} | env,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        started.append(process)
        assert process.stdout is not None
        async with asyncio.timeout(START_S_MAX):
            line = (await process.stdout.readline()).decode()
        found = re.search(r"Liveroom is at (http://\S+)", line)
        assert found, line
        return Served(process, found[1])

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()
