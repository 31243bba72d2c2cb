"""The replay over HTTP: pages, moments, and who may not ask."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from server.settings import Settings
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

ROOM = "/v1/rooms/r1"
MUG = {"sku": "mug", "title": "青瓷杯", "price": 8900, "currency": "CNY"}
SALE = {"sku": "mug", "price": 7900, "stock": 3, "per_user": 2, "hold_s": 60}


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    """The room r1 of h1, over, with a mug that is still on sale."""
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        made = Api(session, settings, worker.url)
        await made.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
        await made.send("POST", f"{ROOM}/live", {"phase": "live"})
        await made.send("PUT", f"{ROOM}/shelf/mug", MUG)
        await made.send("PUT", f"{ROOM}/pin", {"sku": "mug"})
        assert (await made.send("POST", f"{ROOM}/sales", SALE))[0] == 201
        end = {"phase": "ended", "selling": True}
        assert (await made.send("POST", f"{ROOM}/live", end))[0] == 200
        yield made


async def test_anybody_reads_the_replay_in_pages(api: Api) -> None:
    status, first = await api.send("GET", f"{ROOM}/replay?limit=3", user=None)
    second = (await api.send("GET", f"{ROOM}/replay?after={first['next']}", user=None))[1]

    assert status == 200
    assert (first["title"], first["phase"], first["selling"]) == ("Tea", "ended", True)
    assert [e["t"] for e in first["entries"] + second["entries"]] == [
        "phase", "shelf", "pin", "sale", "phase",
    ]  # fmt: skip
    assert [e["minute"] for e in first["entries"]] == [0, 0, 0]
    assert "next" not in second
    assert not any("by" in e for e in first["entries"] + second["entries"])


async def test_anybody_asks_what_was_shown_at_a_moment_and_what_can_be_bought(api: Api) -> None:
    room = (await api.send("GET", ROOM, user=None))[1]
    end = room["ended"] - room["started"]

    status, shown = await api.send("GET", f"{ROOM}/replay/at?ms={end}", user=None)
    at_once = await api.send("GET", f"{ROOM}/replay/at?minute=0", user=None)

    assert (status, at_once[0]) == (200, 200)
    sale = room["sales"][0]["sale"]
    buy = [{"sale": sale, "price": 7900, "currency": "CNY", "left": 3}]
    assert shown["pin"] == {"product": MUG, "buy": buy}
    assert shown["shelf"] == [shown["pin"]]
    assert [(s["sale"], s["price"], s["buy"]) for s in shown["sales"]] == [(sale, 7900, buy[0])]
    assert [e["t"] for e in at_once[1]["entries"]] == ["phase", "shelf", "pin", "sale", "phase"]


@pytest.mark.parametrize(
    "query", ["", "minute=x", "minute=-1", "ms=1.5", "ms=1234567890123", "minute=1000001"]
)
async def test_a_moment_that_is_none_is_refused(api: Api, query: str) -> None:
    await api.refused(400, "bad_message", "GET", f"{ROOM}/replay/at?{query}", user=None)


async def test_a_replay_that_is_not_there_is_not_found(api: Api) -> None:
    await api.refused(404, "not_found", "GET", f"{ROOM}/replay/at?minute=999", user=None)
    await api.refused(404, "not_found", "GET", "/v1/rooms/nowhere/replay", user=None)
    await api.refused(400, "bad_message", "GET", f"{ROOM}/replay?after=x", user=None)


async def test_the_replay_of_a_fan_group_is_for_its_members(api: Api) -> None:
    await api.send("PUT", "/v1/hosts/h1/group", {"title": "Friends"})

    for path in ("replay", "replay/at?minute=0", "luckies", "luckies/l1/entrants"):
        await api.refused(401, "bad_token", "GET", f"/v1/rooms/fans:h1/{path}", user=None)
        await api.refused(403, "forbidden", "GET", f"/v1/rooms/fans:h1/{path}", user="h2")
    assert (await api.send("GET", "/v1/rooms/fans:h1/replay"))[0] == 200
