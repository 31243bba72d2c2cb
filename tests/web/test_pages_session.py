"""Signing in: a token becomes a cookie, and only this server's own pages can do it."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from server.access.auth import SESSION_COOKIE, TokenVerifier, mint
from server.protocol.roles import Role
from server.settings import Settings
from server.web.errors import errors_as_json
from server.web.known_input import with_known_input
from server.web.session import Sessions
from tests.conftest import MakeSettings

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def signing_in(settings: Settings) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[errors_as_json])
    for route in Sessions(settings, TokenVerifier(settings)).routes():
        app.router.add_route(route.method, route.path, with_known_input(route))
    async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with signing_in(settings) as client:
        yield client


@pytest.fixture
def token(settings: Settings) -> Callable[..., str]:
    def make(user: str = "ann", role: Role = Role.VIEWER, **more: Any) -> str:
        return mint(settings, user, role, **more)

    return make


async def test_a_token_becomes_a_cookie_only_the_browser_can_read(
    client: Client, token: Callable[..., str]
) -> None:
    made = token(name="Ann", ttl_s=3600)

    response = await client.post("/v1/session", json={"token": made})

    cookie = response.cookies[SESSION_COOKIE]
    assert cookie.value == made
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/")
    assert 3590 <= int(cookie["max-age"]) <= 3600
    who = await (await client.get("/v1/session")).json()
    assert who["you"] == {"user": "ann", "name": "Ann", "role": "viewer"}


async def test_behind_tls_the_cookie_is_for_tls_only(
    make_settings: MakeSettings, token: Callable[..., str]
) -> None:
    settings = make_settings(server={"port": 0, "public_url": "https://live.example"})
    async with signing_in(settings) as client:
        response = await client.post("/v1/session", json={"token": token()})

        assert response.cookies[SESSION_COOKIE]["secure"] is True


async def test_signing_out_takes_the_cookie_away(client: Client, token: Callable[..., str]) -> None:
    await client.post("/v1/session", json={"token": token()})

    await client.delete("/v1/session")

    assert (await (await client.get("/v1/session")).json())["you"] is None


async def test_a_cookie_that_has_ended_is_taken_away(
    client: Client, token: Callable[..., str]
) -> None:
    client.session.cookie_jar.update_cookies(
        {SESSION_COOKIE: token(ttl_s=-60)}, client.make_url("/")
    )

    response = await client.get("/v1/session")

    assert (await response.json())["you"] is None
    assert response.cookies[SESSION_COOKIE]["max-age"] == "0"


async def test_a_bad_token_is_refused_with_a_sentence(client: Client) -> None:
    response = await client.post("/v1/session", json={"token": "nonsense"})

    assert response.status == 401
    assert (await response.json())["error"]["code"] == "bad_token"
    assert SESSION_COOKIE not in response.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/session", "/v1/session/dev"])
async def test_another_site_cannot_sign_its_visitor_in(
    client: Client, token: Callable[..., str], headers: dict[str, str], path: str
) -> None:
    response = await client.post(path, json={"token": token()}, headers=headers)

    assert response.status == 403
    assert SESSION_COOKIE not in response.cookies


async def test_a_form_of_another_site_is_refused_by_its_type(
    client: Client, token: Callable[..., str]
) -> None:
    response = await client.post(
        "/v1/session", data=json.dumps({"token": token()}), headers={"Content-Type": "text/plain"}
    )

    assert response.status == 400


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"token": 7}', b"\xff", b"[" * 5000])
async def test_a_body_that_is_no_sign_in_is_refused(client: Client, body: bytes) -> None:
    response = await client.post(
        "/v1/session", data=body, headers={"Content-Type": "application/json"}
    )

    assert response.status == 400
    assert (await response.json())["error"]["code"] == "bad_message"


async def test_in_development_anybody_is_one_click_away(client: Client) -> None:
    response = await client.post(
        "/v1/session/dev", json={"role": "host", "user": "h1", "name": "Ana"}
    )

    assert (await response.json())["you"] == {"user": "h1", "name": "Ana", "role": "host"}
    strangers = [
        (await (await client.post("/v1/session/dev", json={})).json())["you"]["user"]
        for _ in range(2)
    ]
    assert strangers[0] != strangers[1]


@pytest.mark.parametrize(
    ("name", "shown"), [("\u202eA\u200bna\x9b", "Ana"), ("\u3164\u200b", "h1")], ids=ascii
)
async def test_one_click_gives_a_clean_name(client: Client, name: str, shown: str) -> None:
    body = {"role": "host", "user": "h1", "name": name}
    response = await client.post("/v1/session/dev", json=body)

    assert (await response.json())["you"]["name"] == shown


@pytest.mark.parametrize(
    "body",
    [{"role": "guest"}, {"role": "king"}, {"user": "a b"}, {"user": "x" * 65}, {"name": "n" * 99}],
)
async def test_one_click_makes_no_impossible_people(client: Client, body: dict[str, str]) -> None:
    response = await client.post("/v1/session/dev", json=body)

    assert response.status == 400
    assert SESSION_COOKIE not in response.cookies


async def test_outside_development_there_is_no_one_click(make_settings: MakeSettings) -> None:
    async with signing_in(make_settings("production")) as client:
        response = await client.post("/v1/session/dev", json={"role": "admin"})

        assert response.status == 404
        assert (await (await client.get("/v1/session")).json())["dev"] is False


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "localhost.evil.example:8080"},
        {"Host": "192.168.0.7:8080"},
        {"Host": "[2001:db8::1]:8080"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": "127.0.0.1", "X-Forwarded-For": "203.0.113.7"},
        {"Host": "localhost", "Forwarded": "for=203.0.113.7"},
        {"Host": "localhost", "Via": "1.1 proxy"},
    ],
    ids=str,
)
async def test_one_click_is_refused_under_a_name_that_is_not_this_machine(
    client: Client, headers: dict[str, str]
) -> None:
    response = await client.post("/v1/session/dev", json={"role": "admin"}, headers=headers)

    assert response.status == 403
    assert (await response.json())["error"]["code"] == "forbidden"
    assert SESSION_COOKIE not in response.cookies
    shown = await client.get("/v1/session", headers=headers)
    assert (await shown.json())["dev"] is False


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:80", "LOCALHOST", "shop.localhost:1", "[::1]:9", "127.9.9.9", "0.0.0.0:8080"],
)
async def test_one_click_answers_under_every_name_of_this_machine(
    client: Client, host: str
) -> None:
    response = await client.post("/v1/session/dev", json={}, headers={"Host": host})

    assert response.status == 200


async def test_one_click_answers_under_a_name_that_is_listed(make_settings: MakeSettings) -> None:
    listed = make_settings(server={"port": 0, "dev_hosts": ["Dev.example"]})
    async with signing_in(listed) as client:
        for host, status in (("dev.example:8443", 200), ("other.example", 403)):
            response = await client.post("/v1/session/dev", json={}, headers={"Host": host})
            assert response.status == status


@pytest.mark.parametrize("peer", ["192.168.0.7", "2001:db8::1", "::ffff:192.168.0.7", ""])
async def test_one_click_is_refused_to_another_machine_under_any_name(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch, peer: str
) -> None:
    monkeypatch.setattr(web.BaseRequest, "remote", property(lambda _: peer))
    async with signing_in(make_settings(server={"port": 0, "dev_hosts": ["x.example"]})) as client:
        for host in ("localhost", "x.example"):
            response = await client.post("/v1/session/dev", json={}, headers={"Host": host})
            assert response.status == 403


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.3.2.1", "::1", "::ffff:127.0.0.1"])
async def test_every_loopback_address_is_this_machine(
    client: Client, monkeypatch: pytest.MonkeyPatch, peer: str
) -> None:
    monkeypatch.setattr(web.BaseRequest, "remote", property(lambda _: peer))
    assert (await client.post("/v1/session/dev", json={})).status == 200


@pytest.mark.parametrize(
    ("origin", "host", "status"),
    [
        ("https://live.example:8443", "live.example", 200),
        ("https://live.example:8443", "10.0.0.5:8080", 200),
        ("https://LIVE.example:8443", "live.example", 200),
        ("https://live.example", "live.example:443", 200),
        ("https://live.example:444", "live.example", 403),
        ("http://live.example:8443", "live.example", 403),
        ("https://evil.example", "live.example", 403),
        ("null", "live.example", 403),
    ],
)
async def test_a_page_under_the_public_url_is_our_own_whatever_host_the_proxy_names(
    make_settings: MakeSettings, token: Callable[..., str], origin: str, host: str, status: int
) -> None:
    settings = make_settings(server={"port": 0, "public_url": "https://live.example:8443"})
    async with signing_in(settings) as client:
        response = await client.post(
            "/v1/session", json={"token": token()}, headers={"Origin": origin, "Host": host}
        )
        assert response.status == status


@pytest.mark.parametrize("other", ['g_state={"i_l":0}', "cart[a]=1", "consent", 'theme="a,b"'])
async def test_a_cookie_of_another_program_signs_nobody_out(
    client: Client, token: Callable[..., str], other: str
) -> None:
    cookie = f"{other}; {SESSION_COOKIE}={token()}"
    response = await client.get("/v1/session", headers={"Cookie": cookie})

    assert (await response.json())["you"]["user"] == "ann"
