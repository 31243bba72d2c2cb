"""The search over REST, in rooms as they are made: what a host does is found a moment later."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.records.errors import RecordsAway
from server.settings import Settings
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

SHELF = {"sku": "wide", "title": "高腰阔腿裤", "price": 12900, "currency": "CNY",
         "points": ["梨形身材友好"]}  # fmt: skip


@pytest.fixture
async def api(records_settings: Settings) -> AsyncIterator[Api]:
    """A worker whose archive copies at once."""
    settings = records_settings.model_copy(
        update={"records": records_settings.records.model_copy(update={"archive_interval_s": 0.05})}
    )
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, settings, worker.url)


async def found(api: Api, query: str, **more: Any) -> list[dict[str, Any]]:
    status, body = await api.send("GET", "/v1/search", user=None, params={"q": query, **more})
    assert status == 200, body
    results: list[dict[str, Any]] = body["results"]
    return results


async def until_found(api: Api, query: str) -> list[dict[str, Any]]:
    while not (results := await found(api, query)):
        await asyncio.sleep(0.05)
    return results


async def test_what_a_host_does_is_found_by_everybody(api: Api) -> None:
    await api.send("POST", "/v1/rooms", {"room": "r1", "title": "秋季女装"})
    assert (await api.send("PUT", "/v1/rooms/r1/shelf/wide", SHELF))[0] == 200
    [result] = await until_found(api, "梨形身材适合的阔腿裤")
    # Each search has a mark of its own, once the worker has the key for it.
    result["link"] = re.sub(r":[A-Za-z0-9_-]{24}$", "", result["link"])
    assert result == {
        "kind": "goods", "id": "wide", "room": "r1", "title": "高腰阔腿裤", "host": "h1",
        "host_name": "h1", "room_title": "秋季女装", "phase": "scheduled",
        "link": "/watch/r1?from=search", "matches": [[2, 5]], "text": "梨形身材友好",
        "text_matches": [[0, 4]], "sku": "wide", "price": 12900, "currency": "CNY",
    }  # fmt: skip
    assert [each["kind"] for each in await found(api, "秋季女装", kind="room")] == ["room"]


@pytest.mark.parametrize(
    "query",
    [f"q={'裤' * 3000}", f"q={'a' * 200}", "q=a&limit=0", "q=a&limit=51", "q=a&kind=x",
     "q=a&cursor=!", "q=a&cursor=AAAA", "q=a&q=b", "q=a&page=2", "q=%00"],
)  # fmt: skip
async def test_a_query_that_cannot_be_taken_is_refused_with_a_sentence(
    api: Api, query: str
) -> None:
    # Ten kilobytes in an address are more than a request's head may have: see edge.
    if len(query) > 2000:
        async with api.session.get(f"{api.url}/v1/search?{query}") as response:
            assert response.status in (400, 414, 431)
        return
    await api.refused(400, "bad_message", "GET", f"/v1/search?{query}", user=None)


@pytest.mark.parametrize("query", ["", '"', "*", "NEAR(a b)", "AND", "%ff", "😀", "%20"])
async def test_signs_are_answered(api: Api, query: str) -> None:
    async with api.session.get(f"{api.url}/v1/search?q={query}") as response:
        assert (response.status, await response.json()) == (200, {"results": []})


async def test_records_that_are_away_are_unavailable(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise RecordsAway("The records do not answer.")

    monkeypatch.setattr("server.features.search.searching.query_of_text", away)
    await api.refused(503, "unavailable", "GET", "/v1/search?q=a", user=None)


async def test_a_draft_is_found_when_it_is_public_and_not_once_it_is_cancelled(api: Api) -> None:
    for room, hidden in (("d1", {"draft": True}), ("p1", {"practice": True}), ("open", {})):
        body = {"room": room, "title": "秋季女装", **hidden}
        assert (await api.send("POST", "/v1/rooms", body))[0] == 201
        assert (await api.send("PUT", f"/v1/rooms/{room}/shelf/wide", SHELF))[0] == 200

    async def until_in(*rooms: str) -> None:
        while {each["room"] for each in await found(api, "阔腿裤")} != set(rooms):
            await asyncio.sleep(0.05)

    await until_in("open")
    assert (await api.send("PATCH", "/v1/rooms/d1", {"draft": False}))[0] == 200
    await until_in("open", "d1")
    assert (await api.send("POST", "/v1/rooms/d1/cancel", {}))[0] == 200
    assert {each["room"] for each in await found(api, "阔腿裤")} == {"open"}  # at once
