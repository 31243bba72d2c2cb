"""REST under /v1/rooms: what each route answers, and how it refuses."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from redis.asyncio import Redis

from server.access.auth import SESSION_COOKIE
from server.house import keys_under
from server.protocol.roles import Role
from server.web import body as request_body
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

MUG = {"sku": "mug", "title": "青瓷杯", "price": 8900, "currency": "CNY"}
SALE = {"sku": "mug", "price": 7900, "stock": 3, "per_user": 2, "hold_s": 60}
NEW = {"room": "r1", "title": "慢直播"}
SOON = 4_102_444_800_000


@pytest.fixture
async def live(api: Api) -> Api:
    """The live room r1 of h1, with a mug on the shelf."""
    assert (await api.send("POST", "/v1/rooms", NEW))[0] == 201
    assert (await api.send("PUT", "/v1/rooms/r1/shelf/mug", MUG))[0] == 200
    assert (await api.send("POST", "/v1/rooms/r1/live", {"phase": "live"}))[0] == 200
    return api


async def test_a_room_is_not_scheduled_in_the_past(api: Api) -> None:
    status, refused = await api.send("POST", "/v1/rooms", NEW | {"scheduled": 1_600_000_000_000})
    just_now = {"scheduled": int(time.time() * 1000) - 1000}

    assert (status, refused["error"]["code"]) == (400, "bad_message")
    assert "`scheduled` is 1600000000000, which is in the past" in refused["error"]["msg"]
    assert (await api.send("POST", "/v1/rooms", NEW | just_now))[0] == 201


async def test_a_room_is_created_read_and_listed(api: Api) -> None:
    status, made = await api.send("POST", "/v1/rooms", NEW | {"scheduled": SOON})
    read = await api.send("GET", "/v1/rooms/r1", user=None)
    listed = await api.send("GET", "/v1/rooms", user=None)

    assert status == 201
    assert (made["room"], made["title"], made["host"]) == ("r1", "慢直播", "h1")
    assert (made["phase"], made["scheduled"]) == ("scheduled", SOON)
    assert read == (200, made)
    assert listed == (200, [made])


async def test_the_list_gives_live_rooms_first_and_newest_first_if_not_asked(api: Api) -> None:
    for room in ("tea", "mugs", "wool"):
        assert (await api.send("POST", "/v1/rooms", NEW | {"room": room}))[0] == 201
    await api.send("POST", "/v1/rooms/tea/live", {"phase": "live"})
    await api.send("POST", "/v1/rooms/mugs/live", {"phase": "live"})
    await api.send("POST", "/v1/rooms/mugs/live", {"phase": "ended"})

    _, newest = await api.send("GET", "/v1/rooms", user=None)
    _, live = await api.send("GET", "/v1/rooms?order=live_first&limit=1", user=None)
    _, all_rooms = await api.send("GET", "/v1/rooms?order=live_first", user=None)
    status, refused = await api.send("GET", "/v1/rooms?order=loudest", user=None)

    assert [room["room"] for room in newest] == ["wool", "mugs", "tea"]
    assert [room["room"] for room in live] == ["tea"]
    assert [room["room"] for room in all_rooms] == ["tea", "wool", "mugs"]
    assert status == 400
    assert refused["error"]["msg"] == "`order` must be one of live_first, newest."


async def test_a_damaged_room_or_id_takes_no_other_off_the_list(
    api: Api, redis: Redis, prefix: str, caplog: pytest.LogCaptureFixture
) -> None:
    keys = keys_under(prefix)
    for room in ("r1", "r2", "r3", "r4"):
        await api.send("POST", "/v1/rooms", {"room": room, "title": "x"})
    await redis.zadd(keys.rooms, {b"\xff\xfe": 1})
    await redis.zadd(keys.rooms, {"gone": 2})
    await redis.delete(keys.room("r2", "room"))
    await redis.set(keys.room("r2", "room"), "no hash")
    await redis.hset(keys.room("r3", "room"), "created", "soon")
    await redis.hset(keys.room("r4", "room"), "title", b"\xff")

    for _ in range(3):
        status, listed = await api.send("GET", "/v1/rooms", user=None)
        assert (status, [room["room"] for room in listed]) == (200, ["r1"])

    told = [r.getMessage() for r in caplog.records if "left out of the list" in r.getMessage()]
    assert sorted(line.split()[1] for line in told) == ["b'\\xff\\xfe'", "r2", "r3", "r4"]


async def test_rooms_are_listed_newest_first_in_pages(api: Api) -> None:
    for n in range(5):
        await api.send("POST", "/v1/rooms", {"room": f"r{n}", "title": "x"})

    async def page(query: str) -> list[str]:
        status, body = await api.send("GET", f"/v1/rooms?{query}", user=None)
        assert status == 200
        return [room["room"] for room in body]

    assert await page("") == ["r4", "r3", "r2", "r1", "r0"]
    assert await page("limit=2") == ["r4", "r3"]
    assert await page("limit=2&offset=2") == ["r2", "r1"]
    assert await page("offset=9") == []
    assert await page("limit=0") == []
    for query in (
        "limit=-1",
        "offset=x",
        "limit=1e3",
        "limit=99999999",
        "offset=٣",
        "offset=1000001",
    ):
        await api.refused(400, "bad_message", "GET", f"/v1/rooms?{query}")
    for digits in ("1" * 5000, "0" * 5000):
        await api.refused(400, "bad_message", "GET", f"/v1/rooms?offset={digits}")


async def test_a_room_that_cannot_be_read_does_not_take_the_list_away(
    api: Api, redis: Redis, prefix: str
) -> None:
    for room in ("r1", "r2"):
        await api.send("POST", "/v1/rooms", {"room": room, "title": "x"})
    await redis.hset(keys_under(prefix).room("r1", "room"), "scheduled", "9.3e18")
    status, listed = await api.send("GET", "/v1/rooms", user=None)
    assert (status, [room["room"] for room in listed]) == (200, ["r2"])


async def test_an_admin_makes_rooms_for_hosts(api: Api) -> None:
    body = NEW | {"host": "h9", "host_name": "Nina"}
    made = await api.send("POST", "/v1/rooms", body, user="root", role=Role.ADMIN)
    other = await api.send("POST", "/v1/rooms", body | {"room": "r2"})

    assert (made[1]["host"], made[1]["host_name"]) == ("h9", "Nina")
    assert other[1]["host"] == "h1"


async def test_the_shelf_and_the_pin_are_changed(live: Api) -> None:
    shelf, pin = "/v1/rooms/r1/shelf", "/v1/rooms/r1/pin"
    put = await live.send("PUT", f"{shelf}/tea", MUG | {"sku": "tea"})
    pinned = await live.send("PUT", pin, {"sku": "tea"})
    assert (await live.send("GET", "/v1/rooms/r1"))[1]["pin"] == "tea"
    unpinned = await live.send("PUT", pin, {"sku": None})
    removed = await live.send("DELETE", f"{shelf}/tea")

    assert put == (200, MUG | {"sku": "tea"})
    assert (pinned, unpinned) == ((200, {"sku": "tea"}), (200, {"sku": None}))
    assert removed[0] == 204
    assert await live.send("GET", shelf, user=None) == (200, [MUG])


async def test_a_sale_is_opened_restocked_and_closed(live: Api) -> None:
    sales = "/v1/rooms/r1/sales"
    status, sale = await live.send("POST", sales, SALE)
    restocked = await live.send("POST", f"{sales}/{sale['sale']}/restock", {"add": 4})
    closed = await live.send("POST", f"{sales}/{sale['sale']}/close")

    assert (status, sale["status"], sale["left"]) == (201, "open", 3)
    assert (restocked[0], restocked[1]["left"]) == (200, 7)
    assert (closed[0], closed[1]["status"]) == (200, "closed")
    assert await live.send("GET", sales, user=None) == (200, [closed[1]])


async def test_the_host_reads_orders_and_totals(live: Api) -> None:
    orders = await live.send("GET", "/v1/rooms/r1/orders")
    csv = await live.send("GET", "/v1/rooms/r1/orders.csv")
    stats = await live.send("GET", "/v1/rooms/r1/stats")

    assert orders == (200, {"orders": [], "at": 0, "next": None})
    assert (csv[0], stats[0]) == (200, 200)
    for name in ("orders", "orders.csv", "stats"):
        await live.refused(403, "forbidden", "GET", f"/v1/rooms/r1/{name}", user="h2")
        await live.refused(401, "bad_token", "GET", f"/v1/rooms/r1/{name}", user=None)


CHANGES = [
    ("POST", "/v1/rooms/r1/live", {"phase": "ended"}),
    ("PUT", "/v1/rooms/r1/shelf/mug", MUG),
    ("DELETE", "/v1/rooms/r1/shelf/mug", None),
    ("PUT", "/v1/rooms/r1/pin", {"sku": "mug"}),
    ("POST", "/v1/rooms/r1/sales", SALE),
    ("POST", "/v1/rooms/r1/sales/s1/close", None),
    ("POST", "/v1/rooms/r1/sales/s1/restock", {"add": 1}),
    ("POST", "/v1/rooms/r1/sales/s1/price", {"price": 1}),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES, ids=[c[1] for c in CHANGES])
async def test_a_room_is_changed_by_its_own_host_only(
    live: Api, method: str, path: str, body: Any
) -> None:
    change = (method, path, body)
    await live.refused(401, "bad_token", *change, user=None)
    await live.refused(403, "forbidden", *change, user="ann", role=Role.VIEWER)
    await live.refused(403, "forbidden", *change, user="mo", role=Role.MODERATOR)
    await live.refused(403, "forbidden", *change, user="h2")
    await live.refused(403, "forbidden", *change, rooms=["another"])
    nowhere = (method, path.replace("r1", "nowhere"), body)
    await live.refused(404, "not_found", *nowhere, user="root", role=Role.ADMIN)


async def test_only_hosts_make_rooms(api: Api) -> None:
    create = ("POST", "/v1/rooms", NEW)
    await api.refused(401, "bad_token", *create, user=None)
    await api.refused(403, "forbidden", *create, user="ann", role=Role.VIEWER)
    await api.refused(403, "forbidden", *create, rooms=["another"])
    await api.send(*create)
    await api.refused(409, "conflict", *create)
    await api.refused(413, "too_long", "POST", "/v1/rooms", {"room": "r2", "title": "x" * 81})


@pytest.mark.parametrize(
    "authorization",
    ["Bearer nonsense", "Bearer ", "Bearer", "Basic aDE6aDE=", "bearer a.b.c", "Bearer \xff"],
)
async def test_a_bad_token_is_refused_and_says_how_to_send_one(
    api: Api, authorization: str
) -> None:
    async with api.session.post(
        f"{api.url}/v1/rooms", json=NEW, headers={"Authorization": authorization}
    ) as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert (await response.json())["error"]["code"] == "bad_token"


BAD_BODIES = [
    ("POST", "/v1/rooms", b""),
    ("POST", "/v1/rooms", b"{"),
    ("POST", "/v1/rooms", b"[]"),
    ("POST", "/v1/rooms", b'{"room": "r 1", "title": "x"}'),
    ("POST", "/v1/rooms", b'{"room": "r1\\n", "title": "x"}'),
    ("POST", "/v1/rooms", b'{"room": "r1", "title": ""}'),
    ("POST", "/v1/rooms", b'{"room": "r1", "title": "\xff"}'),
    ("POST", "/v1/rooms", b'{"room": "r1", "title": "x", "stream_url": "javascript:1"}'),
    ("POST", "/v1/rooms", b"[" * 60_000),
    ("POST", "/v1/rooms/r1/live", b'{"phase": "scheduled"}'),
    ("PUT", "/v1/rooms/r1/shelf/tea", b'{"sku":"mug","title":"x","price":1,"currency":"CNY"}'),
    ("PUT", "/v1/rooms/r1/shelf/mug", b'{"sku":"mug","title":"x","price":-1,"currency":"CNY"}'),
    ("PUT", "/v1/rooms/r1/shelf/mug", b'{"sku":"mug","title":"x","price":1.5,"currency":"CNY"}'),
    ("PUT", "/v1/rooms/r1/shelf/mug", b'{"sku":"mug","title":"x","price":1,"currency":"cny"}'),
    ("POST", "/v1/rooms/r1/sales", b'{"sku":"mug","price":1,"stock":0,"per_user":1,"hold_s":60}'),
    ("POST", "/v1/rooms/r1/sales", b'{"sku":"mug"}'),
    ("POST", "/v1/rooms/r1/sales/s1/restock", b'{"add": 0}'),
    ("POST", "/v1/rooms/r1/sales/s1/restock", b'{"add": 1000001}'),
    ("PUT", "/v1/rooms/r1/pin", b"{}"),
]


@pytest.mark.parametrize(("method", "path", "body"), BAD_BODIES)
async def test_a_bad_body_is_refused_with_what_is_wrong(
    live: Api, method: str, path: str, body: bytes
) -> None:
    await live.refused(400, "bad_message", method, path, data=body)


async def test_an_act_that_the_room_does_not_allow_is_a_conflict_or_not_found(live: Api) -> None:
    room = "/v1/rooms/r1"
    await live.refused(409, "conflict", "POST", f"{room}/live", {"phase": "live"})
    await live.refused(404, "not_found", "PUT", f"{room}/pin", {"sku": "hat"})
    await live.refused(404, "not_found", "DELETE", f"{room}/shelf/hat")
    await live.refused(404, "not_found", "POST", f"{room}/sales/none/close")
    await live.refused(404, "not_found", "GET", "/v1/rooms/nowhere")
    await live.refused(404, "not_found", "GET", "/v1/rooms/nowhere/shelf")
    await live.refused(404, "not_found", "GET", "/v1/no/such/thing")
    await live.refused(409, "limit_reached", "POST", f"{room}/sales", SALE | {"hold_s": 1})
    await live.send("POST", f"{room}/live", {"phase": "ended"})
    await live.refused(409, "ended", "POST", f"{room}/live", {"phase": "live"})


async def test_a_wrong_method_names_the_right_ones(live: Api) -> None:
    async with live.session.put(f"{live.url}/v1/rooms/r1") as response:
        assert response.status == 405
        assert {"GET", "PATCH"} <= set(response.headers["Allow"].split(","))
        assert (await response.json())["error"]["code"] == "bad_message"


async def test_a_body_that_is_too_big_is_refused(live: Api) -> None:
    await live.refused(413, "too_long", "POST", "/v1/rooms", data=b" " * 70_000)


@pytest.mark.parametrize(
    "path", ["/v1/rooms", "/v1/session", "/v1/session/dev", "/v1/payments/events"]
)
async def test_a_body_that_does_not_come_is_not_waited_for(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(request_body, "BODY_S_MAX", 0.05)
    come = asyncio.Event()

    async def never() -> AsyncIterator[bytes]:
        yield b'{"room":'
        await come.wait()

    as_json = {"Content-Type": "application/json"}
    sentence = await api.refused(400, "bad_message", "POST", path, data=never(), headers=as_json)

    assert "too long to arrive" in sentence


@pytest.fixture
async def cramped(make_settings: MakeSettings) -> AsyncIterator[Api]:
    """The room r1 on a worker whose shelves take 1024 bytes."""
    settings = make_settings(rooms={"shelf_bytes_max": 1024})
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, settings, worker.url)
        await api.send("POST", "/v1/rooms", NEW)
        yield api


async def test_a_shelf_takes_no_more_bytes_than_the_settings_say(cramped: Api) -> None:
    put = ("PUT", "/v1/rooms/r1/shelf/mug")
    big = MUG | {"points": ["x" * 190] * 6}
    assert "1024 bytes" in await cramped.refused(409, "limit_reached", *put, big)
    assert (await cramped.send(*put, MUG))[0] == 200


@pytest.mark.parametrize("name", ["image", "url"])
async def test_a_link_is_no_longer_than_a_text_may_be(live: Api, name: str) -> None:
    put = ("PUT", "/v1/rooms/r1/shelf/mug")
    sentence = await live.refused(413, "too_long", *put, MUG | {name: "/" + "x" * 500})
    assert "500 characters" in sentence
    assert (await live.send(*put, MUG | {name: "/" + "x" * 499}))[0] == 200


async def test_a_cookie_counts_for_changes_from_our_own_pages_only(live: Api) -> None:
    cookie = {"Cookie": f"{SESSION_COOKIE}={live.token('h1', Role.HOST)}"}
    change = ("PUT", "/v1/rooms/r1/pin", {"sku": "mug"})
    own = {"Origin": live.url}

    for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        await live.refused(403, "forbidden", *change, user=None, headers=cookie | origin)
    changed = await live.send(*change, user=None, headers=cookie | own)
    read = await live.send("GET", "/v1/rooms/r1/stats", user=None, headers=cookie | {})

    assert (changed[0], read[0]) == (200, 200)


async def test_the_openapi_document_lists_every_route_with_types_that_exist(api: Api) -> None:
    status, document = await api.send("GET", "/v1/openapi.json", user=None)

    assert (status, document["openapi"]) == (200, "3.1.0")
    listed = {(m.upper(), path) for path, item in document["paths"].items() for m in item}
    assert {(method, path.replace("/r1", "/{room}")) for method, path, _ in CHANGES[:1]} <= listed
    for path in ("", "/shelf", "/sales", "/orders", "/orders.csv", "/stats"):
        assert ("GET", f"/v1/rooms/{{room}}{path}") in listed
    for wanted in [
        ("GET", "/v1/rooms"),
        ("POST", "/v1/rooms"),
        ("PUT", "/v1/rooms/{room}/shelf/{sku}"),
        ("DELETE", "/v1/rooms/{room}/shelf/{sku}"),
        ("PUT", "/v1/rooms/{room}/pin"),
        ("POST", "/v1/rooms/{room}/sales"),
        ("POST", "/v1/rooms/{room}/sales/{sale}/close"),
        ("POST", "/v1/rooms/{room}/sales/{sale}/restock"),
    ]:
        assert wanted in listed
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known
    for item in document["paths"].values():
        for operation in item.values():
            assert operation["summary"]
            [status] = set(operation["responses"]) - {"default"}
            assert status in ("200", "201", "204")


def references(node: Any) -> list[str]:
    """Every $ref under a node."""
    if isinstance(node, list):
        return [found for part in node for found in references(part)]
    if not isinstance(node, dict):
        return []
    here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return here + [found for part in node.values() for found in references(part)]


async def test_every_route_is_a_row_of_the_page_of_the_protocol(api: Api) -> None:
    document = (await api.send("GET", "/v1/openapi.json", user=None))[1]
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `([A-Z]+ /[^`?]*)` \|", page, re.MULTILINE))

    listed = {f"{m.upper()} {path}" for path, item in document["paths"].items() for m in item}

    assert listed - rows == set()
    of_pages = {"GET /v1/session", "POST /v1/session", "DELETE /v1/session"}
    of_machines = {"GET /healthz", "GET /readyz", "GET /metrics", "POST /v1/payments/events"}
    assert rows - listed <= of_pages | of_machines


@pytest.mark.parametrize("sku", ["{", "}", "{sku}", "{a:b}", "a{1,2}b", "mug.v2", "茶", "a%b"])
async def test_an_id_of_any_characters_can_be_reached(live: Api, sku: str) -> None:
    path = f"/v1/rooms/r1/shelf/{quote(sku, safe='')}"

    status, answer = await live.send("PUT", path, MUG | {"sku": sku})
    assert status == 200, answer
    assert (await live.send("DELETE", path))[0] in (200, 204)
