"""docs/custom-events.md: its program, its very text, run against a server as a shop would."""

import asyncio
import re
import sys
from pathlib import Path

import aiohttp
import pytest

from server.access.auth import mint
from server.protocol.roles import Role
from server.settings import Settings
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

PAGE = (Path(__file__).parents[2] / "docs" / "custom-events.md").read_text("utf-8")
PROGRAM = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[-1]
SCOPES = re.findall(r"--scope ([a-z]+:[a-z]+)", PAGE)


async def test_the_program_of_the_page_does_what_it_says(settings: Settings) -> None:
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, settings, worker.url)
        await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
        await api.send("POST", "/v1/rooms/r1/live", {"phase": "live"})
        token = mint(settings, "shop", Role.VIEWER, name="The shop", scopes=SCOPES)

        ran = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM, worker.url, token, "r1"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, wrong = await ran.communicate()

        assert ran.returncode == 0, wrong.decode()
        assert re.fullmatch(r"told as 2\nsaid as c\w+\nhere: 0\n", said.decode())
        [comment] = (await api.send("GET", "/v1/rooms/r1", user=None))[1]["comments"]
        assert (comment["name"], comment["role"]) == ("The shop", "system")
