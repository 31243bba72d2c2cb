"""Reports: kept with what was said, told to the desk and the operator, settled by commands."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.features.reports.reports import OldReports, delete_reports, forget_reports
from server.house import records_of
from server.protocol.roles import Role
from server.records.forgotten import pseudonym_of
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.records.bought import ANN, BEN, ROOT, buy, done, open_room, until
from tests.running import running
from tests.server.talk import Talk, talk
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

EVE: dict[str, Any] = {"user": "eve", "role": Role.VIEWER}
MOD: dict[str, Any] = {"user": "mo", "role": Role.VIEWER}
ROOM = "/v1/rooms/r1/reports"
QUEUE = "/v1/reports"


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(
        records={"url": records_url, "archive_interval_s": 0.05},
        orders={"fair_window_ms": 0},
        rooms={"recent_comments_max": 2},
        reports={"per_user_a_day_max": 8, "per_thing_max": 3},
    )


@pytest.fixture
async def apis(records_settings: Settings) -> AsyncIterator[tuple[Api, Api]]:
    """Two workers of one store, with the live room r1 of h1."""
    async with (
        running(records_settings, "w1") as one,
        running(records_settings, "w2") as two,
        aiohttp.ClientSession() as session,
    ):
        here = Api(session, records_settings, one.url)
        there = Api(session, records_settings, two.url)
        await open_room(here, "r1")
        yield here, there


async def say(person: Talk, text: str) -> str:
    reply = await person.ask("comment", text=text)
    assert reply["t"] == "ok", reply
    return str(reply["id"])


async def things(api: Api, query: str = "") -> list[dict[str, Any]]:
    page = await done(api, "GET", f"{QUEUE}?{query}", **ROOT)
    return list(page["things"])


async def test_a_comment_is_kept_as_it_was_and_only_who_shall_know_is_told(
    apis: tuple[Api, Api],
) -> None:
    here, there = apis
    async with (
        talk(here.url, "r1") as host, talk(there.url, "r1") as ann, talk(here.url, "r1") as ben,
    ):  # fmt: skip
        await host.join(here.token("h1", Role.HOST))
        await ann.join(there.token("ann", Role.VIEWER))
        await ben.join(here.token("ben", Role.VIEWER))
        said = await say(ben, "你真傻")
        for text in ("one", "two", "three"):  # the room's list has only two of them
            await say(ben, text)
        await ann.hear(lambda m: m.get("text") == "three")

        report = {"about": "comment", "id": said, "kind": "abuse", "text": "he insults me"}
        assert (await ann.ask("report", **report))["t"] == "ok"
        assert (await host.hear(lambda m: m["t"] == "reports"))["total"] == 1
        await host.ask("comment.remove", id=said)
        [waiting] = (await host.ask("reports"))["reports"]
        assert (waiting["text"], waiting["user"], waiting["kinds"]) == (
            "你真傻",
            "ben",
            {"abuse": 1},
        )
        assert "ann" not in str(waiting)

        [thing] = await things(there)
        assert (thing["text"], thing["name"], thing["host"]) == ("你真傻", "ben", "h1")
        assert thing["words"] == ["he insults me"]
        one = await done(here, "GET", f"{QUEUE}/{thing['thing']}", **ROOT)
        assert [each["user"] for each in one["reports"]] == ["ann"]

        decision = {"outcome": "muted", "seconds": 60, "note": "second time"}
        path = f"{QUEUE}/{thing['thing']}/resolve"
        settled = await done(there, "POST", path, decision, **ROOT)
        assert (settled["open"], settled["outcome"], settled["by"]) == (False, "muted", "root")
        assert (await ben.hear(lambda m: m["t"] == "muted"))["until"] > 0
        await host.hear(lambda m: m["t"] == "reports" and m["total"] == 0)
        assert "root" in await here.refused(409, "conflict", "POST", path, decision, **ROOT)
        assert await things(here) == []
        assert [each["note"] for each in await things(here, "state=closed")] == ["second time"]
        assert not [m for m in (*ben.messages, *ann.messages) if m["t"] == "reports"]

    log = await until(here, "/v1/actions?room=r1", lambda page: len(page["actions"]) >= 3, **ROOT)
    done_by = {(each["by"], each["what"], each["user"]) for each in log["actions"]}
    assert {("h1", "remove", ""), ("root", "mute", "ben"), ("root", "report", "ben")} <= done_by


async def test_one_report_counts_a_person_and_thing_within_bounds(apis: tuple[Api, Api]) -> None:
    here, _ = apis
    about = {"about": "product", "id": "mug", "kind": "counterfeit"}
    for who in (ANN, ANN, BEN, EVE, MOD):
        await done(here, "POST", ROOM, about, **who)
    await done(here, "POST", ROOM, about | {"kind": "fraud", "text": "a copy"}, **ANN)
    [thing] = await things(here)
    assert (thing["count"], thing["kinds"]) == (3, {"counterfeit": 2, "fraud": 1})

    bad: list[tuple[int, str, dict[str, Any], dict[str, Any]]] = [
        (404, "not_found", about | {"id": "none"}, ANN),
        (404, "not_found", {"about": "comment", "id": "c1", "kind": "spam"}, ANN),
        (404, "not_found", {"about": "user", "id": "nobody", "kind": "spam"}, ANN),
        (404, "not_found", {"about": "review", "id": "v1", "kind": "spam"}, ANN),
        (400, "bad_message", {"about": "room", "id": "r1", "kind": "spam"}, ANN),
        (400, "bad_message", about | {"kind": "boring"}, ANN),
        (413, "too_long", about | {"text": "x" * 301}, ANN),
        (409, "conflict", about, {"user": "h1", "role": Role.HOST}),
    ]
    for status, code, body, who in bad:
        await here.refused(status, code, "POST", ROOM, body, **who)
    status, _ = await here.send("POST", ROOM, about, user=None)
    assert status in (401, 403)

    async with talk(here.url, "r1") as host, talk(here.url, "r1") as eve:
        await host.join(here.token("h1", Role.HOST))
        await eve.join(here.token("eve", Role.VIEWER))
        ids = [await say(host, f"line {n}") for n in range(7)]
        for id_ in ids:
            assert (await eve.ask("report", about="comment", id=id_, kind="spam"))["t"] == "ok"
        room = await eve.ask("report", about="room", kind="spam")
        assert (room["code"], room["retry_ms"] > 0) == ("rate_limited", True)
        again = await eve.ask("report", about="comment", id=ids[0], kind="other")
        assert again["t"] == "ok"  # it takes the place of an earlier one
    assert len(await things(here, "limit=100")) == 8
    await here.refused(403, "forbidden", "GET", QUEUE, **ANN)


async def test_the_queue_is_read_by_page_in_both_orders(apis: tuple[Api, Api]) -> None:
    here, _ = apis
    async with talk(here.url, "r1") as ben:
        await ben.join(here.token("ben", Role.VIEWER))
        ids = [await say(ben, f"line {n}") for n in range(5)]
        for n, reporters in enumerate([(ANN,), (ANN, EVE), (ANN,), (ANN, EVE, MOD), (EVE,)]):
            for who in reporters:
                body = {"about": "comment", "id": ids[n], "kind": "hate" if n == 4 else "spam"}
                await done(here, "POST", ROOM, body, **who)

    async def pages(query: str) -> list[str]:
        found, cursor = list[str](), ""
        while True:
            page = await done(here, "GET", f"{QUEUE}?limit=2&cursor={cursor}&{query}", **ROOT)
            found += [thing["id"] for thing in page["things"]]
            assert page["open"] == 5
            if (cursor := page["next"]) is None:
                return found

    assert await pages("order=oldest") == ids
    assert await pages("order=most") == [ids[n] for n in (3, 1, 0, 2, 4)]
    assert await pages("kind=hate&room=r1&user=ben&about=comment") == [ids[4]]
    assert await pages("room=r2") == []
    await here.refused(400, "bad_message", "GET", f"{QUEUE}?cursor=x", **ROOT)


async def test_the_desk_settles_what_is_its_own_and_the_operator_the_rest(
    apis: tuple[Api, Api],
) -> None:
    here, there = apis
    async with talk(here.url, "r1") as host, talk(there.url, "r1") as ben:
        await host.join(here.token("h1", Role.HOST))
        await ben.join(there.token("ben", Role.VIEWER))
        mine, his = await say(host, "mine"), await say(ben, "his")
        await host.ask("moderator.add", user="mo")
        async with talk(here.url, "r1") as kim:  # a moderator by token
            await kim.join(here.token("kim", Role.MODERATOR))
            await say(kim, "be kind")
        for about, id_ in (("comment", mine), ("comment", his), ("user", "ben"), ("user", "mo"),
                           ("user", "kim"),
                           ("product", "mug"), ("room", "")):  # fmt: skip
            await done(here, "POST", ROOM, {"about": about, "id": id_, "kind": "other"}, **ANN)
        waiting = (await host.ask("reports"))["reports"]
        assert {(each["about"], each["id"]) for each in waiting} == {
            ("comment", his), ("user", "ben"),
        }  # fmt: skip
        by_about = {each["about"]: each["thing"] for each in waiting}
        foreign = (await things(there, "about=room"))[0]["thing"]
        assert (await host.ask("report.settle", thing=foreign, outcome="dismissed"))[
            "code"
        ] == "not_found"
        # By REST as by the command.
        settle = f"{ROOM}/{by_about['user']}/settle"
        await done(here, "POST", settle, {"outcome": "dismissed"})
        wrong = await host.ask("report.settle", thing=by_about["comment"], outcome="dismissed")
        assert wrong["t"] == "ok"
        assert (await done(here, "GET", ROOM))["total"] == 0
        still_open = {(each["about"], each["id"]) for each in await things(there, "limit=100")}
        assert {("user", "ben"), ("comment", his)} <= still_open
        removed = f"{QUEUE}/{by_about['comment']}/resolve"
        await here.refused(400, "bad_message", "POST", removed, {"outcome": "hidden"}, **ROOT)
        await done(here, "POST", removed, {"outcome": "removed"}, **ROOT)
        assert (await ben.hear(lambda m: m["t"] == "removed"))["id"] == his


async def test_what_is_decided_is_done_by_what_does_it_anyway(apis: tuple[Api, Api]) -> None:
    here, there = apis
    order = await buy(here, "r1", "ben")
    place = f"/v1/rooms/r1/orders/{order['order']}/reviews/{order['lines'][0]['sale']}"
    review = await done(here, "PUT", place, {"stars": 1, "text": "ask me for a better one"}, **BEN)

    async def decide(
        about: str, id_: str, who: dict[str, Any] = ANN, **decision: Any
    ) -> dict[str, Any]:
        await done(here, "POST", ROOM, {"about": about, "id": id_, "kind": "other"}, **who)
        [thing] = await things(there, f"about={about}")
        path = f"{QUEUE}/{thing['thing']}/resolve"
        return dict(await done(there, "POST", path, decision, **ROOT))

    async with talk(here.url, "r1") as host:
        await host.join(here.token("h1", Role.HOST))
        hidden = await decide("review", review["review"], outcome="hidden", reason="an advert")
        assert hidden["text"] == "ask me for a better one"
        page = await done(here, "GET", "/v1/reviews?hidden=1", **ROOT)
        assert [each["hidden"] for each in page["reviews"]] == ["an advert"]

        await decide("product", "cup", outcome="removed")
        assert (await host.hear(lambda m: m["t"] == "shelf"))["remove"] == "cup"
        # What was dismissed is opened again by others, not by who has just reported it.
        first = await decide("user", "h1", outcome="dismissed", note="no proof")
        await done(here, "POST", ROOM, {"about": "user", "id": "h1", "kind": "other"}, **ANN)
        assert await things(there) == []
        ban = {"outcome": "banned", "everywhere": True, "reason": "fraud"}
        again = await decide("user", "h1", EVE, **ban)
        assert (first["thing"], first["count"]) == (again["thing"], again["count"])
        bans = await done(there, "GET", "/v1/bans", **ROOT)
        assert [(ban["user"], ban["reason"]) for ban in bans["bans"]] == [("h1", "fraud")]
        await decide("room", "", outcome="removed")
    phase = (await done(here, "GET", "/v1/rooms/r1", **ROOT))["phase"]
    assert phase == "ended"
    csv = await done(here, "GET", "/v1/actions.csv?by=root", **ROOT)
    assert [row.split(",")[2] for row in csv.strip().splitlines()[1:]].count("report") == 5


async def test_people_and_rooms_leave_and_settled_reports_end(
    apis: tuple[Api, Api], records_settings: Settings
) -> None:
    here, _ = apis
    async with talk(here.url, "r1") as ben:
        await ben.join(here.token("ben", Role.VIEWER))
        said = await say(ben, "rude words")
        body = {"about": "comment", "id": said, "kind": "abuse", "text": "he called me names"}
        await done(here, "POST", ROOM, body, **ANN)
        await done(here, "POST", ROOM, {"about": "user", "id": "ben", "kind": "abuse"}, **ANN)
    [first, _] = await things(here, "order=oldest")
    await done(here, "POST", f"{QUEUE}/{first['thing']}/resolve", {"outcome": "dismissed"}, **ROOT)
    records = records_of(records_settings)
    try:
        for user in ("ann", "ben", "root"):
            async with records.writing() as connection:
                await pseudonym_of(connection, user, f"gone-{user[0]}", 1)
                await forget_reports(connection, user)
        left = [*await things(here), *await things(here, "state=closed")]
        one = await done(here, "GET", f"{QUEUE}/{first['thing']}", **ROOT)
        for gone in ("ann", "ben", "root", "rude words", "called me names"):
            assert gone not in str(left).replace("gone-", "") + str(one["reports"]), gone
        assert {each["user"] for each in left} == {"gone-b"}

        old = OldReports(records)
        assert await old.count(2**50) == 1
        assert await old.remove(2**50, 10) == 1
        assert await things(here, "state=closed") == []
        async with records.writing() as connection:
            await delete_reports(connection, "r1")
        assert await things(here) == []
    finally:
        await records.aclose()


async def test_a_crowd_that_reports_one_comment_is_counted_to_the_bound(
    apis: tuple[Api, Api],
) -> None:
    here, there = apis
    async with talk(here.url, "r1") as ben:
        await ben.join(here.token("ben", Role.VIEWER))
        said = await say(ben, "all of you are wrong")
        body = {"about": "comment", "id": said, "kind": "abuse"}
        await asyncio.gather(*(
            done(api, "POST", ROOM, body, user=f"u{n}", role=Role.VIEWER)
            for n in range(12) for api in apis
        ))  # fmt: skip
    [thing] = await things(there)
    assert thing["count"] == 3
