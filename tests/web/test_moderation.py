"""The rules of a room and the log of who did what, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.protocol.roles import Role
from tests.conftest import MakeSettings
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

ROOM = "/v1/rooms/r1"


@pytest.fixture
async def live(make_settings: MakeSettings) -> AsyncIterator[Api]:
    """The live room r1 of h1."""
    settings = make_settings()
    async with running(settings, "w1") as worker, aiohttp.ClientSession() as session:
        api = Api(session, settings, worker.url)
        await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
        await api.send("POST", f"{ROOM}/live", {"phase": "live"})
        yield api


async def test_rules_and_words_are_changed_and_read(live: Api) -> None:
    first = await live.send("GET", f"{ROOM}/rules")
    changed = [
        await live.send("PATCH", f"{ROOM}/rules", {"review": "new"}),
        await live.send("PATCH", f"{ROOM}/rules", {"followers_only": True}),
        await live.send("PUT", f"{ROOM}/words", {"words": ["rude", "坏话"], "action": "block"}),
        await live.send("PUT", f"{ROOM}/words", {"words": ["hm"], "action": "hold"}),
        await live.send("DELETE", f"{ROOM}/words/坏话"),
    ]

    assert first == (200, {"followers_only": False, "review": "off", "words": {}})
    assert [status for status, _ in changed] == [204] * 5
    words = {"rude": "block", "hm": "hold"}
    rules = {"followers_only": True, "review": "new", "words": words}
    assert await live.send("GET", f"{ROOM}/rules") == (200, rules)
    assert (await live.send("GET", ROOM))[1]["followers_only"] is True


async def test_the_log_is_read_in_pages_the_newest_first_and_as_csv(live: Api) -> None:
    for n in range(3):
        await live.send("PUT", f"{ROOM}/words", {"words": [f"w{n}"], "action": "hold"})
    moderator: dict[str, Any] = {"user": "=mo", "role": Role.MODERATOR}
    await live.send("PATCH", f"{ROOM}/rules", {"review": "all"}, **moderator)

    _, whole = await live.send("GET", f"{ROOM}/actions")
    _, newest = await live.send("GET", f"{ROOM}/actions?limit=2")
    _, rest = await live.send("GET", f"{ROOM}/actions?before={newest['next']}")
    _, table = await live.send("GET", f"{ROOM}/actions.csv")

    kinds = [(fact["k"], fact["by"]) for fact in whole["actions"]]
    assert kinds == [("rules", "=mo"), *[("words", "h1")] * 3, ("phase", "h1")]
    assert whole["next"] is None
    for nothing in ("0-0", "00-000"):
        page = await live.send("GET", f"{ROOM}/actions?before={nothing}")
        assert page == (200, {"actions": [], "next": None})
    assert newest["actions"] + rest["actions"] == whole["actions"]
    lines = table.removeprefix("\ufeff").splitlines()
    assert lines[0] == "time,by,what,details"
    assert [line.split(",")[1:3] for line in lines[1:3]] == [["'=mo", "rules"], ["h1", "words"]]
    assert len(lines) == 6


async def test_rights_of_others_are_refused(live: Api) -> None:
    viewer = {"user": "ann", "role": Role.VIEWER}
    moderator = {"user": "mo", "role": Role.MODERATOR}
    for path in ("rules", "actions", "actions.csv"):
        for who in (viewer, moderator, {"user": "h2"}):
            await live.refused(403, "forbidden", "GET", f"{ROOM}/{path}", **who)
    await live.refused(403, "forbidden", "PATCH", f"{ROOM}/rules", {}, **viewer)
    await live.refused(404, "not_found", "GET", "/v1/rooms/nowhere/actions")
    words = {"words": ["!"], "action": "block"}
    await live.refused(400, "bad_message", "PUT", f"{ROOM}/words", words)
    await live.refused(400, "bad_message", "PATCH", f"{ROOM}/rules", {"review": "maybe"})
    for before in ("x", "1-", "1-2-3", "-1-1"):
        await live.refused(400, "bad_message", "GET", f"{ROOM}/actions?before={before}")
