"""Signing in: a token becomes a cookie, and only this server's own pages can do it."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from server.auth import SESSION_COOKIE, TokenVerifier, mint
from server.protocol.roles import Role
from server.settings import Settings
from server.web.errors import errors_as_json
from server.web.pages import add_pages
from tests.conftest import MakeSettings

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def signing_in(settings: Settings) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[errors_as_json])
    add_pages(app, settings, TokenVerifier(settings))
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
