"""Figures over HTTP: for the room's host and admins, as JSON and CSV."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.features.figures.reckoning.tables import TABLES
from server.protocol.roles import Role
from server.settings import Settings
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

FIGURES, STREAMS = "/v1/rooms/r1/figures", "/v1/hosts/h1/streams"


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, settings, worker.url)


async def room(api: Api, room_id: str = "r1", user: str = "h1") -> None:
    new = {"room": room_id, "title": "=cmd()"}
    assert (await api.send("POST", "/v1/rooms", new, user=user))[0] == 201


async def tables(api: Api, path: str) -> list[list[str]]:
    status, text = await api.send("GET", path)
    assert status == 200
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


async def test_a_host_reads_the_figures_of_a_room(api: Api) -> None:
    await room(api)
    await api.send("POST", "/v1/rooms/r1/live", {"phase": "live"})

    status, body = await api.send("GET", FIGURES)

    assert status == 200
    assert (body["room"], body["numbers"]["orders"], body["numbers"]["conversion"]) == (
        "r1",
        0,
        None,
    )
    assert body["started_ms"] <= body["at_ms"]
    assert (await api.send("GET", FIGURES, user="root", role=Role.ADMIN))[0] == 200


async def test_figures_are_for_the_host_of_the_room(api: Api) -> None:
    await room(api)
    for path in (FIGURES, f"{FIGURES}.csv", STREAMS):
        await api.refused(401, "bad_token", "GET", path, user=None)
        await api.refused(403, "forbidden", "GET", path, user="h2")
        for role in (Role.VIEWER, Role.MODERATOR):
            await api.refused(403, "forbidden", "GET", path, user="h1", role=role)
    await api.refused(403, "forbidden", "GET", FIGURES, rooms=["other"])
    await api.refused(404, "not_found", "GET", "/v1/rooms/nosuch/figures")


async def test_figures_come_as_tables_for_spreadsheets(api: Api) -> None:
    await room(api)
    product = {"sku": "=1+1", "title": "=cmd()", "price": 1, "currency": "CNY"}
    await api.send("PUT", "/v1/rooms/r1/shelf/=1+1", product)
    await api.send("PUT", "/v1/rooms/r1/pin", {"sku": "=1+1"})
    await api.send("POST", "/v1/rooms/r1/live", {"phase": "live"})

    everything = await tables(api, f"{FIGURES}.csv")
    titles = [row[0] for row in everything if len(row) == 1]
    products = await tables(api, f"{FIGURES}.csv?table=products")

    assert titles == list(TABLES)
    assert [row[:2] for row in products] == [["sku", "title"], ["'=1+1", "'=cmd()"]]
    await api.refused(400, "bad_message", "GET", f"{FIGURES}.csv?table=nosuch")


async def test_a_hosts_streams_are_listed_the_newest_first(api: Api) -> None:
    for room_id, user in (("r1", "h1"), ("r2", "h2"), ("r3", "h1"), ("r4", "h1")):
        await room(api, room_id, user)
    await api.send("POST", "/v1/rooms/r1/live", {"phase": "live"})
    await api.send("POST", "/v1/rooms/r3/live", {"phase": "live"})
    await api.send("POST", "/v1/rooms/r3/live", {"phase": "ended"})

    async def listed(query: str = "", **more: Any) -> list[tuple[str, str, bool]]:
        status, body = await api.send("GET", STREAMS + query, **more)
        assert status == 200
        return [(row["room"], row["phase"], row["numbers"] is not None) for row in body]

    rows = [("r4", "scheduled", False), ("r3", "ended", True), ("r1", "live", True)]
    assert sorted(await listed()) == sorted(rows)
    assert await listed("?limit=0") == []
    assert len(await listed("?offset=1&limit=1")) == 1
    assert await listed(rooms=["r3"]) == [("r3", "ended", True)]
    assert len(await listed(user="root", role=Role.ADMIN)) == 3
