"""The sitemap: every page that everybody may find, and no other, in parts of a bounded size."""

import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator

import aiohttp
import pytest
from sqlalchemy import insert

from server.features.notes.tables import NOTES
from server.features.search.tables import ROOMS
from server.features.sitemap import addresses
from server.features.sitemap.addresses import Addresses
from server.records.database import Database
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api

SPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


async def put_rooms(records: Database, count: int, host: str, *, shown: bool = True) -> None:
    rows = [
        {
            "life": life, "room": f"{host}-{life}", "host": host, "host_name": host, "title": "Tea",
            "phase": "ended", "scheduled": 0, "started": life, "ended": life * 1000, "shown": shown,
        }
        for life in range(1 + len(host) * 100, 1 + len(host) * 100 + count)
    ]  # fmt: skip
    async with records.writing() as connection:
        await connection.execute(insert(ROOMS), rows)


async def put_notes(records: Database, *statuses: str) -> None:
    empty = dict.fromkeys(("title", "text"), "") | dict.fromkeys(
        ("tags", "goods", "rooms", "pictures"), "[]"
    )
    zero = dict.fromkeys(("created", "likes", "collects", "comments"), 0)
    rows = [
        {"note": f"n{n}", "author": "a", "status": status, "published": n, "changed": n * 1000}
        | empty
        | zero
        for n, status in enumerate(statuses, 1)
    ]
    async with records.writing() as connection:
        await connection.execute(insert(NOTES), rows)


async def test_the_parts_have_each_page_once_the_newest_first(
    records: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "PART_MAX", 2)
    await put_rooms(records, 5, "a")
    await put_rooms(records, 2, "bé&")
    await put_rooms(records, 3, "hidden", shown=False)
    listed = Addresses(records)
    await put_notes(records, "public", "draft", "held", "public", "removed", "public")
    parts = await listed.parts()
    assert parts == [
        *(("notes", n) for n in (1, 2)),
        *(("rooms", n) for n in (1, 2, 3, 4)),
        ("hosts", 1),
    ]

    found = [each for part in parts for each in await listed.part(*part)]
    assert [each for each in found if each.path.startswith("/note/")] == [
        ("/note/n6", 6000), ("/note/n4", 4000), ("/note/n1", 1000),
    ]  # fmt: skip
    assert [each.path for each in found if each.path.startswith("/h/")] == ["/h/b%C3%A9%26", "/h/a"]
    rooms = [each for each in found if each.path.startswith("/watch/")]
    assert len({each.path for each in rooms}) == len(rooms) == 7
    assert [each.changed for each in rooms] == sorted((r.changed for r in rooms), reverse=True)
    assert await listed.part("rooms", 5) == []
    monkeypatch.setattr(addresses, "PARTS_MAX", 1)
    assert await listed.parts() == [("notes", 1), ("rooms", 1), ("hosts", 1)]


@pytest.fixture
def loop_is_not_blocked() -> None:
    """A worker reads its scripts when it starts."""


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(
        records={"url": records_url}, server={"public_url": "https://live.example"}
    )


@pytest.fixture
async def api(records_settings: Settings, records: Database) -> AsyncIterator[Api]:
    await put_rooms(records, 2, "a<b")
    async with running(records_settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, records_settings, worker.url)


@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_a_search_engine_gets_from_robots_to_every_page(api: Api) -> None:
    async def read(url: str) -> ET.Element:
        path = url.removeprefix("https://live.example")
        async with api.session.get(api.url + path) as answer:
            assert (answer.status, answer.content_type) == (200, "text/xml")
            return ET.fromstring(await answer.text())

    status, robots = await api.send("GET", "/robots.txt", user=None)
    [sitemap] = [line[9:] for line in robots.splitlines() if line.startswith("Sitemap: ")]
    assert (status, sitemap) == (200, "https://live.example/sitemap.xml")
    assert "Disallow: /me" in robots
    assert "Disallow: /v1" not in robots
    parts = [loc.text or "" for loc in (await read(sitemap)).iter(f"{SPACE}loc")]
    pages = [loc.text for part in parts for loc in (await read(part)).iter(f"{SPACE}loc")]
    assert sorted(map(str, pages)) == [
        "https://live.example/h/a%3Cb",
        "https://live.example/watch/a%3Cb-301",
        "https://live.example/watch/a%3Cb-302",
    ]
    for missing in ("rooms-9.xml", "rooms-0.xml", "secrets-1.xml", "rooms-1"):
        await api.refused(404, "not_found", "GET", f"/sitemap/{missing}", user=None)
