"""Somebody whom the host makes a moderator, over real connections to two workers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from server.protocol.roles import Role
from tests.conftest import MakeSettings
from tests.running import Worker, running
from tests.server.conftest import OpenShop, Token
from tests.server.talk import talk


@pytest.fixture
async def workers(make_settings: MakeSettings, shop: OpenShop) -> AsyncIterator[list[Worker]]:
    """Two workers on one Redis, with the live room r1."""
    settings = make_settings()
    async with AsyncExitStack() as stack:
        made = [await stack.enter_async_context(running(settings, name)) for name in ("w1", "w2")]
        await shop(made[0].url).open()
        yield made


async def test_a_user_who_is_made_a_moderator_may_and_sees_what_moderators_do(
    workers: list[Worker], token: Token
) -> None:
    here, there = (worker.url for worker in workers)
    async with talk(here, "r1") as host, talk(there, "r1") as ann, talk(there, "r1") as ben:
        await host.join(token("h1", Role.HOST))
        as_viewer = await ann.join(token("ann"))
        await ben.join(token("ben"))
        before = await ann.ask("words.put", words=["pst"], action="hold")

        await host.ask("moderator.add", user="ann")
        told = await ann.hear(lambda m: m["t"] == "role")
        after = await ann.ask("words.put", words=["pst"], action="hold")
        held = await ben.ask("comment", text="pst!")
        review = await ann.hear(lambda m: m["t"] == "review")
        passed = await ann.ask("review.pass", id=review["held"][0]["id"])
        await ben.hear(lambda m: m["t"] == "comment" and m["text"] == "pst!")
        async with talk(here, "r1") as again:
            as_moderator = await again.join(token("ann"))

        await host.ask("moderator.remove", user="ann")
        refused = await ann.ask("review.drop", id="c1")

    assert (as_viewer["you"]["role"], as_moderator["you"]["role"]) == ("viewer", "moderator")
    assert (before["code"], refused["code"]) == ("forbidden", "forbidden")
    assert told["role"] == "moderator"
    assert (after["t"], passed["t"], held["held"]) == ("ok", "ok", True)
    assert [m for m in ben.messages if m["t"] in ("review", "role")] == []
