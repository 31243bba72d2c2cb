"""Reviews: by who paid, answered once, hidden by the operator alone, carried on."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.features.reviews.reviews import forget_reviews
from server.features.sending.deliveries import forget_deliveries
from server.house import records_of
from server.records.forgotten import pseudonym_of
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.records.bought import ANN, BEN, HOME, M1, OTHER, ROOT, buy, done, open_room, until
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

GOOD = {"stars": 5, "text": "薄如纸", "pictures": ["https://pics.example/1.jpg"]}


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(
        records={"url": records_url, "archive_interval_s": 0.05}, orders={"fair_window_ms": 0}
    )


@pytest.fixture
async def api(records_settings: Settings) -> AsyncIterator[Api]:
    async with running(records_settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, records_settings, worker.url)


def place(order: dict[str, Any], n: int = 0) -> str:
    """Where the review of a line stands."""
    return f"/v1/rooms/{order['room']}/orders/{order['order']}/reviews/{order['lines'][n]['sale']}"


async def test_who_paid_writes_the_owner_answers_once_and_only_the_operator_hides(api: Api) -> None:
    await open_room(api, "r1")
    order, bens = await buy(api, "r1"), await buy(api, "r1", "ben")
    of_mug, mine = "/v1/hosts/h1/products/mug/reviews", "/v1/me/reviews"
    await api.refused(404, "not_found", "PUT", place(order), GOOD, **BEN)
    await api.refused(404, "not_found", "PUT", f"{place(order)}x", GOOD, **ANN)
    for bad in ({"stars": 6}, {"stars": 0}, GOOD | {"pictures": ["http://pics.example/1"]}):
        await api.refused(400, "bad_message", "PUT", place(order), bad, **ANN)
    await api.refused(403, "forbidden", "PUT", place(order), GOOD | {"text": "傻逼"}, **ANN)
    assert (await done(api, "GET", of_mug, user=None))["count"] == 0

    written = await done(api, "PUT", place(order), GOOD, **ANN)
    assert await done(api, "PUT", place(order), GOOD, **ANN) == written
    bad = await done(api, "PUT", place(bens), {"stars": 1, "text": "裂了"}, **BEN)
    page = await done(api, "GET", of_mug, user=None)
    assert (page["count"], page["average"], page["by_stars"]) == (2, 3.0, [1, 0, 0, 0, 1])
    assert [each["name"] for each in page["reviews"]] == ["b**", "a**"]
    assert page["reviews"][1]["pictures"] == GOOD["pictures"]
    first = await done(api, "GET", f"{of_mug}?limit=1", user=None)
    rest = await done(api, "GET", f"{of_mug}?limit=1&cursor={first['next']}", user=None)
    assert first["reviews"] + rest["reviews"] == page["reviews"]
    assert rest["next"] is None

    answer = f"/v1/hosts/h1/reviews/{bad['review']}/answer"
    await api.refused(403, "forbidden", "POST", answer, {"text": "Sorry."}, **OTHER)
    other = answer.replace("h1", "h2")
    await api.refused(404, "not_found", "POST", other, {"text": "Sorry."}, **OTHER)
    answered = await done(api, "POST", answer, {"text": "We replace it."})
    assert await done(api, "POST", answer, {"text": "We replace it."}) == answered
    await api.refused(409, "conflict", "POST", answer, {"text": "No."})
    waiting = await done(api, "GET", "/v1/hosts/h1/reviews?unanswered=1")
    assert [each["review"] for each in waiting["reviews"]] == [written["review"]]

    hide = f"/v1/reviews/{bad['review']}/hide"
    await api.refused(403, "forbidden", "POST", hide, {"reason": "It is bad for us."})
    await done(api, "POST", hide, {"reason": "an insult"}, **ROOT)
    page = await done(api, "GET", of_mug, user=None)
    assert (page["count"], page["hidden"], page["average"]) == (1, 1, 5.0)
    told = await done(api, "GET", mine, **BEN)
    assert [each["hidden"] for each in told["reviews"]] == ["an insult"]
    assert (await done(api, "GET", "/v1/hosts/h1/reviews"))["reviews"][0]["hidden"] == "an insult"
    await done(api, "POST", hide.replace("hide", "show"), **ROOT)
    assert (await done(api, "GET", of_mug, user=None))["count"] == 2


async def test_each_list_of_reviews_is_read_page_by_page_to_its_end(api: Api) -> None:
    for room in ("r1", "r2"):
        await open_room(api, room)
    orders = [await buy(api, *at) for at in (("r1", "ann"), ("r1", "ben"), ("r2", "ann"))]
    whose = {"ann": ANN, "ben": BEN}
    for order in orders:
        for n in range(2):
            await done(api, "PUT", place(order, n), GOOD, **whose[order["user"]])
    lists: dict[str, tuple[int, dict[str, Any]]] = {
        "/v1/hosts/h1/products/mug/reviews?": (3, {"user": None}),
        "/v1/hosts/h1/reviews/shown?": (6, {"user": None}),
        "/v1/me/reviews?": (4, ANN),
        "/v1/hosts/h1/reviews?unanswered=1&": (6, {}),
        "/v1/reviews?hidden=0&": (6, ROOT),
    }
    for path, (count, who) in lists.items():
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = await done(api, "GET", f"{path}limit=1&cursor={cursor}", **who)
            seen += [each["review"] for each in page["reviews"]]
            cursor = page["next"]
        assert (path, len(seen), len(set(seen))) == (path, count, count)


async def test_what_came_back_is_not_reviewed(api: Api) -> None:
    await open_room(api, "r1")
    order = await buy(api, "r1")
    back = [{"sale": order["lines"][0]["sale"], "returned": 2}]
    path = f"/v1/rooms/r1/orders/{order['order']}/return"
    await done(api, "POST", path, {"lines": back})

    assert "returned" in await api.refused(409, "conflict", "PUT", place(order), GOOD, **ANN)
    await done(api, "PUT", place(order, 1), GOOD, **ANN)


async def test_a_new_version_carries_the_reviews_of_the_earlier_one(api: Api) -> None:
    await open_room(api, "r1")
    await done(api, "PUT", place(await buy(api, "r1")), GOOD, **ANN)
    new = {"sku": "mug2", "title": "Mug 2", "price": 9900, "currency": "CNY", "replaces": "mug"}
    await done(api, "PUT", "/v1/rooms/r1/shelf/mug2", new)
    of_new = "/v1/hosts/h1/products/mug2/reviews"
    page = await until(api, of_new, lambda page: page["count"], user=None)
    assert [(each["sku"], each["earlier"]) for each in page["reviews"]] == [("mug", "mug")]
    of_old = await done(api, "GET", of_new.replace("mug2", "mug"), user=None)
    assert "earlier" not in of_old["reviews"][0]


async def test_goods_keep_their_reviews_whoever_sells_them(api: Api) -> None:
    await open_room(api, "r1")
    order = await buy(api, "r1", merchants={"mug": "m1"})
    written = await done(api, "PUT", place(order), GOOD, **ANN)
    of_goods = await done(api, "GET", "/v1/merchants/m1/goods/mug/reviews", user=None)
    of_host = await done(api, "GET", "/v1/hosts/h1/products/mug/reviews", user=None)
    answer = f"/v1/merchants/m1/reviews/{written['review']}/answer"
    await done(api, "POST", answer, {"text": "Thank you."}, **M1)

    assert (of_goods["count"], of_host["count"]) == (1, 0)
    shown = await done(api, "GET", "/v1/merchants/m1/reviews", **M1)
    assert shown["reviews"][0]["answer"] == "Thank you."
    host = f"/v1/hosts/h1/reviews/{written['review']}/answer"
    await api.refused(404, "not_found", "POST", host, {"text": "Thanks."})


async def test_who_is_forgotten_leaves_stars_and_no_words_and_no_address(api: Api) -> None:
    await open_room(api, "r1")
    await done(api, "PUT", "/v1/me/addresses/home", HOME, **ANN)
    order = await buy(api, "r1", address="home")
    await done(api, "PUT", place(order), GOOD, **ANN)
    records = records_of(api.settings)
    async with records.writing() as connection:
        await pseudonym_of(connection, "ann", "gone-1", 1)
        await forget_reviews(connection, "ann")
        await forget_deliveries(connection, "ann")
    await records.aclose()

    page = await done(api, "GET", "/v1/hosts/h1/products/mug/reviews", user=None)
    assert (page["count"], page["average"], page["reviews"][0]["name"]) == (1, 5.0, "**")
    assert "text" not in page["reviews"][0]
    assert (await done(api, "GET", "/v1/me/reviews", **ANN))["reviews"] == []
    path = f"/v1/rooms/r1/orders/{order['order']}/delivery"
    assert "delivery" not in await done(api, "GET", path, **ANN)
