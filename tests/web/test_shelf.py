"""The shelf over HTTP: whole as ever, or page by page, and searched."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp
import pytest

from server.settings import Settings
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

SHELF = "/v1/rooms/r1/shelf"


@pytest.fixture
async def shop(settings: Settings) -> AsyncIterator[Api]:
    """A room with seven products."""
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, settings, worker.url)
        assert (await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"}))[0] == 201
        for n in range(7):
            body = {"sku": f"p-{n}", "title": f"Tasse à thé {n}", "price": n, "currency": "EUR"}
            assert (await api.send("PUT", f"{SHELF}/p-{n}", body))[0] == 200
        yield api


async def page(api: Api, query: str) -> tuple[list[str], int, str | None]:
    status, body = await api.send("GET", f"{SHELF}?{query}", user=None)
    assert status == 200, body
    return [each["sku"] for each in body["products"]], body["total"], body["next"]


async def test_without_a_query_the_shelf_is_one_list(shop: Api) -> None:
    _, whole = await shop.send("GET", SHELF, user=None)
    assert [each["sku"] for each in whole] == [f"p-{n}" for n in range(7)]


async def test_pages_miss_nothing_though_products_are_taken_off_between_them(shop: Api) -> None:
    first, total, cursor = await page(shop, "limit=3")
    assert (first, total) == (["p-0", "p-1", "p-2"], 7)
    assert (await shop.send("DELETE", f"{SHELF}/p-0"))[0] == 204
    second, total, after = await page(shop, f"limit=3&cursor={cursor}")
    assert (second, total) == (["p-3", "p-4", "p-5"], 6)
    assert await page(shop, f"limit=9&cursor={after}") == (["p-6"], 6, None)
    assert (await shop.send("DELETE", f"{SHELF}/p-2"))[0] == 204
    after_what_is_gone = await page(shop, f"limit=9&cursor={cursor}")
    assert after_what_is_gone == (["p-1", "p-3", "p-4", "p-5", "p-6"], 5, None)


async def test_the_shelf_is_searched_by_title_and_sku(shop: Api) -> None:
    assert (await page(shop, f"q={quote('TASSE a thé 5')}"))[0] == ["p-5"]
    assert (await page(shop, "q=p-6"))[0] == ["p-6"]
    assert (await page(shop, "q=the&limit=2"))[:2] == (["p-0", "p-1"], 7)
    assert await page(shop, "q=coffee") == ([], 0, None)
    for query in ("limit=0", "limit=201", f"q={'x' * 201}", f"cursor={'x' * 65}"):
        await shop.refused(400, "bad_message", "GET", f"{SHELF}?{query}", user=None)
