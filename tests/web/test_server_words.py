"""Words and patterns of the whole server, put and removed while two workers run."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.records.bought import done, open_room
from tests.running import running
from tests.server.talk import Talk, talk
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

ROOT: dict[str, Any] = {"user": "root", "role": Role.ADMIN}
PHONE = r"\b1[3-9]\d{9}\b"


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(
        orders={"fair_window_ms": 0},
        rooms={"comments_burst": 1000, "comments_per_user_per_s": 100},
        moderation={"server_words_max": 3, "server_patterns_max": 20},
    )


@pytest.fixture
async def apis(web_settings: Settings) -> AsyncIterator[tuple[Api, Api]]:
    """Two workers of one store, with the live room r1 of h1."""
    async with (
        running(web_settings, "w1") as one,
        running(web_settings, "w2") as two,
        aiohttp.ClientSession() as session,
    ):
        here, there = Api(session, web_settings, one.url), Api(session, web_settings, two.url)
        await open_room(here, "r1")
        yield here, there


async def outcome(person: Talk, text: str) -> str:
    reply = await person.ask("comment", text=text)
    return "held" if reply.get("held") else str(reply.get("code", "shown"))


async def until_outcome(person: Talk, text: str, wanted: str) -> None:
    """Say it, each time with other words around it, until that becomes of it."""
    for n in itertools.count():
        if await outcome(person, f"{text} 〇{n}〇") == wanted:
            return
        await asyncio.sleep(0.05)


async def test_a_word_counts_on_every_worker_and_after_a_restart_until_it_is_removed(
    apis: tuple[Api, Api], web_settings: Settings
) -> None:
    here, there = apis
    put = {"words": ["jade sale"], "action": "block", "why": "scam of this week"}
    async with talk(here.url, "r1") as near, talk(there.url, "r1") as far:
        await near.join(here.token("ann", Role.VIEWER))
        await far.join(there.token("ben", Role.VIEWER))
        assert await outcome(far, "a jade sale now") == "shown"
        answer = await done(here, "PUT", "/v1/words", put, **ROOT)
        [word] = answer["words"]
        assert (word["by"], word["why"], answer["total"]) == ("root", "scam of this week", 1)
        assert await outcome(near, "a j.a.d.e ＳＡＬＥ now") == "forbidden"
        await until_outcome(far, "a JADE  s4le", "forbidden")

        patterns = {"words": [PHONE], "form": "pattern", "action": "hold", "why": "phone numbers"}
        await done(there, "PUT", "/v1/words", patterns, **ROOT)
        assert await outcome(far, "call １３８-００１３-８０００") == "held"
        await until_outcome(near, "call 1 3 8 0 0 1 3 8 0 0 0", "held")

        async with running(web_settings, "w3") as third, talk(third.url, "r1") as late:
            await late.join(here.token("eve", Role.VIEWER))
            assert await outcome(late, "a jade sale") == "forbidden"

        await done(there, "DELETE", f"/v1/words/{word['id']}", **ROOT)
        assert await outcome(far, "one more jade sale") == "shown"
        await until_outcome(near, "jade sale", "shown")
        await here.refused(404, "not_found", "DELETE", f"/v1/words/{word['id']}", **ROOT)
    log = await done(here, "GET", "/v1/actions?by=root", **ROOT)
    assert [(each["what"], each["details"]["word"]) for each in log["actions"]] == [
        ("remove_word", "jade sale"), ("put_word", PHONE), ("put_word", "jade sale"),
    ]  # fmt: skip
    first = await done(here, "GET", "/v1/actions?limit=2", **ROOT)
    rest = await done(here, "GET", f"/v1/actions?limit=2&cursor={first['next']}", **ROOT)
    assert first["actions"] + rest["actions"] == log["actions"]


async def test_what_can_not_be_looked_for_is_refused_and_changes_nothing(
    apis: tuple[Api, Api],
) -> None:
    here, _ = apis
    body = {"action": "block", "why": "w"}
    bad: list[tuple[int, str, dict[str, Any]]] = [
        (400, "bad_message", {"words": []}),
        (400, "bad_message", {"words": [""]}),
        (400, "bad_message", {"words": ["…"]}),
        (400, "bad_message", {"words": ["fine", " "]}),
        (400, "bad_message", {"words": ["x"], "why": " "}),
        (413, "too_long", {"words": ["x" * 65]}),
        (400, "bad_message", {"words": ["x" * 201], "form": "pattern"}),
        *((400, "bad_message", {"words": [bad], "form": "pattern"})
          for bad in ("(", "a**", r"(?<=a)b", r"(a)\1", "x*", " ?", "x{1,5000}")),
        (409, "limit_reached", {"words": ["aa", "bb", "cc", "dd"]}),
    ]  # fmt: skip
    many = [rf"\pL{{1,3}}{n}" for n in range(10)]  # each of them is fine
    bad.append((409, "limit_reached", {"words": many, "form": "pattern"}))
    for status, code, more in bad:
        said = await here.refused(status, code, "PUT", "/v1/words", body | more, **ROOT)
        assert "Traceback" not in said
    assert await done(here, "GET", "/v1/words", **ROOT) == {"words": [], "total": 0, "next": None}
    await here.refused(403, "forbidden", "PUT", "/v1/words", body | {"words": ["x1"]})
    pages = list[str]()
    await done(here, "PUT", "/v1/words", body | {"words": ["aa", "bb", "cc"]}, **ROOT)
    await done(here, "PUT", "/v1/words", body | {"words": ["aa"], "action": "hold"}, **ROOT)
    cursor: str | None = ""
    while cursor is not None:
        page = await done(here, "GET", f"/v1/words?limit=1&cursor={cursor}", **ROOT)
        pages += [f"{word['word']} {word['action']}" for word in page["words"]]
        cursor = page["next"]
    assert (pages[0], sorted(pages[1:])) == ("aa hold", ["bb block", "cc block"])
