"""Who gets in, and how fast they may speak."""

from collections.abc import AsyncIterator

import pytest

from server.protocol.roles import Role
from tests.conftest import MakeSettings
from tests.running import Worker, running
from tests.server.conftest import OpenShop, Token
from tests.server.talk import talk


@pytest.fixture
async def worker(make_settings: MakeSettings, shop: OpenShop) -> AsyncIterator[Worker]:
    """A worker with the live room r1; ten commands at once, then one every hundred seconds."""
    edge = {"commands_burst": 10, "commands_per_s": 0.1, "commands_in_flight_max": 2}
    async with running(make_settings(edge=edge), "w1") as made:
        await shop(made.url).open()
        yield made


@pytest.mark.parametrize(
    ("user", "rooms", "room", "code", "closed_with"),
    [
        (None, None, "r1", "bad_token", 4401),
        ("ann", ["another"], "r1", "forbidden", 4403),
        ("ann", None, "nowhere", "not_found", 4404),
    ],
)
async def test_a_client_that_may_not_come_in_is_told_why_and_closed(
    worker: Worker,
    token: Token,
    user: str | None,
    rooms: list[str] | None,
    room: str,
    code: str,
    closed_with: int,
) -> None:
    async with talk(worker.url, room) as ann:
        refused = await ann.join(token(user, rooms=rooms) if user else "no.such.token")
        bye = await ann.hear(lambda m: m["t"] == "bye")

        assert (refused["t"], refused["code"]) == ("err", code)
        assert bye == {"t": "bye", "code": closed_with}
        assert await ann.end() == closed_with


async def test_too_many_commands_are_refused_and_a_flood_is_closed(
    worker: Worker, token: Token
) -> None:
    async with talk(worker.url) as ann, talk(worker.url) as ben:
        await ann.join(token("ann"))
        await ben.join(token("ben"))

        refs = [await ann.tell("ping") for _ in range(40)]
        await ann.hear(lambda m: m["t"] == "bye")

        assert await ann.end() == 4429
        outcomes = [ann.replies[ref] for ref in refs if ref in ann.replies]
        good = [reply for reply in outcomes if reply["t"] == "ok"]
        refused = [reply for reply in outcomes if reply["t"] == "err"]
        assert 9 <= len(good) < 20
        assert {reply["code"] for reply in refused} == {"rate_limited"}
        assert all(reply["retry_ms"] > 0 for reply in refused)
        assert (await ben.ask("ping"))["t"] == "ok"


async def test_only_so_many_commands_are_in_flight(worker: Worker, token: Token) -> None:
    async with talk(worker.url) as ann:
        await ann.join(token("ann"))

        refs = [await ann.tell("like") for _ in range(6)]
        await ann.wait_for(lambda: all(ref in ann.replies for ref in refs))

        refused = [ann.replies[ref] for ref in refs if ann.replies[ref]["t"] == "err"]
        assert {reply["code"] for reply in refused} == {"rate_limited"}
        assert len(refused) >= 1
        assert (await ann.ask("orders"))["orders"] == []


async def test_the_host_of_another_room_is_told_it_is_a_viewer(
    worker: Worker, token: Token
) -> None:
    async with talk(worker.url) as other, talk(worker.url) as host:
        assert (await other.join(token("h2", Role.HOST)))["you"]["role"] == "viewer"
        assert (await host.join(token("h1", Role.HOST)))["you"]["role"] == "host"
