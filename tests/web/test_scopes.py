"""Tokens of other servers: each may do what its scopes name, and no more."""

import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import msgspec
import pytest

from server.access.auth import BadToken, TokenVerifier, mint
from server.house import HOUSE
from server.protocol.joining import Join, Ping
from server.protocol.roles import Role
from server.settings import Settings
from server.web.route import COMMANDS, Route
from tests.conftest import MakeSettings
from tests.running import running
from tests.server.talk import talk
from tests.web.api import Api
from tests.web.test_me import open_room

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

COMMAND = {"ref": 1}


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(orders={"fair_window_ms": 0})


@pytest.fixture
async def api(web_settings: Settings, routes: list[Route]) -> AsyncIterator[Api]:
    async with running(web_settings, "w1") as worker, aiohttp.ClientSession() as session:
        made = Api(session, web_settings, worker.url)
        await open_room(made, "r1")
        yield made


def as_server(api: Api, *scopes: str, rooms: list[str] | None = None) -> dict[str, Any]:
    token = mint(api.settings, "shop", Role.VIEWER, rooms=rooms, scopes=scopes)
    return {"user": None, "headers": {"Authorization": f"Bearer {token}"}}


def filled(path: str) -> str:
    for name in ("room", "host", "sku", "sale", "order", "user"):
        path = path.replace(f"{{{name}}}", "r1" if name == "room" else "x")
    return path.replace("{", "").replace("}", "")


async def test_each_route_that_not_everybody_may_use_has_one_scope(
    api: Api, routes: list[Route]
) -> None:
    """The fold forgets none: without its scope a server is refused, with all others too."""
    guarded = [route for route in routes if route.least is not None]
    assert len(guarded) > 50
    for route in guarded:
        assert route.scope in HOUSE.scopes, route.path
        others = sorted(HOUSE.scopes - {route.scope})
        for scopes in ([others[0]], others[:99]):
            path = filled(route.path)
            said = await api.refused(
                403, "forbidden", route.method, path, {}, **as_server(api, *scopes)
            )
            assert f"no scope `{route.scope}`" in said


async def test_each_command_has_one_scope(api: Api) -> None:
    commands = [kind for kind in HOUSE.commands if kind not in (Join, Ping)]
    assert set(HOUSE.command_scopes) == set(commands)
    for kind in commands:
        scope = HOUSE.command_scopes[kind]
        others = sorted(HOUSE.scopes - {scope})[:99]
        op = str(kind.__struct_config__.tag)
        body = COMMAND | {"op": op} | any_fields(kind)
        path = COMMANDS.replace("{room}", "r1")
        said = await api.refused(403, "forbidden", "POST", path, body, **as_server(api, *others))
        assert said == f"This token has no scope `{scope}`, which `{op}` needs."


def any_fields(kind: type[Any]) -> dict[str, Any]:
    """Values for the fields that a command must have."""
    known: dict[str, Any] = {
        "product": {"sku": "mug", "title": "Mug", "price": 1, "currency": "CNY"},
        "lines": [{"sale": "x", "qty": 1}], "options": ["a", "b"], "words": ["x"],
        "rows": [{"sku": "x"}], "answer": "x", "reason": "damaged", "currency": "CNY",
    }  # fmt: skip
    schema = msgspec.json.schema(kind)
    [found] = [d for d in schema["$defs"].values() if "op" in d.get("properties", {})]
    values = {}
    for name in set(found.get("required", ())) - {"op", "ref"}:
        of = found["properties"][name]
        if "enum" in of:
            values[name] = of["enum"][0]
        elif name in known:
            values[name] = known[name]
        else:
            values[name] = {"integer": 1, "boolean": True, "string": "xyz"}.get(of.get("type"), 1)
    return values


async def test_a_server_does_what_its_scopes_say_in_the_rooms_of_its_token(api: Api) -> None:
    seller = as_server(api, "sales:write", "orders:read")
    assert (await api.send("GET", "/v1/rooms/r1/orders", **seller))[0] == 200
    assert (await api.send("GET", "/v1/orders", **seller))[0] == 200
    _, sales = await api.send("GET", "/v1/rooms/r1/sales", **seller)
    sale = sales[0]["sale"]
    add = {"add": 1}
    path = f"/v1/rooms/r1/sales/{sale}/restock"
    assert (await api.send("POST", path, add, **seller))[0] == 200
    restock = {"op": "sale.restock", "ref": 5, "sale": sale, "add": 1}
    assert (await api.send("POST", "/v1/rooms/r1/commands", restock, **seller))[0] == 200
    elsewhere = as_server(api, "sales:write", rooms=["r2"])
    await api.refused(403, "forbidden", "POST", path, add, **elsewhere)


async def test_a_token_for_some_rooms_decides_nothing_for_all(
    api: Api, routes: list[Route]
) -> None:
    """Neither a server's nor an admin's: what names no room is about all of them."""
    of_all = [route for route in routes if route.least is Role.ADMIN and "{room}" not in route.path]
    assert {"/v1/words", "/v1/reports/{thing}/resolve", "/v1/bans"} <= {
        each.path for each in of_all
    }
    every = sorted(HOUSE.scopes)[:99]
    for route in of_all:
        path = filled(route.path)
        for who in (
            as_server(api, *{*every, route.scope}, rooms=["r1"]),
            {"user": "root", "role": Role.ADMIN, "rooms": ["r1"]},
        ):
            said = await api.refused(403, "forbidden", route.method, path, **who)
            assert said.endswith("an admin, with a token that is not for some rooms only."), path


async def test_a_server_without_the_scope_reads_no_more_than_anybody(api: Api) -> None:
    draft = {"room": "d1", "title": "Draft", "draft": True}
    assert (await api.send("POST", "/v1/rooms", draft))[0] == 201
    path = "/v1/rooms/d1"
    assert (await api.send("GET", path, **as_server(api, "rooms:read")))[0] == 200
    await api.refused(403, "forbidden", "GET", path, **as_server(api, "orders:read"))
    assert (await api.send("GET", "/v1/rooms/r1", **as_server(api, "orders:read")))[0] == 200


async def test_a_server_joins_a_room_with_the_scope_for_it(api: Api) -> None:
    for scopes, code in ((["rooms:read"], None), (["rooms:write"], "forbidden")):
        token = mint(api.settings, "shop", Role.VIEWER, scopes=scopes)
        async with talk(api.url) as shop:
            reply = await shop.join(token)
            assert reply.get("code") == code
            if code is None:
                refused = await shop.ask("notice", text="hi")
                assert refused["msg"] == (
                    "This token has no scope `notices:write`, which `notice` needs."
                )
        bearer = {"headers": {"Authorization": f"Bearer {token}"}, "user": None}
        if code is not None:
            await api.refused(403, "forbidden", "GET", "/v1/rooms/r1/stream", **bearer)


async def test_openapi_says_which_scope_a_request_needs(api: Api) -> None:
    _, document = await api.send("GET", "/v1/openapi.json", user=None)
    operation = document["paths"]["/v1/rooms/{room}/sales"]["post"]
    assert operation["security"] == [{"token": ["sales:write"]}]
    assert "`sales:write`" in operation["description"]


@pytest.mark.parametrize(
    ("scopes", "why"),
    [
        (["orders:raed"], r"`orders:raed`, which is none: did you mean `orders:read`\?"),
        (["*"], r"`\*`, which is none"),
        (["orders:read", 7], "`7`, which is none"),
        (["x" * 5000], "which is none"),
        ([["orders:read"]], "which is none"),
        ([], "must list"),
        ("orders:read", "must list"),
        (None, "must list"),
        (["orders:read"] * 101, "must list"),
    ],
)
def test_a_token_with_scopes_that_are_none_is_refused(
    scopes: Any, why: str, make_settings: MakeSettings
) -> None:
    settings = make_settings()
    verifier = TokenVerifier(settings, scopes=HOUSE.scopes)
    assert settings.jwt.secret is not None
    claims = {"sub": "shop", "role": "server", "scopes": scopes, "exp": time.time() + 60}
    token = jwt.encode(claims, settings.jwt.secret.get_secret_value())
    with pytest.raises(BadToken, match=why):
        verifier.verify(token)
    person = jwt.encode(claims | {"role": "viewer"}, settings.jwt.secret.get_secret_value())
    assert verifier.verify(person).scopes is None
