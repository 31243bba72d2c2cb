"""A relay in the test's own process, and a server that it asks who may."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

pytest.importorskip("aiortc", reason="the relay needs aiortc: pip install 'liveroom[relay]'")

from server.relay.endpoint import SDP, Endpoint
from server.relay.relay import Bounds, Relay
from server.relay.rights import Rights
from server.relay.serving import is_numbered, use_addresses_of
from server.web.errors import error_response

SECRET = "a secret of the relay, long enough to be one"
CARD = "live/demo"


@dataclass
class Desk:
    """Our server, as far as the relay asks it: the token is `yes` or not."""

    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """(action, path, token) of each question."""

    async def answer(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == aiohttp.encode_basic_auth("relay", SECRET)
        question = await request.json()
        self.asked.append((question["action"], question["path"], question["token"]))
        if question["token"] == "yes":
            return web.json_response({})
        if question["token"] == "over":
            return error_response("ended", "The stream of this room has ended.", 409)
        return error_response("bad_token", "Show a ticket.", 401)


@dataclass
class Rig:
    """The relay with its address, the desk it asks, and a client."""

    url: str
    desk: Desk
    relay: Relay
    rights: Rights
    http: aiohttp.ClientSession

    async def post(
        self, path: str, body: str | bytes, token: str = "yes", kind: str | None = SDP
    ) -> aiohttp.ClientResponse:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if kind is not None:
            headers["Content-Type"] = kind
        response = await self.http.post(self.url + path, data=body, headers=headers)
        await response.read()
        return response


@pytest.fixture
def bounds() -> Bounds:
    return Bounds(publishers_max=2, viewers_max=2, session_s_max=600)


@pytest.fixture
async def rig(bounds: Bounds, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    monkeypatch.setattr("aioice.ice.get_host_addresses", use_addresses_of("127.0.0.1"))
    desk = Desk()
    app = web.Application()
    app.router.add_post("/v1/media/auth", desk.answer)
    relay = Relay(bounds, lambda path: is_numbered(path, CARD))
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        rights = Rights(http, SECRET)
        rights.url = str(server.make_url("/v1/media/auth"))
        async with TestServer(Endpoint(relay, rights).app()) as served:
            try:
                yield Rig(str(served.make_url("")).rstrip("/"), desk, relay, rights, http)
            finally:
                await relay.aclose()


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it holds: pictures come when they come."""
    async with asyncio.timeout(60):
        while not await holds():
            await asyncio.sleep(0.02)
