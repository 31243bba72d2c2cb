"""After which closes a client comes back: both clients and the protocol's page say the same."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from client_sim.client import RoomClient, RoomClosed, Wire
from client_sim.client.link import comes_back
from server.protocol.codes import CLOSES
from tests.client_sim.conftest import QUICK

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "protocol.md").read_text("utf-8")
OURS = {close.code: close.come_back for close in CLOSES}
OTHERS = (1001, 1007, 1008, 1010, 1012, 1013, 1014, 3000, 3999, 4001, 4099, 4100, 4399, 4499, 4500,
          4999)  # fmt: skip
CODES = sorted({*OURS, *OTHERS})
CUT = 1006
"""What clients call a connection that ends without a close."""
WAYS = ("said", "closed", "stream")
"""A `bye` and a close; a close alone; a `bye` on a stream."""


def expected(code: int) -> bool:
    """What the page says: its table, made from CLOSES, else the sentence below it."""
    sentence = re.search(r"^Of codes not listed, ([\d, ]+) and those from (\d+) on mean don't, and "
                         r"all others come back", PAGE, re.MULTILINE)  # fmt: skip
    assert sentence is not None
    final = {int(number) for number in re.findall(r"\d+", sentence[1])}
    return OURS.get(code, code not in final and code < int(sentence[2]))


class Closing:
    """A server that answers each join, and ends the connection as the room's name says."""

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        way, code = request.match_info["room"].split("-")
        ws = web.WebSocketResponse(protocols=("liveroom.v1.json",))
        await ws.prepare(request)
        join = await ws.receive_json()
        await ws.send_json([self._joined(join["ref"], request)])
        if way == "said":
            await ws.send_json([{"t": "bye", "code": int(code), "reconnect_ms": 1}])
        if int(code) == CUT:
            assert request.transport is not None
            request.transport.close()
        else:
            await ws.close(code=int(code))
        return ws

    async def stream(self, request: web.Request) -> web.StreamResponse:
        code = int(request.match_info["room"].split("-")[1])
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        frames: list[Any] = [[self._joined(1, request)]]
        if code != CUT:
            frames.append([{"t": "bye", "code": code, "reconnect_ms": 1}])
        for frame in frames:
            await response.write(f"data: {json.dumps(frame)}\n\n".encode())
        return response

    def _joined(self, ref: int, request: web.Request) -> dict[str, Any]:
        room = {"room": request.match_info["room"], "title": "x", "host": "h1", "host_name": "H",
                "phase": "live", "created": 1}  # fmt: skip
        you = {"user": "g1", "name": "Guest", "role": "guest"}
        return {"t": "ok", "ref": ref, "you": you, "epoch": "e", "seq": 0, "now": 1, "room": room}


@pytest.fixture
async def closing() -> AsyncIterator[str]:
    """The address of a server that ends every connection."""
    server, app = Closing(), web.Application()
    app.router.add_get("/v1/rooms/{room}/ws", server.socket)
    app.router.add_get("/v1/rooms/{room}/stream", server.stream)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def in_node(*arguments: str) -> dict[str, bool]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    page = await asyncio.create_subprocess_exec(
        node, "--experimental-websocket", "--no-warnings", HERE / "closes.mjs", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, wrong = await page.communicate()
    assert page.returncode == 0, wrong.decode()
    told: dict[str, bool] = json.loads(out)
    return told


async def in_python(url: str, room: str) -> bool:
    """Whether the client came back in fact."""
    wire = Wire.STREAM if room.startswith("stream") else Wire.JSON
    try:
        async with RoomClient(url, room, wire=wire, options=QUICK) as client:
            async for event in client.events():
                if event["t"] == "client.joined":
                    return True
    except RoomClosed as closed:
        if closed.code == int(room.split("-")[1]):
            return False
        raise
    raise AssertionError("the events ended, and nobody left")


def rooms(way: str) -> list[str]:
    return [f"{way}-{code}" for code in (*CODES, CUT)]


def as_the_page_says(way: str) -> dict[str, bool]:
    return {room: expected(int(room.split("-")[1])) for room in rooms(way)}


async def test_both_clients_have_the_rule_of_the_page_for_every_code_there_may_be() -> None:
    page = {str(code): expected(code) for code in range(1000, 5000)}

    in_js = await in_node("http://nowhere", "rule")

    assert {code: comes_back(int(code)) for code in page} == page
    assert {code: in_js[code] for code in page} == page


@pytest.mark.parametrize("way", WAYS)
async def test_the_python_client_comes_back_as_the_page_says(closing: str, way: str) -> None:
    came = await asyncio.gather(*(in_python(closing, room) for room in rooms(way)))

    assert dict(zip(rooms(way), came, strict=True)) == as_the_page_says(way)


@pytest.mark.parametrize("way", WAYS)
async def test_liveroom_js_comes_back_as_the_page_says(closing: str, way: str) -> None:
    by = "http" if way == "stream" else "websocket"

    assert await in_node(closing, by, *rooms(way)) == as_the_page_says(way)
