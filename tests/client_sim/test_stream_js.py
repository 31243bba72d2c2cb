"""liveroom.js by HTTP, in Node: what is told of a command is what becomes of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest

from client_sim.client import RoomClient
from server.access.auth import mint
from server.protocol.roles import Role
from server.settings import Settings
from tests.client_sim.conftest import HOST, MUG, ROOM, Enter, token
from tests.client_sim.http_proxy import HttpProxy
from tests.client_sim.streaming import Page, open_page
from tests.running import Worker

PIN_MUG = ["pin", {"sku": "mug"}]
UNPIN = ["unpin", {}]


def notice(text: str) -> list[Any]:
    return ["notice", {"text": text}]


Start = Callable[..., Any]


@pytest.fixture
async def start(proxy: HttpProxy) -> AsyncIterator[Start]:
    """`await start("ann")`: a page of that user, by way of the proxy."""
    async with AsyncExitStack() as pages:

        async def one(user: str, role: Role = Role.VIEWER, room: str = ROOM) -> Page:
            opened = open_page(proxy.url, room, token(user, role))
            return await pages.enter_async_context(opened)

        yield one


async def host_held_up(start: Start, proxy: HttpProxy) -> Page:
    """The host's page in the room; the proxy keeps each POST of it back until it is `free`."""
    page = await start(HOST, Role.HOST)
    await page.read("joined")
    proxy.free.clear()
    return page  # type: ignore[no-any-return]


async def test_a_command_told_as_timed_out_before_its_turn_is_never_sent(
    start: Start, host: RoomClient, proxy: HttpProxy
) -> None:
    page = await host_held_up(start, proxy)
    page.do("hurry", 50)

    told = await page.tell(PIN_MUG, notice("never"))
    page.do("hurry", 1)
    proxy.free.set()
    assert await page.tell(UNPIN) == ["ok"]

    assert [(each["code"], each["unanswered"]) for each in told] == [
        ("timeout", True),
        ("timeout", False),
    ]
    assert "notice" not in [command["op"] for command in proxy.posted]


async def test_one_command_without_an_answer_holds_up_the_next_no_longer_than_its_time(
    start: Start, host: RoomClient, proxy: HttpProxy
) -> None:
    page = await host_held_up(start, proxy)
    page.do("hurry", 50)
    [told] = await page.tell(PIN_MUG)
    page.do("hurry", 1)
    page.do("send", [UNPIN])
    while [command["op"] for command in proxy.posted] != ["pin", "unpin"]:  # the first is held yet
        await asyncio.sleep(0.02)
    proxy.free.set()
    assert (told["code"], await page.read("told")) == ("timeout", ["ok"])


async def test_what_waits_for_its_turn_when_the_room_is_left_is_never_sent(
    start: Start, host: RoomClient, proxy: HttpProxy
) -> None:
    page = await host_held_up(start, proxy)
    page.do("send", [PIN_MUG, notice("never")])
    while not proxy.posted:
        await asyncio.sleep(0.02)
    page.do("close")

    told = await page.read("told")
    proxy.free.set()
    await page.end()

    assert [(each["code"], each["unanswered"]) for each in told] == [
        ("closed", True),
        ("closed", False),
    ]
    assert [command["op"] for command in proxy.posted] == ["pin"]


async def test_commands_keep_their_order_over_a_stream_that_breaks(
    start: Start, host: RoomClient, proxy: HttpProxy
) -> None:
    page = await host_held_up(start, proxy)
    page.do("send", [PIN_MUG, notice("before")])
    while not proxy.posted:
        await asyncio.sleep(0.02)
    proxy.cut()
    assert await page.read("joined") is True
    page.do("send", [UNPIN])
    proxy.free.set()

    assert [await page.read("told"), await page.read("told")] == [["ok", "ok"], ["ok"]]
    assert [command["op"] for command in proxy.posted] == ["pin", "notice", "unpin"]
    assert proxy.most_at_once == 1


@pytest.mark.parametrize("limits", [{"commands_burst": 1, "commands_per_s": 0.7}])
async def test_refusals_are_read_without_the_deprecated_field_and_to_the_millisecond(
    start: Start, proxy: HttpProxy
) -> None:
    proxy.without_error = True
    page = await start("ann")
    await page.read("joined")

    told = await page.tell(*[["ping", {}]] * 9)
    waits = [each["retryMs"] for each in told if each != "ok"]
    assert {each["code"] for each in told if each != "ok"} == {"rate_limited"}
    assert sorted(waits) == sorted(problem["retry_ms"] for problem in proxy.problems)

    away = await start("ann", room="nowhere")
    assert await away.read("closed") == "not_found"


async def test_the_rest_of_a_shelf_is_read_though_the_token_at_hand_is_over(
    worker: Worker, server_settings: Settings, host: RoomClient, enter: Enter
) -> None:
    group = f"fans:{HOST}"  # for its members alone: elsewhere a token that is over is a guest's
    mine = {"Authorization": f"Bearer {token(HOST, Role.HOST)}"}
    async with aiohttp.ClientSession(worker.url, headers=mine, raise_for_status=True) as http:
        await http.put(f"/v1/hosts/{HOST}/group", json={"title": "Tea people"})
        await http.put(f"/v1/rooms/{group}/shelf/mug", json=MUG)
    await (await enter("ann")).group_join()
    good, over = (mint(server_settings, "ann", Role.VIEWER, ttl_s=ttl_s) for ttl_s in (3600, -3600))

    async with open_page(worker.url, group, good, over, good) as page:
        await page.read("joined")
        page.do("shelf")
        assert await page.read("shelf") == ["mug"]
