"""The Python client by HTTP: all but the way is as on a socket."""

import asyncio
from typing import Any

import aiohttp
import pytest

from client_sim.client import CommandRefused, Options, RoomClient, Unanswered, Wire
from client_sim.client.wire import Message
from server.access.auth import mint
from server.protocol.roles import Role
from server.settings import Settings
from tests.client_sim.conftest import HOST, QUICK, ROOM, Cutter, Enter, token
from tests.client_sim.http_proxy import HttpProxy
from tests.conftest import MakeSettings
from tests.running import Worker

SHORT_S = 3
"""A token's life: enough to join with it."""


@pytest.fixture
def server_settings(make_settings: MakeSettings, limits: dict[str, Any]) -> Settings:
    return make_settings(edge=limits, jwt={"leeway_s": 0})


async def over(worker: Worker, held: str) -> None:
    """Wait until the worker refuses a token."""
    headers = {"Authorization": f"Bearer {held}"}
    async with aiohttp.ClientSession(worker.url, headers=headers) as http:
        while (await http.get("/v1/me")).status != 401:
            await asyncio.sleep(0.05)


async def heard(client: RoomClient, t: str) -> Message:
    """The next event of this kind."""
    async for event in client.events():
        if event["t"] == t:
            return event
    raise AssertionError(f"the events ended before `{t}`")


@pytest.mark.parametrize("limits", [{"ping_interval_s": 0.1, "ping_timeout_s": 60}])
async def test_a_stream_of_which_nothing_arrives_any_more_is_opened_anew(
    enter: Enter, host: RoomClient, cutter: Cutter
) -> None:
    ann = await enter("ann", url=cutter.url, wire=Wire.STREAM)
    cutter.swallowing = True

    lost = await heard(ann, "client.lost")
    cutter.swallowing = False
    cutter.cut()  # also what the client began meanwhile
    await heard(ann, "client.joined")
    await host.notice("again")

    assert (lost["code"], lost["reason"]) == (1006, "nothing was heard for 0.25 s")
    assert (await heard(ann, "notice"))["text"] == "again"


async def test_a_command_whose_token_is_over_asks_for_another_and_the_stream_stays(
    worker: Worker, server_settings: Settings, host: RoomClient
) -> None:
    tokens = [mint(server_settings, "ann", Role.VIEWER, ttl_s=SHORT_S), token("ann")]
    asked: list[str] = []

    def next_token() -> str:
        asked.append(tokens[len(asked)])
        return asked[-1]

    async with RoomClient(worker.url, ROOM, next_token, wire=Wire.STREAM, options=QUICK) as ann:
        await over(worker, tokens[0])
        said = await asyncio.gather(*(ann.request("like", n=1) for _ in range(3)))
        assert [reply["t"] for reply in said] == ["ok"] * 3
        assert asked == tokens
        assert ann.connections == 1


async def test_a_token_that_is_over_and_no_function_is_told(
    worker: Worker, server_settings: Settings, host: RoomClient
) -> None:
    held = mint(server_settings, "ann", Role.VIEWER, ttl_s=SHORT_S)
    async with RoomClient(worker.url, ROOM, held, wire=Wire.STREAM, options=QUICK) as ann:
        await over(worker, held)
        with pytest.raises(CommandRefused, match="bad_token"):
            await ann.like()
        assert ann.connected


@pytest.mark.parametrize("wire", Wire)
async def test_who_is_made_a_moderator_knows_it_at_once(
    enter: Enter, host: RoomClient, wire: Wire
) -> None:
    ann = await enter("ann", wire=wire)
    assert ann.you["role"] == "viewer"

    await host.request("moderator.add", user="ann")
    await heard(ann, "role")
    assert ann.you == {"user": "ann", "name": "Ann", "role": "moderator"}

    await host.request("moderator.remove", user="ann")
    await heard(ann, "role")
    assert ann.you["role"] == "viewer"


async def test_commands_of_a_new_moderator_go_one_after_the_other(
    enter: Enter, host: RoomClient, proxy: HttpProxy
) -> None:
    ann = await enter("ann", url=proxy.url, wire=Wire.STREAM)
    await host.request("moderator.add", user="ann")
    await heard(ann, "role")

    await asyncio.gather(*(ann.slow(seconds) for seconds in range(1, 9)))

    assert [command["seconds"] for command in proxy.posted] == list(range(1, 9))
    assert proxy.most_at_once == 1


async def test_a_command_that_was_told_as_unanswered_before_its_turn_is_never_sent(
    enter: Enter, host: RoomClient, proxy: HttpProxy
) -> None:
    hasty = Options(join_s_max=60, reply_s_max=0.3)
    boss = await enter(HOST, Role.HOST, url=proxy.url, wire=Wire.STREAM, options=hasty)
    proxy.free.clear()

    told = await asyncio.gather(boss.notice("一"), boss.notice("二"), return_exceptions=True)
    proxy.free.set()
    await boss.ping()

    assert [type(each) for each in told] == [Unanswered] * 2
    assert "二" not in [command.get("text") for command in proxy.posted]


@pytest.mark.parametrize("limits", [{"commands_burst": 1, "commands_per_s": 0.7}])
async def test_refusals_are_read_without_the_deprecated_field_and_to_the_millisecond(
    enter: Enter, proxy: HttpProxy
) -> None:
    proxy.without_error = True
    ann = await enter("ann", url=proxy.url, wire=Wire.STREAM)

    told = await asyncio.gather(*(ann.request("ping") for _ in range(9)), return_exceptions=True)

    refused = [each for each in told if isinstance(each, CommandRefused)]
    assert {each.code for each in refused} == {"rate_limited"}
    assert {(each.msg, each.retry_ms) for each in refused} == {
        (problem["detail"], problem["retry_ms"]) for problem in proxy.problems
    }
    with pytest.raises(CommandRefused) as away:
        async with RoomClient(proxy.url, "nowhere", token("ann"), wire=Wire.STREAM):
            raise AssertionError
    assert away.value.code == "not_found"
