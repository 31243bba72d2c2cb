"""A connection outlives its token at most by a setting; its client comes back with a new one."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from client_sim import CommandRefused, RoomClient, Wire
from server.access.auth import Identity, mint
from server.background.clock import unix_ms
from server.edge.edge import Edge
from server.edge.expiry import Expiry
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.edge.conftest import Token
from tests.running import Worker
from tests.server.talk import talk

RENEWING = Path(__file__).parent / "renewing.mjs"
HOUR_S = 3600


@pytest.fixture
def worker_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(jwt={"outlive_s": 0, "leeway_s": 0})


@pytest.fixture
def token(worker_settings: Settings) -> Token:
    def make(user: str = "u1", role: Role = Role.VIEWER, ttl_s: float = 24 * HOUR_S) -> str:
        return mint(worker_settings, user, role, user.title(), ttl_s=ttl_s)

    return make


def two_hours_pass(edge: Edge) -> None:
    """For tokens of connections, not for those that are checked."""
    edge._expiry._now_ms = lambda: unix_ms() + 2 * HOUR_S * 1000


class Sitting:
    """A connection as `Expiry` sees it."""

    address = "here"

    def __init__(self, expires_ms: int | None) -> None:
        self.who = None if expires_ms is None else Identity("u", "u", Role.VIEWER)
        if expires_ms:
            self.who = Identity("u", "u", Role.VIEWER, expires_ms=expires_ms)


async def test_each_connection_ends_once_its_own_time_is_over() -> None:
    now = [0]
    sitting: list[Any] = [Sitting(ms) for ms in (None, 0, 1_000, 9_000, 5_000)]
    ended: list[Any] = []

    def end(connection: Any) -> None:
        ended.append(sitting.index(connection))
        connection.who = None  # it is gone

    limits = Settings.model_validate({"jwt": {"outlive_s": 60, "leeway_s": 10}}).jwt
    expiry = Expiry(limits, sitting, end, lambda: now[0])
    for each in sitting:
        if each.who is not None and each.who.expires_ms:
            expiry.note(each.who.expires_ms)
    for at, expected in ((70_999, []), (71_000, [2]), (74_999, [2]), (80_000, [2, 3, 4])):
        now[0] = at
        await expiry.look()
        assert ended == expected


async def test_only_a_connection_whose_token_expired_is_closed(
    worker: Worker, edge: Edge, token: Token
) -> None:
    async with talk(worker.url) as short, talk(worker.url) as long, talk(worker.url) as guest:
        await short.join(token("u1", ttl_s=HOUR_S))
        await long.join(token("u2"))
        await guest.join()
        two_hours_pass(edge)
        assert await short.end() == 4005
        bye = short.messages[-1]
        assert bye["msg"] == "The token of this connection has expired: come back with a new one."
        assert bye["reconnect_ms"] > 0
        for person in (long, guest):
            assert (await person.ask("ping"))["t"] == "ok"


@pytest.mark.parametrize("wire", [Wire.JSON, Wire.STREAM])
async def test_the_python_client_renews_and_misses_nothing(
    worker: Worker, edge: Edge, token: Token, wire: Wire
) -> None:
    tokens = [token("u1", ttl_s=HOUR_S), token("u1")]
    host = RoomClient(worker.url, "r1", token("h1", Role.HOST))
    seqs: list[int] = []
    lost: list[int] = []

    async def watch(room: RoomClient) -> None:
        async for event in room.events():
            if event["t"] == "client.lost":
                lost.append(event["code"])
            elif "seq" in event:
                seqs.append(event["seq"])
            if room.connections == 2 and event["t"] == "notice" and len(seqs) > 5:
                return

    async with host, RoomClient(worker.url, "r1", lambda: tokens.pop(0), wire=wire) as viewer:
        two_hours_pass(edge)
        watching = asyncio.create_task(watch(viewer))
        number = 0
        while not watching.done():
            number += 1
            await host.request("notice", text=f"notice {number}")
            await asyncio.sleep(0.15)  # the pace that a host may have
        await watching
    assert lost == [4005]
    assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


async def test_a_client_whose_token_stays_refused_gives_up(worker: Worker, token: Token) -> None:
    asked = []

    def refused() -> str:
        asked.append(1)
        return token("u1", ttl_s=-60)

    with pytest.raises(CommandRefused, match="expired"):
        async with RoomClient(worker.url, "r1", refused):
            raise AssertionError
    assert len(asked) == 2


async def in_node(worker: Worker, *tokens: str) -> asyncio.subprocess.Process:
    node = shutil.which("node")
    assert node is not None
    return await asyncio.create_subprocess_exec(
        node, "--experimental-websocket", "--no-warnings", RENEWING, worker.url, *tokens,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def joins(page: asyncio.subprocess.Process) -> None:
    assert page.stderr is not None
    assert await page.stderr.readline() == b"joined\n"


async def test_liveroom_js_asks_its_page_for_a_new_token_and_keeps_its_place(
    worker: Worker, edge: Edge, token: Token
) -> None:
    page = await in_node(worker, token("u1", ttl_s=HOUR_S), token("u1"))
    async with RoomClient(worker.url, "r1", token("h1", Role.HOST)) as host:
        await joins(page)
        await host.request("notice", text="before")
        two_hours_pass(edge)
        await joins(page)
        await host.request("notice", text="over")
    out, _ = await page.communicate()
    told = json.loads(out)
    assert told["asked"] == [False, True]
    assert told["resumed"] is True
    assert told["notices"] == ["before", "over"]
    assert told["end"] is None


async def test_liveroom_js_asks_once_more_for_a_refused_token_then_gives_up(
    worker: Worker, token: Token
) -> None:
    page = await in_node(worker, token("u1", ttl_s=-60))
    out, _ = await page.communicate()
    told = json.loads(out)
    assert told["asked"] == [False, True]
    assert told["end"] == "bad_token"
