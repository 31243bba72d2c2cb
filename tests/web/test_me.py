"""REST under /v1/me: a user's orders in all rooms, ties, addresses, and the sign-out everywhere."""

import asyncio
from typing import Any

import aiohttp
import pytest

from server.access.auth import SESSION_COOKIE
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.running import running
from tests.server.talk import talk
from tests.web.api import Api
from tests.web.test_rest import MUG, SALE, SOON

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

ANN: dict[str, Any] = {"user": "ann", "role": Role.VIEWER}
HOME = {"name": "Ann", "country": "FR", "city": "Lyon", "lines": ["1 rue X"], "phone": "+33 1"}


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(orders={"fair_window_ms": 0}, records={"archive_interval_s": 0.05})


async def open_room(api: Api, room: str, **more: Any) -> None:
    """A live room of h1 in which the mug is on sale."""
    assert (await api.send("POST", "/v1/rooms", {"room": room, "title": f"T {room}"} | more))[
        0
    ] == 201
    assert (await api.send("PUT", f"/v1/rooms/{room}/shelf/mug", MUG))[0] == 200
    assert (await api.send("POST", f"/v1/rooms/{room}/live", {"phase": "live"}))[0] == 200
    assert (await api.send("POST", f"/v1/rooms/{room}/sales", SALE))[0] == 201


async def buy(api: Api, room: str, user: str = "ann") -> dict[str, Any]:
    """The order of one mug."""
    async with talk(api.url, room) as viewer:
        joined = await viewer.join(api.token(user, Role.VIEWER))
        [sale] = joined["room"]["sales"]
        order: dict[str, Any] = (await viewer.ask("buy", key=f"k-{room}", sale=sale["sale"]))[
            "order"
        ]
        return order


async def until(api: Api, path: str, true: Any, **who: Any) -> Any:
    """The answer, once the archive has come so far."""
    while True:
        status, body = await api.send("GET", path, **who)
        assert status == 200, body
        if true(body):
            return body
        await asyncio.sleep(0.02)


async def test_my_orders_are_those_of_all_rooms_the_newest_first(api: Api) -> None:
    made = []
    for room in ("r1", "r2", "r3"):
        await open_room(api, room)
        made.append((await buy(api, room))["order"])
        await buy(api, room, "ben")

    def are_three(page: Any) -> bool:
        return len(page["orders"]) == 3

    page = await until(api, "/v1/me/orders", are_three, **ANN)
    assert [each["order"]["order"] for each in page["orders"]] == made[::-1]
    assert [each["title"] for each in page["orders"]] == ["T r3", "T r2", "T r1"]
    assert page["orders"][0]["order"]["lines"][0]["sku"] == "mug"
    assert page["next"] is None

    first = await until(api, "/v1/me/orders?limit=2", lambda page: page["next"], **ANN)
    _, rest = await api.send("GET", f"/v1/me/orders?limit=2&cursor={first['next']}", **ANN)
    both = first["orders"] + rest["orders"]
    assert [each["order"]["order"] for each in both] == made[::-1]
    assert rest["next"] is None

    _, some = await api.send("GET", "/v1/me/orders", rooms=["r2"], **ANN)
    assert [each["order"]["room"] for each in some["orders"]] == ["r2"]


async def test_an_order_shows_before_the_archive_has_it(
    web_settings: Settings, make_settings: MakeSettings
) -> None:
    slow = make_settings(orders={"fair_window_ms": 0}, records={"archive_interval_s": 3600})
    async with running(web_settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, web_settings, worker.url)
        await open_room(api, "r1")
        first = await buy(api, "r1")
        await until(api, "/v1/me/orders", lambda page: page["orders"], **ANN)
        await until(api, "/v1/me", lambda me: me["orders"], **ANN)
    async with running(slow, "w2") as worker, aiohttp.ClientSession() as session:
        api = Api(session, slow, worker.url)
        async with talk(api.url, "r1") as ann:
            joined = await ann.join(api.token("ann", Role.VIEWER))
            sale = joined["room"]["sales"][0]["sale"]
            second = (await ann.ask("buy", key="another", sale=sale))["order"]
            assert (await ann.ask("cancel", order=first["order"]))["order"]["status"] == "cancelled"

        _, page = await api.send("GET", "/v1/me/orders", **ANN)

        assert [(each["order"]["order"], each["order"]["status"]) for each in page["orders"]] == [
            (second["order"], "held"),
            (first["order"], "cancelled"),
        ]
        _, page = await api.send("GET", "/v1/me/orders?limit=1", **ANN)
        assert [each["order"]["order"] for each in page["orders"]] == [second["order"]]
        _, page = await api.send("GET", f"/v1/me/orders?limit=1&cursor={page['next']}", **ANN)
        assert [each["order"]["order"] for each in page["orders"]] == [first["order"]]


async def test_me_shows_what_i_follow_reserved_and_claimed(api: Api) -> None:
    await open_room(api, "r1")
    soon = {"room": "r2", "title": "Soon", "scheduled": SOON}
    assert (await api.send("POST", "/v1/rooms", soon))[0] == 201
    await api.send("PUT", "/v1/hosts/h1/group", {"title": "Tea people"})
    async with talk(api.url, "r1") as host, talk(api.url, "r1") as ann:
        await host.join(api.token("h1", Role.HOST))
        terms = {"title": "Five off", "quota": 5, "currency": "CNY", "amount": 500, "floor": 900}
        opened = await host.ask("coupon.open", **terms)
        assert opened["t"] == "ok", opened
        coupon = opened["coupon"]
        await ann.join(api.token("ann", Role.VIEWER))
        assert (await ann.ask("follow"))["total"] == 1
        await ann.ask("coupon.claim", coupon=coupon["coupon"], key="c1")
        await ann.ask("group.join")
    async with talk(api.url, "r2") as ann:
        await ann.join(api.token("ann", Role.VIEWER))
        await ann.ask("reserve")

    def is_whole(me: Any) -> bool:
        return all(me[kind] for kind in ("follows", "reservations", "groups", "coupons"))

    me = await until(api, "/v1/me", is_whole, **ANN)
    assert (me["user"], me["role"], me["orders"], me["addresses"]) == ("ann", "viewer", 0, 0)
    [follow], [reserved], [group] = me["follows"], me["reservations"], me["groups"]
    assert (follow["host"], follow["name"], follow["room"]) == ("h1", "h1", "r1")
    assert (reserved["room"], reserved["title"], reserved["scheduled"]) == ("r2", "Soon", SOON)
    assert (group["room"], group["title"]) == ("fans:h1", "Tea people")
    [claimed] = me["coupons"]
    assert (claimed["coupon"], claimed["room"]) == (coupon["coupon"], "r1")
    assert claimed["terms"]["title"] == "Five off"

    async with talk(api.url, "r2") as ann:
        await ann.join(api.token("ann", Role.VIEWER))
        await ann.ask("follow", on=False)
    await until(api, "/v1/me", lambda me: not me["follows"], **ANN)


async def test_who_follows_is_led_to_what_is_on_and_never_to_a_draft_or_a_practice(
    api: Api,
) -> None:
    async def made(room: str, **more: Any) -> None:
        body = {"room": room, "title": f"T {room}"} | more
        assert (await api.send("POST", "/v1/rooms", body))[0] == 201

    async def shown() -> tuple[str, str]:
        _, me = await api.send("GET", "/v1/me", **ANN)
        [follow] = me["follows"]
        return follow["room"], follow["phase"]

    await made("soon", scheduled=SOON)
    async with talk(api.url, "soon") as ann:
        await ann.join(api.token("ann", Role.VIEWER))
        await ann.ask("follow")
    await until(api, "/v1/me", lambda me: me["follows"], **ANN)
    await made("draft", draft=True)
    await made("practice", practice=True)
    await api.send("PUT", "/v1/hosts/h1/group", {"title": "Tea people"})
    assert await shown() == ("soon", "scheduled")

    await open_room(api, "on")
    await made("later", scheduled=SOON - 1)
    assert await shown() == ("on", "live")
    await api.send("POST", "/v1/rooms/on/live", {"phase": "ended"})
    assert await shown() == ("later", "scheduled")


async def test_an_address_book_holds_ten(api: Api) -> None:
    for n in range(10):
        path = f"/v1/me/addresses/a{n}"
        status, body = await api.send("PUT", path, HOME | {"name": f"Ann {n}"}, **ANN)
        assert (status, body["address"], body["name"]) == (200, f"a{n}", f"Ann {n}")

    said = await api.refused(409, "limit_reached", "PUT", "/v1/me/addresses/a10", HOME, **ANN)
    assert "10 addresses" in said
    status, _ = await api.send("PUT", "/v1/me/addresses/a3", HOME | {"city": "Paris"}, **ANN)
    assert status == 200
    assert (await api.send("DELETE", "/v1/me/addresses/a0", **ANN))[0] == 204
    assert (await api.send("DELETE", "/v1/me/addresses/a0", **ANN))[0] == 204

    _, mine = await api.send("GET", "/v1/me/addresses", **ANN)
    assert [each["address"] for each in mine["addresses"]] == [f"a{n}" for n in range(1, 10)]
    assert mine["addresses"][2]["city"] == "Paris"
    _, others = await api.send("GET", "/v1/me/addresses", user="ben", role=Role.VIEWER)
    assert others["addresses"] == []
    bad = HOME | {"country": "France"}
    await api.refused(400, "bad_message", "PUT", "/v1/me/addresses/x", bad, **ANN)
    await api.refused(400, "bad_message", "PUT", "/v1/me/addresses/x%20y", HOME, **ANN)
    await api.refused(401, "bad_token", "GET", "/v1/me/addresses", user=None)


async def test_signed_out_everywhere_old_tokens_are_refused_on_every_worker(
    web_settings: Settings,
) -> None:
    async with (
        running(web_settings, "w1") as one,
        running(web_settings, "w2") as two,
        aiohttp.ClientSession() as session,
    ):
        here, there = Api(session, web_settings, one.url), Api(session, web_settings, two.url)
        await open_room(here, "r1")
        old = here.token("ann", Role.VIEWER)
        async with talk(two.url) as ann, talk(two.url) as ben:
            await ann.join(old)
            await ben.join(here.token("ben", Role.VIEWER))

            status, body = await here.send("POST", "/v1/me/sign-out-everywhere", **ANN)

            assert status == 200
            assert body["at"] > 0
            assert await ann.end() == 4401
            assert (await ben.ask("ping"))["t"] == "ok"
        bearer = {"headers": {"Authorization": f"Bearer {old}"}, "user": None}
        for api in (here, there):
            said = await api.refused(401, "bad_token", "GET", "/v1/me", **bearer)
            assert "signed out everywhere" in said
            cookie = {"Cookie": f"{SESSION_COOKIE}={old}"}
            _, shown = await api.send("GET", "/v1/session", user=None, headers=cookie)
            assert shown["you"] is None
            assert (await api.send("GET", "/v1/me", **ANN))[0] == 200  # with a newer token
        async with talk(two.url) as ann:
            assert (await ann.ask("join", token=old))["code"] == "bad_token"
        async with talk(two.url) as ann:
            await ann.join(here.token("ann", Role.VIEWER))
    async with running(web_settings, "w3") as later, aiohttp.ClientSession() as session:
        api = Api(session, web_settings, later.url)
        await api.refused(401, "bad_token", "GET", "/v1/me", **bearer)
