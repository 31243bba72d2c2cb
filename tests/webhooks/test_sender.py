"""Posts to endpoints lead into no network of ours, keep to bounds, and are well signed."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from server.access import standard_webhooks
from server.features.webhooks import networks
from server.features.webhooks.endpoints import Endpoint
from server.features.webhooks.events import test_event as made_test_event
from server.features.webhooks.networks import ForbiddenAddress, Lookups, Networks
from server.features.webhooks.sender import Outcome, Sender
from server.features.webhooks.settings import WebhookSettings
from server.protocol.codes import CommandError
from tests.webhooks.receiver import Receiver, receiving

INSIDE = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254",
    "100.64.0.1", "192.0.2.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fc00::1",
    "fe80::1", "fe80::1%eth0", "ff02::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2002:a00:1::",
]  # fmt: skip
OUTSIDE = ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
PUBLIC_ONLY = Networks((), development=False)
SECRET = standard_webhooks.new_secret()


def endpoint_at(url: str) -> Endpoint:
    return Endpoint(
        id="oms", url=url, kinds=[], note="", secret=SECRET, old_secret="", old_until=0,
        state="active", reason="", made=1, changed=1, ok_at=0,
    )  # fmt: skip


async def post(url: str, allowed: Networks = PUBLIC_ONLY, **limits: Any) -> Outcome:
    """Post a test event to a URL."""
    async with Sender(WebhookSettings(**limits), allowed) as sender:
        return await sender.post(endpoint_at(url), made_test_event("evt_1", 1, "oms"))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving(Receiver()) as made:
        made.secrets = [SECRET]
        yield made


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused_in_a_sentence(address: str) -> None:
    with pytest.raises(ForbiddenAddress, match=r"private network.*webhooks\.allowed_networks"):
        PUBLIC_ONLY.must_be_allowed(address)


@pytest.mark.parametrize("address", OUTSIDE)
def test_an_address_outside_is_not(address: str) -> None:
    PUBLIC_ONLY.must_be_allowed(address)


def test_settings_allow_networks_and_development_allows_this_machine() -> None:
    Networks(("10.1.0.0/16",), development=False).must_be_allowed("10.1.2.3")
    Networks(("fd00::/8",), development=False).must_be_allowed("fd00::1")
    Networks((), development=True).must_be_allowed("127.0.0.1")
    with pytest.raises(ForbiddenAddress):
        Networks(("10.1.0.0/16",), development=True).must_be_allowed("10.2.0.1")
    with pytest.raises(ValueError, match="is no network"):
        WebhookSettings(allowed_networks=("10.1.2.3/16",))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::ffff:127.0.0.1]", "2130706433", "127.1", "0x7f000001", "localhost"]
)
async def test_no_way_to_write_an_address_inside_leads_there(receiver: Receiver, host: str) -> None:
    outcome = await post(receiver.url.replace("127.0.0.1", host))
    assert outcome.status == 0
    assert outcome.error
    assert receiver.posts == []


async def test_a_name_is_looked_up_and_its_address_checked_at_each_connection(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it led elsewhere the time before: what is connected to counts."""
    leads_to = "127.0.0.1"

    def lookup(host: str, port: int, family: int) -> list[Any]:
        assert host == "oms.example"
        return socket.getaddrinfo(leads_to, port, type=socket.SOCK_STREAM, family=family)

    monkeypatch.setattr(networks, "_addresses_of", lookup)
    url = receiver.url.replace("127.0.0.1", "oms.example")
    refused = await post(url)
    assert "127.0.0.1 is in a private network" in refused.error
    assert receiver.posts == []
    taken = await post(url, Networks(("127.0.0.0/8",), development=False))
    assert (taken.status, taken.error) == (200, "")
    assert len(receiver.taken) == 1


async def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    async with receiving(Receiver()) as inside:

        async def lead_inside(_: dict[str, Any]) -> web.Response:
            return web.Response(status=307, headers={"Location": inside.url})

        receiver.answer = lead_inside
        outcome = await post(receiver.url, Networks((), development=True))
        assert outcome.status == 307
        assert "redirects are not followed" in outcome.error
        assert inside.posts == []


async def test_an_endless_answer_and_one_that_never_comes_end(receiver: Receiver) -> None:
    here = Networks((), development=True)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with_end = asyncio.get_running_loop().time() + 60
        while asyncio.get_running_loop().time() < with_end:
            await response.write(b"x" * 65_536)
        return response

    async def silent(_: dict[str, Any]) -> int:
        await asyncio.Event().wait()
        return 200

    runner = web.AppRunner(_app(endless), shutdown_timeout=0.01)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    outcome = await post(f"http://{host}:{port}/", here)
    await runner.cleanup()
    assert (outcome.status, outcome.error) == (200, "")

    receiver.answer = silent
    outcome = await post(receiver.url, here, timeout_s=0.05)
    assert outcome.is_away
    assert "took too long" in outcome.error


def _app(handler: Callable[[web.Request], Any]) -> web.Application:
    app = web.Application()
    app.router.add_post("/", handler)
    return app


async def test_a_lookup_that_hangs_keeps_one_thread_and_nobody_else_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    goes_on, asked = threading.Event(), list[str]()

    def lookup(host: str, port: int, family: int) -> list[Any]:
        asked.append(host)
        if host == "hangs.example":
            goes_on.wait()
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("1.1.1.1", port))]

    monkeypatch.setattr(networks, "_addresses_of", lookup)
    lookups = Lookups(2)
    hanging = [asyncio.ensure_future(lookups.resolve("hangs.example", 443)) for _ in range(9)]
    [found] = await lookups.resolve("oms.example", 443)
    assert found["host"] == "1.1.1.1"
    for each in hanging[1:]:
        each.cancel()  # as when their time is up
    goes_on.set()
    assert (await hanging[0])[0]["host"] == "1.1.1.1"
    assert sorted(asked) == ["hangs.example", "oms.example"]
    await lookups.close()


def test_signatures_are_those_of_the_standard() -> None:
    """The body and the code are of the reference implementation's tests (standard-webhooks)."""
    key = standard_webhooks.key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = standard_webhooks.headers_of(
        [key, b"another key"], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    first, second = headers["webhook-signature"].split(" ")
    assert first == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert second.startswith("v1,")
    assert headers["webhook-timestamp"] == "1614265330"


@pytest.mark.parametrize("secret", ["", "whsec_?", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
def test_what_is_no_secret_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="a secret of Standard Webhooks"):
        standard_webhooks.key_of(secret)


@pytest.mark.parametrize(
    "url",
    [
        "http://oms.example/", "ftp://oms.example/", "https://", "https:///x", "oms.example", "",
        "https://oms.example:0/", "https://oms.example:99999/", " https://oms.example/",
        "https://a:b@oms.example/", "https://oms.example/#x", "https://127.0.0.1/",
        "https://[::1]/", "https://169.254.169.254/latest/",
    ],
)  # fmt: skip
def test_a_url_that_leads_nowhere_good_is_refused(url: str) -> None:
    with pytest.raises(CommandError) as refused:
        PUBLIC_ONLY.checked_url(url, plain=False)
    assert refused.value.code in ("bad_message", "forbidden")


def test_a_good_url_is_taken() -> None:
    url = "https://oms.example:8443/hooks?shop=1"
    assert PUBLIC_ONLY.checked_url(url, plain=False) == url
    assert PUBLIC_ONLY.checked_url("http://oms.example/", plain=True)
