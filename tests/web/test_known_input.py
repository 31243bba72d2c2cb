"""No request is half understood: what a route doesn't declare is refused and changes nothing."""

import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

import aiohttp
import pytest
from aiohttp import web
from msgspec import Meta, Struct
from redis.asyncio import Redis

from server.access.signing import HEADER, sign
from server.features.figures.reckoning.tables import TABLES
from server.house import HOUSE
from server.protocol.input import Input
from server.protocol.roles import Role
from server.settings import Settings
from server.web.known_input import must_refuse_unknown_fields
from server.web.route import Route
from tests.conftest import MakeSettings
from tests.protocol.objects import UNKNOWN, each_with_an_unknown_field
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

MUG = {"sku": "mug", "title": "Mug", "price": 8900, "currency": "CNY"}
SALE = {"sku": "mug", "price": 7900, "stock": 3, "per_user": 2, "hold_s": 60}
TERMS = (*SALE, "starts_in_s", "lasts_s", "kind", "starts_at", "base")
SECRET = "a secret of the provider"
FOREIGN = {("POST", "/v1/payments/events"), ("POST", "/v1/media/auth")}
"""Requests whose body is another party's message."""
STORED = (b":room", b":shelf", b":sales", b":orders", b":ledger", b":events", b":timeline")
Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(payments={"provider": "webhook", "webhook_secret": SECRET})


@pytest.fixture
async def live(web_settings: Settings) -> AsyncIterator[Api]:
    """A live room r1 of h1, with a mug on the shelf."""
    async with running(web_settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, web_settings, worker.url)
        assert (await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"}))[0] == 201
        assert (await api.send("PUT", "/v1/rooms/r1/shelf/mug", MUG))[0] == 200
        assert (await api.send("POST", "/v1/rooms/r1/live", {"phase": "live"}))[0] == 200
        yield api


async def kept(redis: Redis, prefix: str) -> dict[bytes, Any]:
    """The stored data of rooms, without the keys that workers change by themselves."""
    found = [key async for key in redis.scan_iter(f"{prefix}*") if key.endswith(STORED)]
    return {key: await redis.dump(key) for key in sorted(found)}


async def described(api: Api) -> dict[str, Any]:
    document: dict[str, Any] = (await api.send("GET", "/v1/openapi.json", user=None))[1]
    return document


def operations(document: dict[str, Any]) -> Iterator[Operation]:
    """Each request of the document: method, path and what it says of it."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def place(path: str) -> str:
    """The path, with the ids of things that there are."""
    ids = {"room": "r1", "host": "h1", "sku": "mug"}
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "x1"), path)


def example(schema: dict[str, Any], document: dict[str, Any]) -> Any:
    """Something that fits a schema in its shape, with all that may be in it."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return example(document["components"]["schemas"][name], document)
    if "anyOf" in schema:
        return example(next(s for s in schema["anyOf"] if s.get("type") != "null"), document)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "string")
    if kind == "object":
        return {
            name: example(each, document)
            for name, each in schema["properties"].items()
            if not has_any_names(each)
        }
    if kind == "array":
        return [example(schema["items"], document)] * max(1, schema.get("minItems", 0))
    pattern = schema.get("pattern", "")
    text = "CNY" if "[A-Z]{3}" in pattern else "https://x" if "https" in pattern else "x1"
    return {"integer": schema.get("minimum", 1), "boolean": True, "string": text}[kind]


def has_any_names(schema: dict[str, Any]) -> bool:
    """Whether it is an object whose fields have names that the sender chooses."""
    return schema.get("type") == "object" and "properties" not in schema


async def refused(api: Api, method: str, path: str, body: Any = None) -> str:
    """Send a request with an unknown field, which must be refused; return the sentence."""
    return await api.refused(400, "bad_message", method, path, body, user="a", role=Role.ADMIN)


async def test_every_request_refuses_a_query_parameter_that_nobody_knows(
    live: Api, redis: Redis, prefix: str
) -> None:
    before = await kept(redis, prefix)
    seen = 0
    for method, path, _ in operations(await described(live)):
        msg = await refused(live, method, f"{place(path)}?{UNKNOWN}=1")
        assert f"`{UNKNOWN}`" in msg, (method, path)
        seen += 1
    assert seen > 30
    assert before
    assert await kept(redis, prefix) == before


async def test_every_body_refuses_a_field_that_nobody_knows_in_each_of_its_objects(
    live: Api, redis: Redis, prefix: str
) -> None:
    document, before, seen = await described(live), await kept(redis, prefix), 0
    for method, path, operation in operations(document):
        if (method, path) in FOREIGN or method == "GET":
            continue
        content = operation.get("requestBody", {}).get("content", {})
        if content and "application/json" not in content:
            continue  # a picture has no fields
        schema = content.get("application/json", {}).get("schema")
        whole = {} if schema is None else example(schema, document)
        for body in each_with_an_unknown_field(whole):
            msg = await refused(live, method, place(path), body)
            assert f"no field `{UNKNOWN}`" in msg, (method, path, msg)
            seen += 1
    assert seen > 12
    assert before
    assert await kept(redis, prefix) == before


async def test_the_document_says_what_is_refused(live: Api) -> None:
    document = await described(live)
    schemas = document["components"]["schemas"]
    for method, path, operation in operations(document):
        for found in references(operation.get("requestBody", {}), schemas):
            if schemas[found].get("type") != "object":
                continue
            is_closed = schemas[found].get("additionalProperties") is False
            assert is_closed is ((method, path) not in FOREIGN), (method, path, found)
        for parameter in operation["parameters"]:
            if parameter["schema"].get("type") == "integer":
                assert {"minimum", "maximum"} <= set(parameter["schema"]), (path, parameter)


def references(node: Any, schemas: dict[str, Any]) -> set[str]:
    """The schemas that a part of the document leads to."""
    found: set[str] = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(node)))
    return found.union(*(references(schemas[name], schemas) for name in found))


async def test_every_parameter_of_the_document_is_taken_and_refused_above_its_maximum(
    live: Api,
) -> None:
    seen = 0
    for method, path, operation in operations(await described(live)):
        for parameter in operation["parameters"]:
            name, schema = parameter["name"], parameter["schema"]
            if parameter["in"] != "query":
                continue
            if "enum" in schema or "pattern" in schema:
                msg = await refused(live, method, f"{place(path)}?{name}=%20!")
                assert msg.startswith(f"`{name}` must be "), msg
            if schema.get("type") != "integer":
                continue
            least, most = schema["minimum"], schema["maximum"]
            for value in (least, most):
                target = f"{place(path)}?{name}={value}"
                status, answer = await live.send(method, target, user="a", role=Role.ADMIN)
                assert status in (200, 404), (path, name, value, answer)
            for value in (most + 1, 10**30, "-1", "x", "", "1.0", "1e1"):
                msg = await refused(live, method, f"{place(path)}?{name}={value}")
                assert msg == f"`{name}` must be a whole number from {least} to {most}."
            msg = await refused(live, method, f"{place(path)}?{name}={least}&{name}={least}")
            assert msg == f"`{name}` is given twice; give it once."
            seen += 1
    assert seen >= 8


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        (
            "GET",
            "/v1/rooms?colour=red",
            None,
            (
                "The request has no query parameter `colour`; it takes `order` `offset` `limit` "
                "`phase` `cursor`."
            ),
        ),
        (
            "GET",
            "/v1/rooms?limits=5",
            None,
            "The request has no query parameter `limits`: did you mean `limit`?",
        ),
        (
            "GET",
            "/v1/rooms/r1/polls?limit=5",
            None,
            "The request has no query parameter `limit`; it takes none.",
        ),
        (
            "GET",
            "/v1/rooms?limit=1000000",
            None,
            "`limit` must be a whole number from 0 to 100.",
        ),
        (
            "GET",
            "/v1/rooms/r1/figures.csv?table=product",
            None,
            f"`table` must be one of {', '.join(sorted(TABLES))}.",
        ),
        (
            "GET",
            "/v1/rooms/r1/actions?before=x",
            None,
            (
                "`before` is none that this list named: take the `next` of a page as it is, or "
                "leave it out to begin."
            ),
        ),
        (
            "GET",
            "/v1/rooms/r1/replay/at?minute=0&ms=0",
            None,
            "Say when, once: `?minute=12`, or `?ms=720000`.",
        ),
        (
            "POST",
            "/v1/rooms",
            {"room": "r2", "titel": "x"},
            "The body has no field `titel`: did you mean `title`?",
        ),
        (
            "POST",
            "/v1/rooms/r1/sales",
            SALE | {"starts_in_sec": 600},
            "The body has no field `starts_in_sec`: did you mean `starts_in_s`?",
        ),
        (
            "POST",
            "/v1/rooms/r1/sales",
            SALE | {"ref": 1},
            f"The body has no field `ref`; it takes {' '.join(f'`{n}`' for n in TERMS)}.",
        ),
        (
            "POST",
            "/v1/rooms/r1/sales/s1/close",
            {"when": "later"},
            "The body has no field `when`; it takes none.",
        ),
    ],
)
async def test_the_refusal_says_what_was_meant(
    live: Api, method: str, path: str, body: Any, sentence: str
) -> None:
    assert await refused(live, method, path, body) == sentence


@pytest.mark.parametrize("body", [b"", b"{}", b" null\n"])
async def test_a_body_that_says_nothing_may_come_where_none_is_taken(
    live: Api, body: bytes
) -> None:
    sale = (await live.send("POST", "/v1/rooms/r1/sales", SALE))[1]["sale"]
    status, closed = await live.send("POST", f"/v1/rooms/r1/sales/{sale}/close", data=body)
    assert (status, closed["status"]) == (200, "closed")


async def test_the_mended_request_may_come_with_the_key_of_the_refused_one(live: Api) -> None:
    key = {"Idempotency-Key": "k1"}
    misspelt, mended = SALE | {"starts_in_sec": 600}, SALE | {"starts_in_s": 600}
    sales = "/v1/rooms/r1/sales"

    await live.refused(400, "bad_message", "POST", sales, misspelt, headers=dict(key))

    status, sale = await live.send("POST", sales, mended, headers=dict(key))
    assert (status, sale["status"]) == (201, "scheduled")


async def test_a_message_of_a_provider_is_read_though_it_has_fields_of_its_own(live: Api) -> None:
    event = {"type": "payment.refunded", "room": "r1", "order": "o1", "payment": "p1",
             "amount": 1, "currency": "CNY", "livemode": True}  # fmt: skip
    body = json.dumps(event).encode()
    headers = {HEADER: sign(SECRET.encode(), int(time.time()), body)}
    answer = await live.send("POST", "/v1/payments/events", user=None, data=body, headers=headers)
    assert "livemode" not in json.dumps(answer)
    assert answer[0] in (200, 404)


async def handler(_: web.Request) -> web.Response:
    """Answer nothing."""
    return web.Response()


class Tolerant(Struct):
    """A type that ignores unknown fields."""


class Nested(Input, frozen=True):
    """Refuses unknown fields, but not those of a room in it."""

    rooms: list[Tolerant]


@pytest.mark.parametrize("body", [Tolerant, Nested])
def test_a_route_that_would_ignore_fields_stops_the_worker(body: Any) -> None:
    route = Route("POST", "/v1/x", "Do.", handler, body=body)
    with pytest.raises(ValueError, match=r"`POST /v1/x` ignores unknown fields in Tolerant"):
        must_refuse_unknown_fields([route])
    must_refuse_unknown_fields([route._replace(foreign="Others write it.")])


class Unbounded(Input, frozen=True):
    """A number that may be anything."""

    limit: Annotated[int, Meta(ge=0)] = 1


class Undescribed(Input, frozen=True):
    """A text that may be anything."""

    after: str = ""


@pytest.mark.parametrize(("query", "name"), [(Unbounded, "limit"), (Undescribed, "after")])
def test_a_route_with_a_parameter_without_bounds_stops_the_worker(query: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"`GET /v1/x`: `{name}` has no bounds"):
        must_refuse_unknown_fields([Route("GET", "/v1/x", "Read.", handler, query=query)])


async def test_the_known_commands_and_fields_are_told(live: Api) -> None:
    status, known = await live.send("GET", "/v1/protocol", user=None)

    assert (status, known["subprotocols"]) == (200, ["liveroom.v1.json", "liveroom.v1.msgpack"])
    assert set(known["commands"]) == {str(k.__struct_config__.tag) for k in HOUSE.commands}
    assert "starts_in_s" in known["commands"]["sale.open"]["properties"]
    assert set(re.findall(r"#/\$defs/(\w+)", json.dumps(known))) == set(known["$defs"])
    for schema in (*known["commands"].values(), *known["$defs"].values()):
        assert schema["additionalProperties"] is False
