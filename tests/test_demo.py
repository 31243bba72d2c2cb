"""`make run`: what a person sees first."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from client_sim import content
from server.access.auth import TokenVerifier
from server.access.secret import with_secret
from server.house import load_settings
from server.protocol.roles import Role

pytestmark = pytest.mark.long("starts whole servers with a crowd in them")


@asynccontextmanager
async def demo_on(
    folder: Path, log_has: bytes = b"", host: str = "127.0.0.1"
) -> AsyncIterator[str]:
    """Run the demo on a data folder: what it says. It must end well, and without a traceback."""
    demo = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "server", "demo", "--port", "0", "--viewers", "3"),
        *("--data-dir", str(folder), "--host", host),
        env=os.environ | {"LIVEROOM_SERVER_DRAIN_S": "60"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert demo.stdout is not None
    try:
        yield (await demo.stdout.readuntil(b"Ctrl-C stops it.\n")).decode()
        if log_has:
            async with asyncio.timeout(120):
                await _until_logged(demo.stderr, log_has)
    finally:
        demo.send_signal(signal.SIGINT)
        _, log = await demo.communicate()
    assert demo.returncode == 0
    assert b"Traceback" not in log


async def _until_logged(log: asyncio.StreamReader | None, words: bytes) -> None:
    assert log is not None
    while words not in (line := await log.readline()):
        assert line, "the demo ended"


async def test_the_demo_prints_where_to_look_and_has_a_room_with_people_in_it(
    tmp_path: Path,
) -> None:
    async with demo_on(tmp_path) as said:
        online = await until_people_are_in(re.search(r"http://[\d.:]+", said)[0])  # type: ignore[index]

        await until_a_picture(re.search(r"http://[\d.:]+", said)[0])  # type: ignore[index]
        notes = await notes_at(re.search(r"http://[\d.:]+", said)[0])  # type: ignore[index]

    assert all(note["pictures"] for note in notes)

    assert online > 0
    addresses = {line.split()[-1] for line in said.splitlines() if "  http" in line}
    paths = {address.split("/", 3)[-1] for address in addresses}
    assert paths == {"", "watch/demo", "host/demo", "login", "ops"}
    settings, _ = await asyncio.to_thread(
        with_secret, load_settings(None, {"data.dir": str(tmp_path)})
    )
    verifier = TokenVerifier(settings)
    tokens = re.findall(r"(viewer|host) token\s+(\S+)", said)
    assert [(name, verifier.verify(token).role) for name, token in tokens] == [
        ("viewer", Role.VIEWER),
        ("host", Role.HOST),
    ]


async def notes_at(url: str) -> list[dict[str, Any]]:
    """The notes of the first page, once all are written."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(120):
        while True:
            async with session.get(f"{url}/v1/notes") as response:
                found: list[dict[str, Any]] = (await response.json())["notes"]
            if len(found) == len(content.notes()):
                return found
            await asyncio.sleep(0.05)


async def until_people_are_in(url: str) -> int:
    """Ask for the room until it is live and somebody watches; how many do."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(120):
        while True:
            async with session.get(f"{url}/v1/rooms") as response:
                for room in await response.json():
                    if room["phase"] == "live" and room.get("online", 0) > 0:
                        return int(room["online"])
            # People come when they like: there is nothing to await but the next answer.
            await asyncio.sleep(0.1)


async def until_a_picture(url: str) -> None:
    """Wait until the room says that there is a picture; the relay lets in who has a ticket."""
    if find_spec("aiortc") is None:
        return
    async with aiohttp.ClientSession() as session, asyncio.timeout(120):
        while True:
            async with session.get(f"{url}/v1/rooms/demo/picture") as response:
                picture = await response.json()
            if picture["at"]:
                break
            await asyncio.sleep(0.1)  # the crowd's host makes the room when it comes
        [whep] = picture["sources"]
        headers = {"Authorization": f"Bearer {whep['token']}", "Content-Type": "application/sdp"}
        address = whep["url"].replace("{host}", "127.0.0.1")
        async with session.post(address, data="no offer", headers=headers) as response:
            assert (response.status, (await response.json())["code"]) == (400, "bad_message")


@pytest.mark.torture("two whole demos more")
async def test_a_demo_after_an_ended_evening_takes_a_new_room(tmp_path: Path) -> None:
    async with demo_on(tmp_path, b"`make run` again opens a new room.") as said:
        url = re.search(r"http://[\d.:]+", said)[0]  # type: ignore[index]
        await until_people_are_in(url)
        host = re.search(r"host token\s+(\S+)", said)[1]  # type: ignore[index]
        headers = {"Authorization": f"Bearer {host}"}
        async with (
            aiohttp.ClientSession(url, headers=headers, raise_for_status=True) as http,
            http.post("/v1/rooms/demo/live", json={"phase": "ended"}),
        ):
            pass
    async with demo_on(tmp_path) as said:
        assert "/watch/demo-2" in said


@pytest.mark.torture("a whole demo more")
async def test_the_demo_has_people_on_an_ipv6_address_too(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    async with demo_on(tmp_path, host="::1") as said:
        found = re.search(r"http://\[::1\]:\d+", said)
        assert found, said
        assert await until_people_are_in(found[0]) > 0
