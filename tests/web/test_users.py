"""Users under control: tokens revoked, bans from rooms and from buying, on two workers."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.background.clock import unix_ms
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.running import running
from tests.server.talk import Talk, talk
from tests.web.api import Api
from tests.web.test_me import open_room

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

ADMIN: dict[str, Any] = {"user": "root", "role": Role.ADMIN}
ANN: dict[str, Any] = {"user": "ann", "role": Role.VIEWER}
HOUR_MS = 3_600_000


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(orders={"fair_window_ms": 0})


@pytest.fixture
async def apis(web_settings: Settings) -> AsyncIterator[tuple[Api, Api]]:
    """Two workers of one store, with the live rooms r1 and r2 of h1, and a mug on sale."""
    async with (
        running(web_settings, "w1") as one,
        running(web_settings, "w2") as two,
        aiohttp.ClientSession() as session,
    ):
        here, there = Api(session, web_settings, one.url), Api(session, web_settings, two.url)
        for room in ("r1", "r2"):
            await open_room(here, room)
        yield here, there


async def closed_with(person: Talk) -> tuple[int | None, str]:
    """The code of the close, and the sentence before it."""
    code = await person.end()
    return code, next(m.get("msg", "") for m in person.messages if m["t"] == "bye")


async def test_revoked_tokens_are_refused_everywhere_and_their_connections_closed(
    apis: tuple[Api, Api],
) -> None:
    here, there = apis
    old = here.token("ann", Role.VIEWER)
    async with talk(here.url) as near, talk(there.url) as far, talk(there.url) as ben:
        for person in (near, far):
            await person.join(old)
        await ben.join(here.token("ben", Role.VIEWER))
        status, body = await here.send("POST", "/v1/users/ann/revoke", **ADMIN)
        assert (status, set(body)) == (200, {"at"})
        assert [await person.end() for person in (near, far)] == [4401, 4401]
        assert (await ben.ask("ping"))["t"] == "ok"
    for api in (here, there):
        async with talk(api.url) as ann:
            assert (await ann.ask("join", token=old))["code"] == "bad_token"
        async with talk(api.url) as ann:
            assert (await ann.join(api.token("ann", Role.VIEWER)))["t"] == "ok"
    await here.refused(403, "forbidden", "POST", "/v1/users/ann/revoke", **ANN)


async def test_a_ban_closes_the_room_until_it_is_lifted(apis: tuple[Api, Api]) -> None:
    here, there = apis
    token = here.token("ann", Role.VIEWER)
    until = unix_ms() + HOUR_MS
    async with talk(there.url, "r1") as in_r1, talk(there.url, "r2") as in_r2:
        await in_r1.join(token)
        await in_r2.join(token)
        body = {"reason": "spam.", "until": until}
        status, ban = await here.send("PUT", "/v1/rooms/r1/bans/ann", body)
        assert status == 200
        assert (ban["user"], ban["room"], ban["by"]) == ("ann", "r1", "h1")
        code, said = await closed_with(in_r1)
        assert code == 4403
        assert said.startswith("You may not come in until 20")
        assert said.endswith("UTC: spam.")
        assert (await in_r2.ask("comment", text="hello"))["t"] == "ok"
    for api in apis:
        async with talk(api.url, "r1") as ann:
            assert (await ann.ask("join", token=token))["msg"] == said
            assert await ann.end() == 4403
        bearer = {"headers": {"Authorization": f"Bearer {token}"}, "user": None}
        for method, path, sent in (
            ("GET", "/v1/rooms/r1", None),
            ("GET", "/v1/rooms/r1/stream", None),
            ("POST", "/v1/rooms/r1/commands", {"op": "like", "ref": 1}),
        ):
            assert await api.refused(403, "forbidden", method, path, sent, **bearer) == said
        assert (await api.send("GET", "/v1/rooms/r2", **ANN))[0] == 200
    async with talk(here.url, "r1") as guest:
        assert (await guest.join())["t"] == "ok"  # everybody may read
    assert (await here.send("DELETE", "/v1/rooms/r1/bans/ann"))[0] == 204
    async with talk(here.url, "r1") as ann:
        assert (await ann.join(token))["t"] == "ok"


async def test_a_ban_from_the_server_outlasts_it_and_leaves_a_user_what_is_theirs(
    apis: tuple[Api, Api], web_settings: Settings
) -> None:
    here, there = apis
    token = here.token("ann", Role.HOST)
    async with talk(there.url, "r1") as in_r1, talk(there.url, "r2") as in_r2:
        for person in (in_r1, in_r2):
            await person.join(token)
        await here.send("PUT", "/v1/users/ann/ban", {"reason": "fraud"}, **ADMIN)
        for person in (in_r1, in_r2):
            assert await closed_with(person) == (4403, "You may not come into any room: fraud.")
    async with running(web_settings, "w3") as later, aiohttp.ClientSession() as session:
        api = Api(session, web_settings, later.url)
        async with talk(api.url) as ann:
            assert (await ann.ask("join", token=token))["code"] == "forbidden"
        ann_host: dict[str, Any] = {"user": "ann", "role": Role.HOST}
        room = {"room": "r9", "title": "x"}
        said = await api.refused(403, "forbidden", "POST", "/v1/rooms", room, **ann_host)
        assert said == "You may not come into any room: fraud."
        goods = "/v1/merchants/ann/goods/mug"  # /v1/me is a user's own, /v1/merchants is not
        assert await api.refused(403, "forbidden", "DELETE", goods, **ann_host) == said
        assert (await api.send("GET", "/v1/me", **ann_host))[0] == 200
        assert (await api.send("POST", "/v1/me/sign-out-everywhere", **ann_host))[0] == 200
        assert (await api.send("GET", "/v1/rooms", **ann_host))[0] == 200


async def test_a_ban_from_buying_leaves_the_rest(apis: tuple[Api, Api]) -> None:
    here, there = apis
    async with talk(there.url) as ann:
        sale = (await ann.join(here.token("ann", Role.VIEWER)))["room"]["sales"][0]["sale"]
        first = (await ann.ask("buy", key="k1", sale=sale))["order"]["order"]
        body = {"reason": "returns everything", "buying": True}
        await there.send("PUT", "/v1/rooms/r1/bans/ann", body)
        said = "You may not buy in this room: returns everything."
        for op, fields in (
            ("buy", {"key": "k2", "sale": sale}),
            ("waitlist", {"sale": sale}),
            ("pay", {"order": first}),
        ):
            reply = await ann.ask(op, **fields)
            assert (reply["code"], reply["msg"]) == ("forbidden", said)
        assert (await ann.ask("comment", text="hello"))["t"] == "ok"
        assert (await ann.ask("cancel", order=first))["t"] == "ok"
        await there.send("DELETE", "/v1/rooms/r1/bans/ann")
        assert (await ann.ask("buy", key="k2", sale=sale))["t"] == "ok"


async def test_a_ban_ends_by_itself(apis: tuple[Api, Api]) -> None:
    here, _ = apis
    soon = {"reason": "a breath", "until": unix_ms() + 300}
    assert (await here.send("PUT", "/v1/rooms/r1/bans/ann", soon))[0] == 200
    replies: list[dict[str, Any]] = []
    while not replies or replies[-1]["t"] == "err":
        async with talk(here.url) as ann:
            replies.append(await ann.ask("join", token=here.token("ann", Role.VIEWER)))
        await asyncio.sleep(0.05)
    assert (await here.send("GET", "/v1/rooms/r1/bans"))[1] == {"bans": [], "next": None}


async def test_bans_are_read_by_page(apis: tuple[Api, Api]) -> None:
    here, there = apis
    for n in range(5):
        await here.send("PUT", f"/v1/rooms/r1/bans/u{n}", {"reason": "spam"})
    await here.send("PUT", "/v1/users/u3/ban", {"reason": "fraud"}, **ADMIN)
    await here.send("PUT", "/v1/rooms/r1/bans/u1", {"reason": "spam again"})

    async def listed(api: Api, path: str, **who: Any) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        cursor: str | None = ""
        while cursor is not None:
            _, page = await api.send("GET", f"{path}?limit=2&cursor={cursor}", **who)
            found += [(ban["user"], ban.get("room", "")) for ban in page["bans"]]
            cursor = page["next"]
        return found

    of_room = [(f"u{n}", "r1") for n in range(5)]
    everywhere = sorted([*of_room, ("u3", "")])
    while await listed(there, "/v1/bans", **ADMIN) != everywhere:
        await asyncio.sleep(0.05)
    assert await listed(here, "/v1/bans", **ADMIN) == everywhere
    assert await listed(there, "/v1/rooms/r1/bans") == of_room
    await here.refused(403, "forbidden", "GET", "/v1/bans")
    await here.refused(403, "forbidden", "GET", "/v1/rooms/r1/bans", **ANN)


BAD = [
    {}, {"reason": ""}, {"reason": "\u200b "}, {"reason": "x" * 201}, {"reason": "x", "until": 5},
    {"reason": "x", "until": 4_102_444_800_001}, {"reason": "x", "buying": "yes"},
    {"reason": "x", "user": "ben"},
]  # fmt: skip


async def test_a_ban_that_makes_no_sense_is_refused_and_bans_nobody(apis: tuple[Api, Api]) -> None:
    here, _ = apis
    for body in BAD:
        await here.refused(400, "bad_message", "PUT", "/v1/rooms/r1/bans/ann", body)
    good = {"reason": "spam"}
    await here.refused(409, "conflict", "PUT", "/v1/rooms/r1/bans/h1", good, **ADMIN)
    await here.refused(409, "conflict", "PUT", "/v1/users/root/ban", good, **ADMIN)
    await here.refused(400, "bad_message", "PUT", "/v1/users/a%0Ab/ban", good, **ADMIN)
    await here.refused(400, "bad_message", "GET", "/v1/bans?cursor=edited", **ADMIN)
    await here.refused(404, "not_found", "PUT", "/v1/rooms/none/bans/ann", good, **ADMIN)
    await here.refused(403, "forbidden", "PUT", "/v1/users/ann/ban", good)
    other_host: dict[str, Any] = {"user": "h2", "role": Role.HOST}
    await here.refused(403, "forbidden", "PUT", "/v1/rooms/r1/bans/ann", good, **other_host)
    assert (await here.send("GET", "/v1/bans", **ADMIN))[1]["bans"] == []
