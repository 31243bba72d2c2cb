"""The first command of a connection, and those who never send it."""

import asyncio
import math
from typing import Any

import pytest

from server.access.auth import SESSION_COOKIE
from server.edge.connection import Connection
from server.edge.edge import Edge
from server.protocol.codes import (
    BAD_TOKEN,
    FORBIDDEN,
    INTERNAL,
    NO_JOIN,
    NO_ROOM,
    CommandError,
)
from server.protocol.roles import Role
from tests.edge.conftest import Connect, Token, shorten, time_is_up
from tests.edge.raw_socket import RawSocket, command


async def test_a_guest_gets_a_name_and_a_snapshot(raw: RawSocket) -> None:
    reply = await raw.join(ref=7)
    assert reply["ref"] == 7
    assert reply["you"]["role"] == "guest"
    assert reply["room"]["title"] == "Tea"
    assert reply["orders"] == []
    assert "missed" not in reply
    assert "gap" not in reply


async def test_a_viewer_is_who_the_token_says(raw: RawSocket, token: Token) -> None:
    reply = await raw.join(token("léa"))
    assert reply["you"] == {"user": "léa", "name": "Léa", "role": "viewer"}


async def test_a_viewer_named_like_the_host_has_another_name_in_all_they_say(
    raw: RawSocket, bystander: RawSocket, token: Token
) -> None:
    reply = await raw.join(token("ｈ１"))  # the host is called "H1"
    raw.send(command("comment", 2, text="all free today"))
    comment = await bystander.message("comment")

    assert reply["you"]["name"].startswith("viewer-")
    assert (comment["user"], comment["name"]) == ("ｈ１", reply["you"]["name"])


async def refused(raw: RawSocket, room: str = "r1", **fields: Any) -> tuple[str, int]:
    """The code of the error and that of the close."""
    await raw.upgrade(room=room)
    raw.send(command("join", 3, **fields))
    code, (error, bye) = await raw.ended()
    assert (error["t"], error["ref"]) == ("err", 3)
    assert (bye["t"], bye["code"]) == ("bye", code)
    assert "reconnect_ms" not in bye
    return error["code"], code


async def test_a_bad_token_is_refused_and_the_connection_closed(raw: RawSocket) -> None:
    assert await refused(raw, token="no.such.token") == ("bad_token", BAD_TOKEN.code)


async def test_a_token_for_other_rooms_is_refused(raw: RawSocket, token: Token) -> None:
    other = token(rooms=["r2"])
    assert await refused(raw, token=other) == ("forbidden", FORBIDDEN.code)


async def test_a_room_that_is_not_there_is_refused(raw: RawSocket) -> None:
    assert await refused(raw, room="r404") == ("not_found", NO_ROOM.code)


async def test_a_command_before_the_join_is_refused_under_its_ref(raw: RawSocket) -> None:
    await raw.upgrade()
    raw.send(command("ping", 4))
    [error] = await raw.messages()
    assert (error["ref"], error["code"]) == (4, "bad_message")
    assert "`join`" in error["msg"]
    raw.send(command("join", 5))
    assert (await raw.message("ok"))["ref"] == 5


async def test_a_second_join_is_refused_and_the_first_stands(joined: RawSocket) -> None:
    joined.send(command("join", 8))
    assert (await joined.message("err"))["ref"] == 8
    joined.send(command("ping", 9))
    assert (await joined.message("ok"))["ref"] == 9


@pytest.mark.parametrize("said", [b"", command("ping")], ids=["silent", "chatty"])
async def test_a_client_that_does_not_join_in_time_is_sent_away(
    edge: Edge, raw: RawSocket, bystander: RawSocket, said: bytes
) -> None:
    shorten(edge.waiting_for_join)
    await raw.upgrade()
    raw.send(said)
    code, messages = await raw.ended()
    assert code == NO_JOIN.code
    assert messages[-1] == {"t": "bye", "code": code}


async def test_a_client_that_joined_in_time_stays(
    edge: Edge, raw: RawSocket, connect: Connect
) -> None:
    await raw.join()
    late = await connect()
    await late.upgrade()
    time_is_up(edge.waiting_for_join)
    assert (await late.ended())[0] == NO_JOIN.code
    raw.send(command("ping", 9))
    assert (await raw.message("ok"))["ref"] == 9


async def test_a_guest_only_reads(raw: RawSocket) -> None:
    await raw.join()
    raw.send(command("comment", 2, text="hi"))
    error = await raw.message("err")
    assert (error["ref"], error["code"]) == (2, "forbidden")


async def test_a_viewer_cannot_do_what_the_host_can(joined: RawSocket) -> None:
    joined.send(command("unpin", 2))
    assert (await joined.message("err"))["code"] == "forbidden"


async def test_the_host_of_another_room_is_a_viewer_here(raw: RawSocket, token: Token) -> None:
    await raw.join(token("h2", Role.HOST))
    raw.send(command("unpin", 2), command("like", 3))
    assert (await raw.message("err"))["ref"] == 2
    assert (await raw.message("ok"))["ref"] == 3


async def test_a_returning_viewer_gets_what_was_missed(
    raw: RawSocket, connect: Connect, token: Token
) -> None:
    first = await raw.join(token("h1", Role.HOST))
    last = {"epoch": first["epoch"], "seq": first["seq"]}
    for n, text in enumerate(("a", "b"), 2):
        raw.send(command("notice", n, text=text))
        await raw.message("notice")
    reply = await (await connect()).join(last=last)
    assert [(e["seq"], e["text"]) for e in reply["missed"]] == [
        (last["seq"] + 1, "a"),
        (last["seq"] + 2, "b"),
    ]
    assert reply["room"]["notice"] == "b"
    assert reply["seq"] == last["seq"] + 2


@pytest.mark.parametrize("last", [{"epoch": "another", "seq": 0}, {"seq": 10**9}])
async def test_a_place_that_is_not_of_this_epoch_is_a_gap(
    raw: RawSocket, connect: Connect, last: dict[str, Any]
) -> None:
    first = await raw.join()
    reply = await (await connect()).join(last={"epoch": first["epoch"]} | last)
    assert reply["gap"] is True
    assert "missed" not in reply


async def test_a_viewer_who_missed_nothing_is_told_so(raw: RawSocket, connect: Connect) -> None:
    first = await raw.join()
    reply = await (await connect()).join(last={"epoch": first["epoch"], "seq": first["seq"]})
    assert reply["missed"] == []


def refusing(code: str, retry_ms: int) -> Any:
    """What refuses every join with this error."""

    async def join(*_: object) -> None:
        raise CommandError(code, "Not now.", retry_ms)

    return join


def told_nothing_yet(edge: Edge) -> None:
    """What anybody was told to wait is over."""
    for connection in edge.connections:
        assert isinstance(connection, Connection)
        connection._join_by = -math.inf


@pytest.mark.parametrize("code", ["unavailable", "internal", "rate_limited", "conflict"])
async def test_whoever_is_told_to_join_again_later_has_the_time_for_it(
    edge: Edge, raw: RawSocket, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    await raw.upgrade()
    with monkeypatch.context() as away:
        away.setattr(edge.rooms, "join", refusing(code, 5000))
        raw.send(command("join", 3))
        error = await raw.message("err")
    assert (error["ref"], error["code"], error["retry_ms"]) == (3, code, 5000)
    time_is_up(edge.waiting_for_join)  # the time that everybody has from the start
    raw.send(command("join", 4))
    assert (await raw.message_of("ok", "err"))["ref"] == 4


@pytest.mark.parametrize("limits", [{"commands_per_s": 0.1, "commands_burst": 4}])
async def test_a_join_that_came_too_fast_has_the_time_to_come_again(
    edge: Edge, raw: RawSocket
) -> None:
    await raw.upgrade()
    raw.send(*(command("ping", ref) for ref in range(1, 5)), command("join", 5))
    while (error := await raw.message("err"))["ref"] != 5:
        pass
    assert error["code"] == "rate_limited"
    time_is_up(edge.waiting_for_join)
    raw.send(command("join", 6))
    assert (await raw.message("err"))["ref"] == 6


async def test_a_client_that_does_not_join_again_after_a_late_failure_is_sent_away(
    edge: Edge, raw: RawSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def redis_takes_long(*_: object) -> None:
        asked.set()
        await answer.wait()
        raise CommandError("unavailable", "Redis does not answer.", 100)

    monkeypatch.setattr(edge.rooms, "join", redis_takes_long)
    await raw.upgrade()
    raw.send(command("join", 3))
    await asked.wait()
    time_is_up(edge.waiting_for_join)
    answer.set()
    error = await raw.message("err")
    assert (error["ref"], error["code"]) == (3, "unavailable")
    told_nothing_yet(edge)
    time_is_up(edge.waiting_for_join)
    code, _ = await raw.ended()
    assert code == NO_JOIN.code


@pytest.mark.parametrize("limits", [{"join_waits_max": 2}])
async def test_a_connection_that_never_gets_in_is_not_told_to_wait_for_ever(
    edge: Edge, raw: RawSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge.rooms, "join", refusing("unavailable", 700))
    await raw.upgrade()
    for ref in (3, 4):
        raw.send(command("join", ref))
        assert (await raw.message("err"))["ref"] == ref
    raw.send(command("join", 5))
    code, (error, bye) = await raw.ended()
    assert (error["ref"], error["code"]) == (5, "unavailable")
    assert (code, bye["code"], bye["reconnect_ms"]) == (INTERNAL.code, INTERNAL.code, 700)


@pytest.mark.parametrize(
    "limits", [{"join_waits_max": 2, "commands_per_s": 0.1, "commands_burst": 5}]
)
async def test_commands_that_come_too_fast_do_not_put_off_the_join_for_ever(
    edge: Edge, raw: RawSocket
) -> None:
    await raw.upgrade()
    raw.send(*(command("ping", ref) for ref in range(1, 8)))  # two of them too fast
    while (await raw.message("err"))["ref"] != 7:
        pass
    told_nothing_yet(edge)
    raw.send(command("ping", 8))
    assert (await raw.message("err"))["code"] == "rate_limited"
    time_is_up(edge.waiting_for_join)
    code, _ = await raw.ended()
    assert code == NO_JOIN.code


async def test_who_comes_by_cookie_is_the_same_in_the_second_try(
    edge: Edge, raw: RawSocket, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    await raw.upgrade(f"Cookie: {SESSION_COOKIE}={token('ann')}", "Origin: http://127.0.0.1")
    with monkeypatch.context() as away:
        away.setattr(edge.rooms, "join", refusing("unavailable", 100))
        raw.send(command("join", 3))
        assert (await raw.message("err"))["code"] == "unavailable"
    raw.send(command("join", 4))
    assert (await raw.message("ok"))["you"]["user"] == "ann"
