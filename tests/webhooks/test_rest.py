"""Endpoints by REST: for admins, with the secret shown once."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.house import HOUSE
from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api
from tests.webhooks.receiver import Receiver, receiving

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

ADMIN: dict[str, Any] = {"user": "root", "role": Role.ADMIN}
PATHS = [
    ("GET", "", None),
    ("POST", "", {"url": "https://oms.example/"}),
    ("GET", "/oms", None),
    ("PATCH", "/oms", {"note": "x"}),
    ("DELETE", "/oms", None),
    ("POST", "/oms/pause", None),
    ("POST", "/oms/resume", None),
    ("POST", "/oms/rotate", {}),
    ("POST", "/oms/replay", {"since": 0}),
    ("POST", "/oms/test", None),
    ("GET", "/oms/deliveries", None),
]


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    return make_settings(
        outbox={"url": "https://me:hush@old.example/", "secret": "a secret of the settings"},
        webhooks={"endpoints_max": 2},
    )


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[Api]:
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, settings, worker.url)


async def ask(api: Api, method: str, path: str = "", body: Any = None) -> Any:
    """An admin's request that succeeds, and its answer."""
    status, answer = await api.send(method, f"/v1/webhooks{path}", body, **ADMIN)
    assert status < 300, answer
    return answer


async def refused(api: Api, status: int, code: str, method: str, path: str, body: Any) -> str:
    return await api.refused(status, code, method, f"/v1/webhooks{path}", body, **ADMIN)


async def test_an_endpoint_is_managed_from_its_making_to_its_end(api: Api) -> None:
    for method, path, body in PATHS:
        await api.refused(403, "forbidden", method, f"/v1/webhooks{path}", body)
        if path:
            await refused(api, 404, "not_found", method, path, body)

    async with receiving(Receiver()) as receiver:
        asked = {"id": "oms", "url": receiver.url, "kinds": ["order", "case"], "note": "Stock"}
        made = await ask(api, "POST", "", asked)
        secret = made["secret"]
        assert secret.startswith("whsec_")
        assert len(secret) > 40
        await refused(api, 409, "conflict", "POST", "", asked)

        # The secret was shown once; the endpoint of the settings is one of the list.
        listed = await ask(api, "GET")
        assert [each["id"] for each in listed["endpoints"]] == ["settings", "oms"]
        assert listed["endpoints"][0]["url"] == "https://me:***@old.example/"
        shown = listed["endpoints"][1]
        assert shown == await ask(api, "GET", "/oms") == made | {"secret": "whsec_***"}
        assert shown["kinds"] == ["case", "order"]
        assert "hush" not in str(listed)
        assert secret not in str(listed)

        # What its answers say; and that both secrets sign while one replaces the other.
        receiver.secrets = [secret]
        assert (await ask(api, "POST", "/oms/test"))["status"] == 200
        rotated = (await ask(api, "POST", "/oms/rotate", {"overlap_s": 60}))["secret"]
        receiver.secrets = [rotated, secret]
        tested = await ask(api, "POST", "/oms/test")
        assert (tested["status"], tested["error"]) == (200, "")
        newest = (await ask(api, "POST", "/oms/rotate", {"overlap_s": 0}))["secret"]
        receiver.secrets = [newest]
        await ask(api, "POST", "/oms/test")
        assert receiver.faults == []
        assert [each["type"] for each in receiver.taken] == ["test"] * 3

    await ask(api, "PATCH", "/oms", {"url": "http://127.0.0.1:9/", "kinds": []})
    assert (await ask(api, "POST", "/oms/test"))["error"]
    first = await ask(api, "GET", "/oms/deliveries?limit=1")
    [failed] = first["deliveries"]
    assert (failed["state"], failed["status"], failed["attempts"]) == ("given_up", 0, 1)
    rest = await ask(api, "GET", f"/oms/deliveries?limit=100&cursor={first['next']}")
    assert [each["state"] for each in rest["deliveries"]] == ["ok"] * 3
    assert rest["next"] is None
    good = await ask(api, "GET", "/oms/deliveries?state=ok")
    assert good["deliveries"] == rest["deliveries"]

    assert (await ask(api, "POST", "/oms/pause"))["state"] == "paused"
    assert (await ask(api, "POST", "/oms/resume"))["state"] == "active"
    assert await ask(api, "POST", "/oms/replay", {"since": 0}) == {"rooms": 0}
    made = await ask(api, "POST", "", {"url": "https://crm.example/"})
    assert made["id"].startswith("wh_")
    body = {"url": "https://more.example/"}
    assert "webhooks.endpoints_max" in await refused(api, 409, "limit_reached", "POST", "", body)
    await ask(api, "DELETE", "/oms")
    assert [each["id"] for each in (await ask(api, "GET"))["endpoints"]] == ["settings", made["id"]]


async def test_bad_input_gets_a_code_and_a_sentence_and_changes_nothing(api: Api) -> None:
    bodies = [
        {"url": "https://oms.example/", "kinds": ["orders"]},
        {"url": "ftp://oms.example/"},
        {"url": "https://me:hush@oms.example/"},
        {"url": "https://oms.example/", "id": "No Spaces"},
        {"url": "https://oms.example/", "secret": "mine"},
        {},
    ]
    for body in bodies:
        await refused(api, 400, "bad_message", "POST", "", body)
    await refused(api, 403, "forbidden", "POST", "", {"url": "https://169.254.169.254/"})
    body = {"id": "settings", "url": "https://oms.example/"}
    for method, path in (("POST", ""), ("PATCH", "/settings")):
        said = await refused(api, 409, "conflict", method, path, body if not path else {"note": ""})
        assert "outbox.url" in said
    await refused(api, 409, "conflict", "DELETE", "/settings", None)
    assert (await ask(api, "GET", "/settings"))["secret"] == "***"
    for query in ("cursor=x", "limit=0", "limit=101", "state=new", "page=2"):
        await refused(api, 400, "bad_message", "GET", f"/oms/deliveries?{query}", None)
    assert len((await ask(api, "GET"))["endpoints"]) == 1


async def test_the_schemas_are_for_everybody(api: Api) -> None:
    _, listed = await api.send("GET", "/v1/schemas", user=None)
    assert set(listed["types"]) == {*HOUSE.lines.types, "test"}
    _, schema = await api.send("GET", "/v1/schemas/order.paid.json", user=None)
    assert schema["properties"]["type"]["enum"] == ["order.paid"]
    assert schema["$defs"]["Order"]["properties"]["total"] == {"type": "integer"}
    await api.refused(404, "not_found", "GET", "/v1/schemas/order.eaten.json", user=None)


async def test_outside_development_an_endpoint_is_https(make_settings: MakeSettings) -> None:
    secret = {"secret": "a secret for tests that is long enough"}
    settings = make_settings("loadtest", jwt=secret, payments={"provider": "sandbox"})
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, settings, worker.url)
        await refused(api, 400, "bad_message", "POST", "", {"url": "http://oms.example/"})
        await refused(api, 403, "forbidden", "POST", "", {"url": "https://127.0.0.1/"})
        await ask(api, "POST", "", {"url": "https://oms.example/"})
