"""Every list of the API pages in one way or says what bounds it; and what servers read there."""

import ast
import inspect
import re
import textwrap
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args, get_origin

import aiohttp
import msgspec
import pytest
from redis.asyncio import Redis

from server.access.auth import mint
from server.house import HOUSE, keys_under, store_on
from server.protocol.roles import Role
from server.settings import Settings
from server.web.paging import cursors_of
from server.web.route import Route
from tests.conftest import MakeSettings
from tests.running import running
from tests.store.script_room import DECODER
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

ROOM = "/v1/rooms/r1"


@pytest.fixture
async def api(make_settings: MakeSettings, routes: list[Route]) -> AsyncIterator[Api]:
    """The live room r1 of h1."""
    settings = make_settings(orders={"fair_window_ms": 0}, figures={"visits_interval_s": 0.05})
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        made = Api(session, settings, worker.url)
        await made.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
        await made.send("POST", f"{ROOM}/live", {"phase": "live"})
        yield made


def lists_in(result: Any) -> Iterator[str]:
    """The lists that an answer of this type has: itself, or its own fields."""
    for kind in get_args(result) if get_origin(result) not in (list, dict, None) else [result]:
        if get_origin(kind) is list:
            yield "the answer"
        elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            for field in msgspec.structs.fields(kind):
                options = (field.type, *get_args(field.type))
                if any(get_origin(each) in (list, tuple) for each in options):
                    yield field.encode_name


async def test_every_list_pages_by_cursor_or_says_what_bounds_it(
    api: Api, routes: list[Route], settings: Settings
) -> None:
    assert len(routes) > 150
    wrong = []
    for route in routes:
        is_one_thing = route.path.endswith("}")  # whatever lists it has are its own
        lists = list(lists_in(route.result)) if route.method == "GET" else []
        query = {field.name for field in msgspec.structs.fields(route.query)}
        answers = [
            kind for kind in (route.result, *get_args(route.result)) if hasattr(kind, "next")
        ]
        if {"cursor", "limit"} <= query:
            assert answers, f"{route.path} takes a cursor and names no `next`"
            assert not route.bound, route.path
        elif lists and not route.bound and not is_one_thing:
            wrong.append(f"{route.path}: {', '.join(lists)}")
        for setting in re.findall(r"`([a-z]+)\.([a-z_]+)`", route.bound):
            assert hasattr(getattr(settings, setting[0]), setting[1]), route.path
    told = "give each a cursor (server.web.paging), or say what bounds it (Route.bound)"
    assert not wrong, "\n".join([told, *wrong])


async def test_an_edited_cursor_of_any_list_is_refused_with_a_sentence(
    api: Api, routes: list[Route]
) -> None:
    asked = 0
    for route in routes:
        for field in msgspec.structs.fields(route.query):
            if field.name != "cursor":
                continue
            path = re.sub(
                r"{(room|host)}", lambda at: {"room": "r1", "host": "h1"}[at[1]], route.path
            )
            path = re.sub(r"{\w+}", "x1", path) + "?cursor=MTIzNDU2Nzg5MC1v"
            who: dict[str, Any] = {"user": "root", "role": Role.ADMIN}
            said = await api.refused(400, "bad_message", "GET", path + _more(path), **who)
            assert "cursor" in said, path
            asked += 1
    assert asked > 30


def _more(path: str) -> str:
    """What else a list must be asked with."""
    return "&q=tea" if path.startswith("/v1/search") else ""


@pytest.mark.usefixtures("api")
def test_every_cursor_is_one_of_the_one_kind(routes: list[Route]) -> None:
    """A list that reads its own cursors takes edited ones, and those of other lists."""
    own = {
        route.path
        for route in routes
        if "cursor" in {field.name for field in msgspec.structs.fields(route.query)}
        and "cursor" not in cursors_of(route.query)
    }
    # They mark their cursors themselves: of a page of the lineup, and of the words that are sought.
    assert own == {"/v1/rooms", "/v1/search"}


def makes_cursor(handler: Any) -> bool:
    """Whether the handler of a list, or a method that it calls, makes a cursor of its `next`."""
    whole = ast.parse(textwrap.dedent(inspect.getsource(handler)))
    called = [node.func for node in ast.walk(whole) if isinstance(node, ast.Call)]
    names = {each.id for each in called if isinstance(each, ast.Name)}
    own = {
        each.attr
        for each in called
        if isinstance(each, ast.Attribute) and ast.unparse(each.value) == "self"
    }
    return not names.isdisjoint({"with_cursor", "next_of"}) or any(
        makes_cursor(getattr(handler.__self__, name)) for name in own
    )


@pytest.mark.usefixtures("api")
def test_every_list_that_takes_a_cursor_answers_with_one(routes: list[Route]) -> None:
    """`web.declared` sees it, too, but only when some test reads a page that is not the last."""
    lists = [route for route in routes if "cursor" in cursors_of(route.query)]
    forgetful = [route.path for route in lists if not makes_cursor(route.handler)]
    assert (len(lists) > 30, forgetful) == (True, [])


async def test_the_document_marks_older_ways_as_deprecated(api: Api) -> None:
    document = (await api.send("GET", "/v1/openapi.json", user=None))[1]
    old = {
        f"{path}?{parameter['name']}"
        for path, item in document["paths"].items()
        for parameter in item.get("get", {}).get("parameters", ())
        if parameter.get("deprecated")
    }
    assert {f"{ROOM.replace('r1', '{room}')}/actions?before", "/v1/rooms?offset"} <= old
    assert {each.rpartition("?")[2] for each in old} == {"before", "after", "offset", "order"}


class Shop:
    """Another server, with a token for what its scopes name."""

    def __init__(self, api: Api, *scopes: str) -> None:
        self._api = api
        token = mint(api.settings, "shop", Role.VIEWER, name="The shop", scopes=scopes)
        self._headers = {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = await self._api.send(
            method, path, body, user=None, headers=dict(self._headers)
        )
        assert status in (200, 201), answer
        return answer

    async def pages(self, path: str, name: str, limit: int) -> list[Any]:
        """Read a list page by page, by the `next` of each."""
        found: list[Any] = []
        cursor, pages = "", 0
        while True:
            sign = "&" if "?" in path else "?"
            page = await self.ask("GET", f"{path}{sign}limit={limit}&cursor={cursor}")
            assert len(page[name]) <= limit
            found += page[name]
            pages += 1
            cursor = page.get("next") or ""
            if not cursor:
                assert pages > 1 or len(found) <= limit
                return found


async def test_a_server_reads_what_commands_changed_page_by_page(
    api: Api, redis: Redis, prefix: str
) -> None:
    shop = Shop(
        api, "rooms:read", "events:write", "comments:read", "comments:write", "coupons:read",
        "coupons:write", "polls:read", "polls:write", "follows:read", "orders:read",
        "orders:write", "shelf:write", "sales:write",
    )  # fmt: skip
    store = store_on(redis, keys_under(prefix))
    users = [f"u{n:02}" for n in range(45)]
    coupon = await _command(shop, "coupon.open", title="Off", quota=99, currency="CNY", percent=5)
    poll = await _command(shop, "poll.open", question="Which?", options=["a", "b"])
    votes = [{"poll": poll["poll"]["poll"], "user": user, "option": 1} for user in users]
    await store.run_script("polls.vote", "r1", {"votes": votes, "events_max": 100}, DECODER)
    claims = [
        {"user": user, "coupon": coupon["coupon"]["coupon"], "claim": f"c-{user}", "once": user}
        for user in users
    ]
    await store.run_script("coupons.claim", "r1", {"claims": claims, "events_max": 100}, DECODER)
    for user in users[:25]:
        await _command(shop, "mute", user=user, seconds=60)
    follows: dict[Any, Any] = dict.fromkeys(users, 1_700_000_000_000)
    await redis.hset(keys_under(prefix).host("h1", "followers"), mapping=follows)

    voted = await shop.pages(f"{ROOM}/polls/{poll['poll']['poll']}/votes", "votes", 20)
    claimed = await shop.pages(f"{ROOM}/claims?coupon={coupon['coupon']['coupon']}", "claims", 20)
    muted = await shop.pages(f"{ROOM}/mutes", "mutes", 20)
    followers = await shop.pages("/v1/hosts/h1/followers", "followers", 20)

    assert sorted(each["user"] for each in voted) == users
    assert {each["option"] for each in voted} == {1}
    assert sorted(each["user"] for each in claimed) == users
    assert sorted(each["user"] for each in muted) == users[:25]
    assert sorted(each["user"] for each in followers) == users
    csv = (await shop.ask("GET", "/v1/hosts/h1/followers.csv")).splitlines()
    assert sorted(line.split(",")[0] for line in csv[1:]) == users


async def test_a_server_reads_orders_by_id_and_by_cursor(api: Api) -> None:
    shop = Shop(api, "orders:read", "orders:write", "shelf:write", "sales:write")
    mug = {"sku": "mug", "title": "Mug", "price": 100, "currency": "CNY"}
    await shop.ask("PUT", f"{ROOM}/shelf/mug", mug)
    terms = {"sku": "mug", "price": 90, "stock": 9, "per_user": 5, "hold_s": 60}
    sale = await shop.ask("POST", f"{ROOM}/sales", terms)
    orders = [
        (await _command(shop, "buy", key=f"k{n}", sale=sale["sale"]))["order"] for n in range(3)
    ]

    assert await shop.ask("GET", f"{ROOM}/orders/{orders[1]['order']}") == orders[1]
    assert await shop.pages(f"{ROOM}/orders", "orders", 2) == orders
    terms["stock"], terms["per_user"] = 1, 1
    small = (await shop.ask("POST", f"{ROOM}/sales", terms))["sale"]
    await _command(shop, "buy", key="small", sale=small)
    for user in ("ben", "ann", "cat"):
        body = {"op": "waitlist", "ref": 1, "sale": small}
        status, _ = await api.send("POST", f"{ROOM}/commands", body, user=user, role=Role.VIEWER)
        assert status == 200
    waiting = await shop.pages(f"{ROOM}/sales/{small}/waitlist", "waiting", 2)
    assert [each["user"] for each in waiting] == ["ben", "ann", "cat"]
    old = await shop.ask("GET", f"{ROOM}/orders?after=1")
    assert (old["at"] > 4, old["next"]) == (True, None)
    said = await api.refused(404, "not_found", "GET", f"{ROOM}/orders/o1")
    assert said == "There is no order `o1` in this room."


async def test_the_entrants_of_a_draw_are_read_page_by_page(
    api: Api, redis: Redis, prefix: str
) -> None:
    shop = Shop(api, "luckies:read", "luckies:write")
    lucky = (await _command(shop, "lucky.open", title="Mug", prizes=1))["lucky"]["lucky"]
    users = ["a", "a/b", "b", "Ü", "茶"]
    entries = [{"lucky": lucky, "user": user, "name": user} for user in users]
    args = {"entries": entries, "entrants_max": 9, "events_max": 100}
    await store_on(redis, keys_under(prefix)).run_script("luckies.enter", "r1", args, DECODER)
    await _command(shop, "lucky.draw", lucky=lucky)

    path = f"{ROOM}/luckies/{lucky}/entrants"
    assert await shop.pages(path, "entrants", 2) == users
    assert (await shop.ask("GET", path))["entrants"] == users  # all at once, as before


async def test_older_ways_to_page_go_on_and_take_no_cursor_beside_them(api: Api) -> None:
    for n in range(4):
        await api.send("POST", "/v1/rooms", {"room": f"s{n}", "title": "Tea"})
        await api.send("POST", f"/v1/rooms/s{n}/live", {"phase": "live"})
    shop = Shop(api, "figures:read", "actions:read")
    streams = "/v1/hosts/h1/streams"

    by_cursor = [row["room"] for row in await shop.pages(streams, "streams", 2)]
    by_offset = [row["room"] for row in await shop.ask("GET", f"{streams}?offset=1&limit=2")]
    acts = await shop.ask("GET", "/v1/rooms/s0/actions?limit=1")

    assert by_cursor == ["s3", "s2", "s1", "s0", "r1"]
    assert by_offset == by_cursor[1:3]
    cursor = (await shop.ask("GET", f"{streams}?limit=1&cursor="))["next"]
    said = await api.refused(400, "bad_message", "GET", f"{streams}?offset=1&cursor={cursor}")
    assert said == "Send `cursor` alone; `offset` is its older name."
    await api.refused(400, "bad_message", "GET", f"/v1/rooms/s0/people?cursor={cursor}")
    assert len(acts["actions"]) == 1
    older = await shop.ask("GET", f"/v1/rooms/s0/actions?before={acts['next'] or '9-0'}")
    assert all(act not in acts["actions"] for act in older["actions"])


async def test_a_server_tells_events_and_speaks_as_the_shops_system(api: Api) -> None:
    shop = Shop(api, "events:write", "comments:write")
    told = await shop.ask("POST", f"{ROOM}/events", {"name": "confetti", "data": {"n": 1}})
    value = {"name": "score", "delivery": "latest", "data": [1.5, None]}
    kept = await shop.ask("POST", f"{ROOM}/events", value)
    await _command(shop, "comment", text="Your parcels leave tonight")

    room = (await api.send("GET", ROOM, user=None))[1]
    assert (set(told), set(kept)) == ({"seq"}, {"ver"})
    [shown] = room["custom_values"]
    assert (shown["name"], shown["data"], shown["ver"]) == ("score", [1.5, None], kept["ver"])
    [comment] = room["comments"]
    assert (comment["role"], comment["name"]) == ("system", "The shop")


async def _command(shop: Shop, op: str, **fields: Any) -> Any:
    return await shop.ask("POST", f"{ROOM}/commands", {"op": op, "ref": 1} | fields)


def test_every_scope_of_a_list_is_one_of_the_house() -> None:
    assert {"events:write", "people:read", "follows:read"} <= HOUSE.scopes


async def test_a_list_in_no_order_misses_nobody_while_it_grows_or_redis_is_another(
    redis: Redis, prefix: str
) -> None:
    store, key = store_on(redis, keys_under(prefix)), keys_under(prefix).host("h1", "followers")
    first: dict[Any, Any] = {f"u{n}": n for n in range(900)}
    later: dict[Any, Any] = {f"v{n}": n for n in range(3000)}
    await redis.hset(key, mapping=first)

    async def part(place: str) -> tuple[list[str], str]:
        args = {"place": place, "limit": 100}
        found = await store.run_script("circles.list_followers", "h1", args, DECODER)
        assert len(found["followers"]) <= 100
        return [each["user"] for each in found["followers"]], found.get("next", "")

    seen: list[str] = []
    place, parts = "", 0
    while place or not parts:
        some, place = await part(place)
        seen, parts = seen + some, parts + 1
        if parts == 3:
            assert place.startswith("a")  # so far it was listed as a whole
            await redis.hset(key, mapping=later)
        if parts == 6:
            cursor, _, of = place.partition("-")
            assert (cursor[0], len(of)) == ("s", 40)
            place = f"{cursor}-{'0' * 40}"  # as if another Redis had named it: it begins again
    assert set(seen) == {*first, *later}
    assert len(seen) < 1.5 * len(set(seen))
