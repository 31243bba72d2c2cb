"""Returns by REST: a buyer asks, the host finds the request and answers, on whatever worker."""

from typing import Any

import pytest

from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.server.talk import talk
from tests.web.api import Api
from tests.web.test_me import open_room, until

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(orders={"fair_window_ms": 0}, records={"archive_interval_s": 0.05})


async def test_a_request_is_asked_found_and_answered(api: Api) -> None:
    await open_room(api, "r1")
    async with talk(api.url, "r1") as ann:
        sale = (await ann.join(api.token("ann", Role.VIEWER)))["room"]["sales"][0]["sale"]
        order = (await ann.ask("buy", key="k", sale=sale, qty=2))["order"]["order"]
        await ann.ask("pay", order=order)
    path = f"/v1/rooms/r1/orders/{order}"
    anns: dict[str, Any] = {"user": "ann", "role": Role.VIEWER}
    asked = {"reason": "damaged", "note": "a torn box", "lines": [{"sale": sale, "qty": 1}]}

    said = await api.refused(
        404, "not_found", "POST", f"{path}/return-request", asked, user="bob", role=Role.VIEWER
    )
    assert "no such order" in said
    wrong = asked | {"lines": [{"sale": sale, "returned": 1}]}
    await api.refused(400, "bad_message", "POST", f"{path}/return-request", wrong, **anns)
    status, found = await api.send("POST", f"{path}/return-request", asked, **anns)
    assert (status, found["request"]["status"]) == (200, "asked")
    _, found = await api.send("DELETE", f"{path}/return-request", **anns)
    assert found["request"]["status"] == "withdrawn"
    await api.send("POST", f"{path}/return-request", asked, **anns)

    listed = await until(api, "/v1/hosts/h1/returns", lambda page: page["orders"])
    assert [each["order"]["request"]["note"] for each in listed["orders"]] == ["a torn box"]
    await api.refused(403, "forbidden", "GET", "/v1/hosts/h1/returns", user="h2")
    answer = f"{path}/return-answer"
    await api.refused(403, "forbidden", "POST", answer, {"accept": True}, **anns)
    said = await api.refused(400, "bad_message", "POST", answer, {"accept": False})
    assert "why" in said
    _, found = await api.send("POST", answer, {"accept": True, "restock": True})
    assert (found["status"], found["back"]) == ("paid", found["total"] // 2)
    await until(api, "/v1/hosts/h1/returns", lambda page: not page["orders"])

    status, found = await api.send("POST", f"{path}/return", {})
    assert (status, found["status"], found["back"]) == (200, "returned", found["total"])
    revenue = await until(
        api, "/v1/hosts/h1/revenue", lambda rows: rows and rows[0]["returned_orders"]
    )
    assert (revenue[0]["returned"], revenue[0]["net"]) == (found["total"], 0)
