"""How often HTTP may ask: by address, by user, by server; no route of the house escapes."""

import logging
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from server.access.client_address import ClientAddresses, rate_name
from server.access.rate import BucketsByName
from server.house import load_settings
from server.protocol.roles import Role
from server.settings import SettingsError
from server.web.app import make_app
from server.web.pages import PAGES
from server.web.rates import EXEMPT, HOLD_S_MAX, REFUSED_AT_ONCE, Refusals
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api

pytestmark = [
    pytest.mark.blocking_allowed,  # a worker reads its scripts when it starts
    pytest.mark.long("waits until a rate allows more"),
]

ONE = {f"{sender}_{what}": n for sender in ("address", "user", "service")
       for what, n in (("burst", 1), ("per_s", 0.001))}  # fmt: skip

SAY_WHY_NOT = {"/pictures/{picture}", "/pictures/{picture}/small"}
"""Routes of features that are not counted (`Route.no_rate`)."""


class Limited(Api):
    """A worker whose rates a test chose, with its application."""

    app: web.Application

    async def status(self, path: str, **headers: str) -> int:
        async with self.session.get(self.url + path, headers=headers) as answer:
            return answer.status


Start = Callable[..., Any]


@pytest.fixture
async def start(
    make_settings: MakeSettings, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Start]:
    """Start a worker: `await start(address_burst=1)`."""
    async with AsyncExitStack() as stack:

        async def make(proxies: tuple[str, ...] = (), **rest: float) -> Limited:
            made: list[web.Application] = []

            def kept(*args: Any) -> web.Application:
                made.append(make_app(*args))
                return made[-1]

            monkeypatch.setattr("server.app.make_app", kept)
            settings = make_settings(
                rest=rest,
                server={"trusted_proxies": proxies},
                edge={"commands_burst": 1, "commands_per_s": 0.1},
            )
            worker = await stack.enter_async_context(running(settings, "w1"))
            session = await stack.enter_async_context(aiohttp.ClientSession())
            api = Limited(session, settings, worker.url)
            [api.app] = made
            return api

        yield make


def routes_of(app: web.Application) -> list[tuple[str, str]]:
    """(method, path as it is written) of every route of an application."""
    found = []
    for route in app.router.routes():
        assert route.resource is not None
        found.append((route.method, route.resource.canonical))
    return found


@pytest.mark.parametrize(
    "sender",
    [
        "nobody",
        Role.VIEWER,
        *(
            pytest.param(sender, marks=pytest.mark.torture("all routes once more"))
            for sender in ("a bad token", *(role for role in Role if role != Role.VIEWER))
        ),
    ],
)
async def test_no_route_of_the_house_escapes_the_rates_but_those_that_say_why(
    start: Start, sender: str
) -> None:
    api: Limited = await start(**ONE)
    headers = {}
    if sender == "a bad token":
        headers["Authorization"] = "Bearer nonsense"
    elif sender not in ("nobody", Role.GUEST):  # a guest has no token
        headers["Authorization"] = f"Bearer {api.token('somebody', Role(sender))}"
    assert await api.status("/v1/rooms", **headers) == 200
    # The route of signed messages counts by itself, whatever token comes along.
    async with api.session.post(api.url + "/v1/payments/events", data=b"{}") as first:
        assert first.status == 403

    async with api.session.post(f"{api.url}/v1/rooms/x/commands", headers=headers) as command:
        assert command.status in (400, 429)  # a user's count by themselves
    free = set()
    for method, path in routes_of(api.app):
        url = api.url + re.sub(r"\{\w+\}", "x", path)
        async with api.session.request(method, url, headers=headers) as answer:
            if answer.status == 429:
                assert "Retry-After" in answer.headers or method == "HEAD", (method, path)
            else:
                free.add(path)
    # On a slow machine the one command a user may send in ten seconds is there again.
    assert free - {"/v1/rooms/{room}/commands"} == set(EXEMPT) | SAY_WHY_NOT
    assert set(PAGES) <= free


async def test_a_path_that_is_no_route_is_limited_too(start: Start) -> None:
    api: Limited = await start(**ONE)
    assert await api.status("/v1/nothing") == 404
    assert await api.status("/v1/nothing/else") == 429
    async with api.session.post(api.url + "/healthz") as wrong_method:
        assert wrong_method.status == 429


async def test_a_refusal_says_what_happened_and_when_to_come_back(start: Start) -> None:
    api: Limited = await start(address_burst=3, address_per_s=0.5)
    fields = []
    for _ in range(4):
        async with api.session.get(api.url + "/v1/rooms") as answer:
            fields.append((answer.status, answer.headers.get("RateLimit")))
            assert answer.headers["RateLimit-Policy"] == '"address";q=3;w=6'
            body = await answer.json()
    assert [status for status, _ in fields] == [200, 200, 200, 429]
    left = [re.fullmatch(r'"address";r=(\d+);t=(\d+)', field or "") for _, field in fields]
    assert [match and match[1] for match in left] == ["2", "1", "0", "0"]
    assert all(match and 0 < int(match[2]) <= 6 for match in left)

    assert body["code"] == "rate_limited"
    assert body["detail"] == (
        "Your address sent more than 3 requests at once, or more than 0.5 a second for "
        "long: wait 2 s, then send again."
    )
    assert answer.headers["Retry-After"] == "2"
    metrics = await (await api.session.get(api.url + "/metrics")).text()
    assert 'liveroom_requests_limited_total{sender="address",worker="1"} 1.0' in metrics


async def test_a_user_gets_no_further_by_naming_other_rooms(start: Start) -> None:
    """Each room has a bucket of its own, also one that is not there."""
    api: Limited = await start(user_burst=5, user_per_s=0.001)
    command = {"op": "orders", "ref": 1}
    ann: dict[str, Any] = {"user": "ann", "role": Role.VIEWER}
    got = [
        (await api.send("POST", f"/v1/rooms/no-{n}/commands", command, **ann))[0] for n in range(7)
    ]
    assert got == [404] * 5 + [429] * 2
    assert (await api.send("GET", "/v1/me", **ann))[0] == 200  # REST has its own
    bob = await api.send("POST", "/v1/rooms/no-1/commands", command, user="bob", role=Role.VIEWER)
    assert bob[0] == 404


async def test_streams_that_are_refused_are_counted_and_others_are_not(start: Start) -> None:
    api: Limited = await start(user_burst=3, user_per_s=0.001)
    for room, draft in (("r1", False), ("d1", True)):
        made = await api.send("POST", "/v1/rooms", {"room": room, "title": "x", "draft": draft})
        assert made[0] == 201
    ann = {"Authorization": f"Bearer {api.token('ann', Role.VIEWER)}"}
    host = {"Authorization": f"Bearer {api.token('h1', Role.HOST)}"}
    for _ in range(5):
        assert await api.status("/v1/rooms/r1/stream", **ann) == 200
    got = [await api.status("/v1/rooms/d1/stream", **ann) for _ in range(5)]
    assert got == [403] * 3 + [429] * 2
    assert await api.status("/v1/rooms/r1/stream", **ann) == 429
    assert await api.status("/v1/rooms/d1/stream", **host) == 200


async def test_other_answers_carry_the_fields_too_and_probes_do_not(start: Start) -> None:
    api: Limited = await start()
    for path, status in (("/v1/rooms/nowhere", 404), ("/v1/ops", 401), ("/v1/none", 404)):
        async with api.session.get(api.url + path) as answer:
            assert answer.status == status
            assert answer.headers["RateLimit"].startswith('"address";r=1')
    async with api.session.get(api.url + "/healthz") as answer:
        assert "RateLimit" not in answer.headers


async def test_users_do_not_share_a_rate_with_each_other_or_with_their_address(
    start: Start,
) -> None:
    api: Limited = await start(address_burst=1, address_per_s=0.001, user_burst=2, user_per_s=0.001)

    async def ask(user: str | None) -> int:
        status, _ = await api.send("GET", "/v1/rooms", user=user, role=Role.VIEWER)
        return status

    assert [await ask(None), await ask(None)] == [200, 429]
    assert [await ask("ann") for _ in range(3)] == [200, 200, 429]
    assert [await ask("ben") for _ in range(3)] == [200, 200, 429]


async def test_other_servers_have_a_larger_rate_of_their_own(start: Start) -> None:
    api: Limited = await start(user_burst=1, user_per_s=0.001)

    async def ask(role: Role) -> tuple[int, str]:
        token = api.token(f"the {role}", role)
        headers = {"Authorization": f"Bearer {token}"}
        async with api.session.get(api.url + "/v1/rooms", headers=headers) as answer:
            return answer.status, answer.headers["RateLimit-Policy"]

    assert await ask(Role.HOST) == (200, '"user";q=1;w=1000')
    assert (await ask(Role.HOST))[0] == 429
    for _ in range(3):
        assert await ask(Role.ADMIN) == (200, '"service";q=5000;w=5')
    async with api.session.post(api.url + "/v1/payments/events", data=b"{}") as answer:
        assert answer.headers["RateLimit-Policy"] == '"service";q=5000;w=5'


async def test_the_address_behind_a_trusted_proxy_counts(start: Start) -> None:
    api: Limited = await start(("127.0.0.0/8",), **ONE)

    async def ask(forwarded_for: str) -> int:
        return await api.status("/v1/rooms", **{"X-Forwarded-For": forwarded_for})

    assert [await ask("192.0.2.1"), await ask("192.0.2.1"), await ask("192.0.2.2")] == [
        200,
        429,
        200,
    ]
    # What the client wrote itself stands before what the proxy saw.
    assert await ask("203.0.113.9, 192.0.2.1") == 429


async def test_a_strangers_word_on_its_address_is_not_believed_and_logged_once(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    api: Limited = await start(**ONE)
    asked = [await api.status("/v1/rooms", **{"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(3)]
    assert asked == [200, 429, 429]
    said = [r for r in caplog.records if "trusted proxy" in r.getMessage()]
    assert [record.levelno for record in said] == [logging.WARNING]


async def test_a_rate_of_zero_is_none(start: Start) -> None:
    api: Limited = await start(address_per_s=0, address_burst=1)
    for _ in range(5):
        async with api.session.get(api.url + "/v1/rooms") as answer:
            assert (answer.status, "RateLimit" in answer.headers) == (200, False)


def test_a_rate_comes_back_as_time_goes_by() -> None:
    buckets, name = BucketsByName(20, 1, 100), ("address", "a")
    assert buckets.wait_s(name, 0.0) == 0.0
    assert buckets.wait_s(name, 0.0) == pytest.approx(0.05)
    assert buckets.wait_s(name, 0.0501) == 0.0


async def test_a_guest_reads_the_list_of_rooms(start: Start) -> None:
    api: Limited = await start()
    await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
    _, rooms = await api.send("GET", "/v1/rooms", user=None)
    assert [room["room"] for room in rooms] == ["r1"]
    _, none = await api.send("GET", "/v1/rooms?limit=0", user=None)
    assert none == []


def test_the_table_of_senders_is_bounded() -> None:
    buckets = BucketsByName(0.001, 1, 100)
    for n in range(1000):
        assert buckets.wait_s(("address", str(n)), 0.0) == 0.0
    assert len(buckets._buckets) == 100
    refusals = Refusals(100)
    for n in range(1000):
        refusals.hold_s(str(n), 0.0)
    assert len(refusals._counts) == 100


def test_refusals_of_one_sender_come_later_the_more_there_were_in_a_second() -> None:
    refusals = Refusals(100)
    first = [refusals.hold_s("a", 7.5) for _ in range(REFUSED_AT_ONCE)]
    later = [refusals.hold_s("a", 7.6) for _ in range(1000)]
    assert set(first) == {0.0}
    assert later[0] > 0.0
    assert later == sorted(later)
    assert later[-1] == HOLD_S_MAX
    assert refusals.hold_s("b", 7.6) == 0.0
    assert refusals.hold_s("a", 8.0) == 0.0


@pytest.mark.parametrize(
    ("peer", "said", "address"),
    [
        ("198.51.100.1", [], "198.51.100.1"),
        ("198.51.100.1", ["192.0.2.1"], "198.51.100.1"),  # no proxy of ours
        ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["192.0.2.1, 10.9.9.9"], "192.0.2.1"),  # two of ours, one behind the other
        ("10.0.0.1", ["192.0.2.1", "10.9.9.9"], "192.0.2.1"),  # the same in two headers
        ("10.0.0.1", ["203.0.113.9, 192.0.2.1"], "192.0.2.1"),  # the first is invented
        ("10.0.0.1", ["unknown"], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1, garbage"], "10.0.0.1"),
        ("10.0.0.1", ["", ""], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1:4711"], "192.0.2.1"),
        ("10.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("fd00::5", ["2001:db8::1"], "2001:db8::1"),
        ("::ffff:10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("fe80::1%eth0", ["192.0.2.1"], "fe80::1%eth0"),
        ("", ["192.0.2.1"], ""),
    ],
)
def test_only_what_trusted_proxies_saw_is_believed(
    peer: str, said: list[str], address: str
) -> None:
    assert ClientAddresses(("10.0.0.0/8", "fd00::5")).behind(peer, said) == address


def test_the_hosts_of_one_ipv6_network_share_a_rate() -> None:
    assert rate_name("2001:db8:1:2:aaaa::1") == rate_name("2001:db8:1:2:bbbb::9")
    assert rate_name("2001:db8:1:2::1") != rate_name("2001:db8:1:3::1")
    assert rate_name("::ffff:192.0.2.1") == rate_name("192.0.2.1") == "192.0.2.1"
    assert rate_name("") == ""


def test_a_trusted_proxy_that_is_no_address_stops_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LIVEROOM_SERVER_TRUSTED_PROXIES", "10.0.0.0/99")
    with pytest.raises(SettingsError, match=r"server\.trusted_proxies.*10\.0\.0\.0/99"):
        load_settings()
