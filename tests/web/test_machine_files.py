"""What other programs read of us: OpenAPI, AsyncAPI, problems, ETags, names of requests, CORS."""

import json
import logging
from collections import Counter
from typing import Any

import aiohttp
import pytest

from server.house import HOUSE
from server.protocol.codes import ERRORS
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

SHOP = "https://shop.example"


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(edge={"origins": [SHOP]})


def references(node: Any) -> set[str]:
    """Every $ref under a node."""
    if isinstance(node, list):
        return {found for part in node for found in references(part)}
    if not isinstance(node, dict):
        return set()
    here = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return here | {found for part in node.values() for found in references(part)}


def led_to(document: Any, reference: str) -> Any:
    """What a reference leads to. Raises KeyError."""
    for part in reference.removeprefix("#/").split("/"):
        document = document[part.replace("~1", "/")]
    return document


async def test_each_request_has_a_name_and_a_group_and_one_status(api: Api) -> None:
    document = (await api.send("GET", "/v1/openapi.json", user=None))[1]
    operations = [one for path in document["paths"].values() for one in path.values()]
    names = Counter(one["operationId"] for one in operations)

    assert [name for name, count in names.items() if count > 1] == []
    assert all(name.isidentifier() and name.islower() for name in names)
    assert {group for one in operations for group in one["tags"]} <= {*HOUSE.features, "server"}
    for one in operations:
        [status] = set(one["responses"]) - {"default"}
        content = one["responses"][status].get("content")
        assert (content is None) == (status == "204"), one["operationId"]
    assert "prefixItems" not in json.dumps(document)
    schemas = document["components"]["schemas"]
    assert [name for name in schemas if not name.isalnum()] == [], "two types have one name"


async def test_asyncapi_tells_every_message_once_and_leads_nowhere_wrong(api: Api) -> None:
    document = (await api.send("GET", "/v1/asyncapi.json", user=None))[1]
    for reference in references(document):
        assert led_to(document, reference), reference
    messages = document["components"]["messages"]
    for action, kinds in (("receive", HOUSE.commands), ("send", HOUSE.told)):
        told = {
            name: one for name, one in document["operations"].items() if one["action"] == action
        }
        assert set(told) == {kind.__name__ for kind in kinds}
    for kind in HOUSE.told:
        assert messages[kind.__name__]["x-delivery"] == kind.delivery.value
        assert messages[kind.__name__]["name"] == kind.__struct_config__.tag
    assert all(message["summary"] for message in messages.values())
    schemas = document["components"]["schemas"]
    assert [name for name in schemas if not name.isalnum()] == [], "two types have one name"


@pytest.mark.parametrize("path", ["/v1/rooms/nowhere", "/v1/none", "/v1/rooms?offset=-1"])
async def test_a_refusal_is_a_problem_of_the_rfc(api: Api, path: str) -> None:
    async with api.session.get(api.url + path) as answer:
        problem = await answer.json()

    assert answer.content_type == "application/problem+json"
    assert problem["status"] == answer.status
    assert problem["title"] == ERRORS[problem["code"]].meaning
    assert problem["type"].endswith(problem["code"])
    assert problem["error"] == {"code": problem["code"], "msg": problem["detail"]}


async def test_who_has_the_newest_list_is_told_so(api: Api) -> None:
    await api.send("POST", "/v1/rooms", {"room": "r1", "title": "x"})
    async with api.session.get(api.url + "/v1/rooms") as first:
        etag = first.headers["ETag"]
        assert await first.json() != []
    async with api.session.get(api.url + "/v1/rooms", headers={"If-None-Match": etag}) as again:
        assert (again.status, await again.read()) == (304, b"")
        assert again.headers["ETag"] == etag
    await api.send("POST", "/v1/rooms", {"room": "r2", "title": "y"})
    async with api.session.get(api.url + "/v1/rooms", headers={"If-None-Match": etag}) as changed:
        assert changed.status == 200
        assert changed.headers["ETag"] != etag


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("shop-7.a/b=", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ("", False)],
)
async def test_a_request_has_a_name(api: Api, given: str, is_kept: bool) -> None:
    headers = {"X-Request-Id": given} if given else {}
    async with api.session.get(api.url + "/v1/rooms", headers=headers) as answer:
        name = answer.headers["X-Request-Id"]

    assert (name == given) is is_kept
    assert name


async def test_a_line_of_the_log_names_its_request(
    api: Api, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from server.rooms.directory import Directory
    from server.telemetry.logs import REQUEST_ID

    async def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    named: list[str] = []
    monkeypatch.setattr(Directory, "read", fails)
    monkeypatch.setattr(
        logging.getLogger("server.web.errors"),
        "exception",
        lambda *_: named.append(REQUEST_ID.get()),
    )
    async with api.session.get(api.url + "/v1/rooms/r1", headers={"X-Request-Id": "n7"}) as answer:
        assert (answer.status, answer.headers["X-Request-Id"]) == (500, "n7")
    assert named == ["n7"]


async def test_pages_of_a_listed_origin_may_use_rest_and_no_others(web_settings: Settings) -> None:
    async with running(web_settings, "w1") as worker, aiohttp.ClientSession() as session:
        for origin, may in ((SHOP, True), ("https://other.example", False)):
            headers = {"Origin": origin}
            async with session.get(worker.url + "/v1/rooms", headers=headers) as answer:
                assert (answer.headers.get("Access-Control-Allow-Origin") == origin) is may
                assert "Access-Control-Allow-Credentials" not in answer.headers
            ask = headers | {"Access-Control-Request-Method": "PUT"}
            shelf = worker.url + "/v1/rooms/r1/shelf/mug"
            async with session.options(shelf, headers=ask) as preflight:
                assert (preflight.status == 204) is may
                assert ("PUT" in preflight.headers.get("Access-Control-Allow-Methods", "")) is may
        async with session.options(worker.url + "/v1/session", headers={"Origin": SHOP}) as own:
            assert own.status == 405
            assert "Access-Control-Allow-Origin" not in own.headers
