"""Orders, revenue, customers and goods over all rooms by REST: who may read them, and how."""

import csv
import io
from typing import Any

import pytest

from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.server.talk import talk
from tests.web.api import Api
from tests.web.test_me import open_room, until

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

ADMIN: dict[str, Any] = {"user": "root", "role": Role.ADMIN}
OF_HOST = ("orders", "revenue", "customers", "customers.csv", "figures", "goods", "goods.csv")


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(orders={"fair_window_ms": 0}, records={"archive_interval_s": 0.05})


async def sold(api: Api, room: str) -> None:
    """A room in which ann has paid for two mugs."""
    await open_room(api, room)
    async with talk(api.url, room) as ann:
        joined = await ann.join(api.token("ann", Role.VIEWER))
        sale = joined["room"]["sales"][0]["sale"]
        order = (await ann.ask("buy", key=f"k-{room}", sale=sale, qty=2))["order"]
        assert (await ann.ask("pay", order=order["order"]))["order"]["status"] == "paid"


async def test_they_are_for_the_host_and_admins(api: Api) -> None:
    for what in OF_HOST:
        path = f"/v1/hosts/h1/{what}"
        assert (await api.send("GET", path))[0] == 200
        assert (await api.send("GET", path, **ADMIN))[0] == 200
        await api.refused(401, "bad_token", "GET", path, user=None)
        await api.refused(403, "forbidden", "GET", path, user="h2")
        await api.refused(403, "forbidden", "GET", path, user="h1", role=Role.VIEWER)
        said = await api.refused(403, "forbidden", "GET", path, rooms=["r1"])
        assert "some rooms only" in said
    for path in ("/v1/orders", "/v1/revenue"):
        await api.refused(403, "forbidden", "GET", path)
        assert (await api.send("GET", path, **ADMIN))[0] == 200


async def test_what_was_sold_is_read_over_all_rooms(api: Api) -> None:
    for room in ("r1", "r2"):
        await sold(api, room)

    page = await until(
        api, "/v1/orders", lambda page: [o["paid"] > 0 for o in page["orders"]] == [True, True],
        **ADMIN,
    )  # fmt: skip
    assert page["next"] is None
    _, later = await api.send("GET", f"/v1/orders?after={page['at']}", **ADMIN)
    assert later == {"orders": [], "at": page["at"], "next": None}
    _, listed = await api.send("GET", "/v1/hosts/h1/orders?limit=1")
    assert [each["order"]["room"] for each in listed["orders"]] == ["r2"]
    _, listed = await api.send("GET", f"/v1/hosts/h1/orders?limit=1&cursor={listed['next']}")
    assert [each["order"]["room"] for each in listed["orders"]] == ["r1"]

    for path, who in (("/v1/hosts/h1/revenue", {}), ("/v1/revenue", ADMIN)):
        _, rows = await api.send("GET", path, **who)
        assert sum(row["net"] for row in rows) == 4 * 7900
        assert {row["currency"] for row in rows} == {"CNY"}
        _, none = await api.send("GET", f"{path}?from_ms=1&to_ms=86400000", **who)
        assert none == []
    assert rows[0]["host"] == "h1"

    _, figures = await api.send("GET", "/v1/hosts/h1/figures")
    assert (figures["customers"], figures["repurchase_rate"]) == (1, 1.0)
    assert figures["lifetime_value"] == {"CNY": 4 * 7900.0}
    goods = await until(
        api, "/v1/hosts/h1/goods", lambda view: view["goods"] and view["goods"][0]["streams"] == 2
    )
    assert (goods["goods"][0]["sku"], goods["streams"], goods["unread"]) == ("mug", 2, 0)


async def test_customers_and_goods_come_as_tables_for_spreadsheets(api: Api) -> None:
    await sold(api, "r1")
    await until(api, "/v1/hosts/h1/customers", lambda page: page["customers"])

    for name, sku in (("customers", "ann"), ("goods", "mug")):
        status, text = await api.send("GET", f"/v1/hosts/h1/{name}.csv")
        assert status == 200
        [head, row] = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
        assert row[0] == sku
        assert len(row) == len(head)
    assert row[head.index("units")] in ("0", "2")  # a live stream's goods may be 30 s old


async def test_places_that_no_page_named_are_refused(api: Api) -> None:
    for path in ("/v1/hosts/h1/orders", "/v1/hosts/h1/customers", "/v1/me/orders"):
        for cursor in ("x", "1", "1-", "99999999999999999999-a", "1-a"):
            said = await api.refused(400, "bad_message", "GET", f"{path}?cursor={cursor}")
            assert "`cursor`" in said
    await api.refused(400, "bad_message", "GET", "/v1/orders?after=-1", **ADMIN)
    await api.refused(400, "bad_message", "GET", "/v1/hosts/h1/revenue?from_ms=x")
