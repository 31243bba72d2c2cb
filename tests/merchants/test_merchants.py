"""Merchants and their members: who may see and change what is a merchant's."""

import re

import pytest

from server.protocol.roles import Role
from server.records.forgotten import pseudonym_of
from server.web.route import Route
from server.worker import Worker
from tests.merchants.stall import GOODS, HOST, M1_REQUESTS, SHIRT, STOCK, Stall
from tests.protocol.test_protocol_page import worker_of

FOR_ANYBODY = {("GET", "/v1/merchants/{merchant}/goods/{goods}/reviews")}
"""What buyers said of goods is for everybody to read."""
STRANGERS = [
    ("m2", Role.MERCHANT),
    ("s1", Role.GUEST),
    ("v1", Role.VIEWER),
    ("o2", Role.VIEWER),
    ("h1", Role.HOST),
    ("mod", Role.MODERATOR),
]
"""Another merchant, nobody, a viewer, another's owner, a host, a moderator."""


def of_a_merchant(worker: Worker) -> list[Route]:
    """Every route of every feature whose path names a merchant."""
    return [route for route in worker.routes if "{merchant}" in route.path]


def place(route: Route) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: {"merchant": "m1"}.get(found[1], "x1"), route.path)


async def test_no_route_of_a_merchant_lets_in_anybody_else(stall: Stall) -> None:
    await stall.got(200, "PUT", "/v1/merchants/m2/members/o2", {"role": "owner"}, user="m2")
    routes = of_a_merchant(worker_of(stall.settings))
    assert len(routes) >= 12
    for route in routes:
        if (route.method, route.path) in FOR_ANYBODY:
            assert route.least is None
            continue
        assert route.least in (Role.MERCHANT, Role.ADMIN), route.path
        for user, role in STRANGERS:
            sender = {"user": None} if role is Role.GUEST else {"user": user, "role": role}
            status, answer = await stall.send(route.method, place(route), **sender)
            assert status == (401 if role is Role.GUEST else 403), (route.path, user, answer)
        for user, role in (("m1", Role.MERCHANT), ("o1", Role.VIEWER), ("a", Role.ADMIN)):
            status, answer = await stall.send(route.method, place(route), user=user, role=role)
            is_for = role is Role.ADMIN or route.least is Role.MERCHANT
            assert (status != 403) is is_for, (route.path, user, answer)
            if route.least is not Role.ADMIN:
                await stall.refused(
                    403, "forbidden", route.method, place(route), user=user, role=role, rooms=["r"]
                )


async def test_staff_change_goods_and_owners_members_too(stall: Stall) -> None:
    staff = {"user": "s1", "role": Role.VIEWER}
    await stall.got(200, "PUT", f"{GOODS}/shirt", SHIRT, **staff)
    await stall.got(200, "POST", STOCK.format("shirt-l"), {"key": "k", "add": 1}, **staff)
    for method in ("PUT", "DELETE"):
        await stall.refused(403, "forbidden", method, "/v1/merchants/m1/members/s2", **staff)
    found = await stall.got(200, "GET", "/v1/merchants/m1/members", **staff)
    assert [(each["user"], each["role"]) for each in found["members"]] == [
        ("o1", "owner"),
        ("s1", "staff"),
    ]
    owner = {"user": "o1", "role": Role.VIEWER}
    await stall.got(204, "DELETE", "/v1/merchants/m1/members/s1", **owner)
    await stall.refused(403, "forbidden", "GET", GOODS, **staff)


async def test_whoever_asks_hears_for_whom_they_act(stall: Stall) -> None:
    async def own(user: str, role: Role, **more: object) -> list[tuple[str, str]]:
        found = await stall.got(200, "GET", "/v1/me/merchants", user=user, role=role, **more)
        return [(each["merchant"], each["role"]) for each in found["merchants"]]

    await stall.got(200, "PUT", "/v1/merchants/m2/members/s1", {}, user="m2")
    assert await own("s1", Role.VIEWER) == [("m1", "staff"), ("m2", "staff")]
    assert await own("m1", Role.MERCHANT) == [("m1", "owner")]
    assert await own("h1", Role.HOST) == [("h1", "owner")]
    assert await own("v1", Role.VIEWER) == []
    assert await own("s1", Role.VIEWER, rooms=["r1"]) == []


async def test_a_host_sells_their_own_goods_without_being_made_a_merchant(stall: Stall) -> None:
    host = {"user": "h1", "role": Role.HOST}
    assert (await stall.got(200, "GET", "/v1/merchants/h1", **host))["created"] == 0
    path = "/v1/merchants/h1/goods/shirt"
    made = await stall.got(200, "PUT", path, SHIRT, **host)
    assert made["merchant"] == "h1"
    assert (await stall.got(200, "GET", "/v1/merchants/h1", **host))["created"] > 0
    said = await stall.refused(
        404, "not_found", "PUT", "/v1/merchants/m9/goods/shirt", SHIRT, user="m9"
    )
    assert "an admin creates them" in said


async def test_a_merchant_that_makes_no_sense_is_refused(stall: Stall) -> None:
    admin = {"user": "a", "role": Role.ADMIN}
    for bad in ({"fee": -1}, {"fee": 10_001}, {"name": ""}, {"name": "\u200b"}, {"state": "gone"}):
        body = {"name": "X"} | bad
        await stall.refused(400, "bad_message", "PUT", "/v1/merchants/m1", body, **admin)
    await stall.refused(400, "bad_message", "PUT", "/v1/merchants/a:b", {"name": "X"}, **admin)
    found = await stall.got(200, "GET", "/v1/merchants", **admin)
    assert [(each["merchant"], each["name"], each["fee"]) for each in found["merchants"]] == [
        ("m1", "m1", None),
        ("m2", "m2", None),
    ]


async def test_a_member_who_is_forgotten_acts_for_nobody(stall: Stall) -> None:
    worker = worker_of(stall.settings)
    async with worker.records.writing() as connection:
        await pseudonym_of(connection, "s1", "gone-0123456789ab", 1)
        for feature in worker.running.values():
            for forgets in feature.forgets_user:
                await forgets(connection, "s1")
    await worker.records.aclose()
    await stall.refused(403, "forbidden", "GET", GOODS, user="s1", role=Role.VIEWER)


@pytest.mark.parametrize("odd", ["%00", "%01", "%FF", "%ED%A0%80", "%C2%85"])
async def test_odd_characters_in_an_address_break_nothing(stall: Stall, odd: str) -> None:
    grants = "/v1/merchants/m1/allotments"
    for method, path, who in (
        ("GET", f"{GOODS}?q=a{odd}b", {}),
        ("GET", f"/v1/hosts/h1/offers?q=a{odd}b", HOST),
        ("GET", f"{grants}?host=a{odd}b", {}),
        ("GET", f"{grants}?sku=a{odd}b", {}),
        ("DELETE", f"{grants}/a{odd}b", {}),
        ("DELETE", f"{M1_REQUESTS}/a{odd}b", {}),
    ):
        status, _ = await stall.send(method, path, **who)
        assert status in ((400,) if odd == "%00" else (200, 400, 404)), path
