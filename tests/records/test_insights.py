"""What a host learns: who came from which note and search, what they bought, what nobody found."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from sqlalchemy import func, select

from server.background.clock import DAY_MS, unix_ms
from server.features.insights import search_log
from server.features.insights.host_insights import HostInsights
from server.features.insights.old_rows import OldRows
from server.features.insights.search_log import drop_searchers_before, forget_searches
from server.features.insights.secret_book import secrets_of_weeks
from server.features.insights.settings import InsightSettings
from server.features.insights.sought import Sought
from server.features.insights.tables import ARRIVALS, PRESENCE, SEARCHED_WEEKS, SEARCHERS
from server.features.insights.weeks import day_of, week_of_day
from server.house import records_of
from server.protocol.roles import Role
from server.records.database import Database
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.records.bought import ANN, BEN, OTHER, ROOT, done, open_room
from tests.running import running
from tests.server.talk import talk
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

INSIGHTS, ADVICE = "/v1/hosts/h1/insights", "/v1/hosts/h1/advice"


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(
        records={"url": records_url, "archive_interval_s": 0.05},
        figures={"visits_interval_s": 0.05},
        orders={"fair_window_ms": 0},
        insights={"people_min": 2, "time_zone": "Asia/Shanghai"},
    )


@pytest.fixture
async def api(records_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """A worker that counts a search as soon as it is made."""
    monkeypatch.setattr(search_log, "SETTLED_S", 0.0)
    monkeypatch.setattr(search_log.SearchLog.__init__, "__kwdefaults__", {"every_s": 0.05})
    async with running(records_settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, records_settings, worker.url)


@pytest.fixture
async def records(records_settings: Settings) -> AsyncIterator[Database]:
    database = records_of(records_settings)
    yield database
    await database.aclose()


async def until(api: Api, path: str, true: Callable[[Any], Any], **who: Any) -> Any:
    """The answer, once all that matters is counted."""
    while not true(body := await done(api, "GET", path, **who)):
        await asyncio.sleep(0.02)
    return body


async def visit(
    api: Api, user: str | None, source: dict[str, str] | None, *ops: dict[str, Any]
) -> list[Any]:
    """Come to r1 from a source, and say these commands; `buy` buys a mug and pays."""
    more = {"source": source} if source else {}
    async with talk(api.url, "r1") as viewer:
        joined = await viewer.join(api.token(user, Role.VIEWER) if user else None, **more)
        assert joined["t"] == "ok", joined
        answers = []
        for op in ops:
            if op == {"op": "buy"}:
                [mug] = [s for s in joined["room"]["sales"] if s["sku"] == "mug"]
                lines = [{"sale": mug["sale"], "qty": 2}]
                held = await viewer.ask("buy", key=f"k-{user}", lines=lines)
                answers.append(await viewer.ask("pay", order=held["order"]["order"]))
            else:
                answers.append(await viewer.ask(**op))
            assert answers[-1]["t"] == "ok", answers[-1]
        return answers


async def search(api: Api, user: str | None, words: str) -> list[dict[str, Any]]:
    who: dict[str, Any] = {"user": user} if user is None else {"user": user, "role": Role.VIEWER}
    _, page = await api.send("GET", "/v1/search", params={"q": words}, **who)
    return list(page["results"])


def source_in(link: str) -> dict[str, str]:
    """What the page of a link tells the room."""
    [source] = parse_qs(urlsplit(link).query)["from"]
    kind, _, id_ = source.partition(":")
    return {"kind": kind, "id": id_}


async def test_a_note_brings_people_of_whom_one_buys_and_the_host_reads_it(
    api: Api, records: Database
) -> None:
    await open_room(api, "r1")
    body = {"title": "秋天的杯子", "text": "薄如纸", "status": "public"}
    written = await done(api, "POST", "/v1/notes", body)
    note = {"kind": "note", "id": written["note"]}
    for who in (ANN, ANN, BEN):
        await done(api, "GET", f"/v1/notes/{written['note']}", **who)
    before = unix_ms()
    await visit(api, "ann", note, {"op": "buy"})
    await visit(api, "ann", note)  # again: the same person
    await visit(api, "ben", note)
    await visit(api, None, note)  # a guest
    await visit(api, "cai", {"kind": "share", "id": "ann"})
    view = await until(
        api, INSIGHTS,
        lambda each: each["notes"] and (n := each["notes"][0]["now"])["orders"]
        and (n["people"], n["guests"], n["opened"]) == (2, 1, 2),
    )  # fmt: skip
    [row] = view["notes"]
    assert (row["ref"], row["title"], row["author"]) == (written["note"], "秋天的杯子", "h1")
    assert (row["now"]["buyers"], row["now"]["orders"]) == (1, 1)
    assert (row["now"]["paid"], row["now"]["back"]) == ({"CNY": 15800}, {})
    assert row["bought"] == [{"sku": "mug", "title": "Mug", "units": 2, "returned": 0}]
    assert [(each["user"], each["orders"]) for each in row["buyers"]] == [("ann", 1)]
    assert view["searches"] == []
    await api.refused(403, "forbidden", "GET", INSIGHTS, **OTHER)
    await api.refused(403, "forbidden", "GET", INSIGHTS, **ANN)

    # Seven days later the same is what had come by then, and what the week before brought.
    insights = HostInsights(records, InsightSettings(time_zone="Asia/Shanghai"))
    [later] = (await insights.of_host("h1", unix_ms() + 7 * DAY_MS)).notes
    assert (later.now.people, later.by_then.people, later.before[0].people) == (0, 2, 2)
    assert (later.now.orders, later.by_then.orders, later.before[0].paid) == (0, 1, {"CNY": 15800})
    [earlier] = (await insights.of_host("h1", before + 7 * DAY_MS)).notes
    assert (earlier.by_then.people, earlier.before[0].people) == (0, 2)

    old = OldRows(records)
    assert await old.count(unix_ms() + DAY_MS) > 0
    while await old.remove(unix_ms() + DAY_MS, 2):
        pass
    async with records.reading() as connection:
        for table in (ARRIVALS, PRESENCE):
            assert await connection.scalar(select(func.count()).select_from(table)) == 0


async def test_searches_are_told_by_their_words_once_enough_people_came_from_them(
    api: Api, records: Database
) -> None:
    await open_room(api, "r1")
    links: dict[str, str] = {}
    for user in ("ann", "ben", "cai"):
        words = "cup" if user == "cai" else "mug"
        while not (results := await search(api, user, words)) or ":" not in results[0]["link"]:
            await asyncio.sleep(0.02)
        links[user] = results[0]["link"]
        await visit(api, user, source_in(links[user]), *[{"op": "buy"}] * (user != "ben"))
    assert links["ann"] != links["ben"]  # so that no order tells what was searched for
    await visit(api, "dan", {"kind": "search", "id": "A" * 24})  # nobody's mark
    # A host who saw a mark in an order has others come with it, so that its words are told.
    await visit(api, "spy", source_in(links["cai"]))

    view = await until(
        api, INSIGHTS,
        lambda each: each["searches"] and each["searches"][0]["now"]["people"] == 2
        and each["searches"][0]["now"]["orders"] and each["few"]["now"]["orders"]
        and each["few"]["now"]["people"] == 3,
    )  # fmt: skip
    [row] = view["searches"]
    assert (row["title"], row["ref"], row["now"]["buyers"]) == ("mug", "", 1)
    assert (view["few"]["now"]["people"], view["few"]["now"]["buyers"]) == (3, 1)


async def test_what_nobody_found_is_counted_by_day_and_told_to_hosts_if_several_sought_it(
    api: Api, records: Database, records_settings: Settings
) -> None:
    for user, words in (
        *[("ann", "阔腿裤小个子")] * 2, ("ben", "阔腿裤小个子"),
        *[(None, "风衣 长款")] * 2, ("cai", "13812345678"),
    ):  # fmt: skip
        assert await search(api, user, words) == []
        await asyncio.sleep(0)
    day = await until(
        api, "/v1/ops/searches",
        lambda page: sum(each["searches"] for each in page["searches"]) >= 5, **ROOT,
    )  # fmt: skip
    assert day["zone"] == "Asia/Shanghai"
    told = [(each["text"], each["empty"], each["people"]) for each in day["searches"]]
    assert told == [("阔腿裤小个子", 3, 2), ("风衣 长款", 2, 1)]
    first = await done(api, "GET", "/v1/ops/searches?limit=1", **ROOT)
    rest = await done(api, "GET", f"/v1/ops/searches?limit=1&cursor={first['next']}", **ROOT)
    assert first["searches"] + rest["searches"] == day["searches"]
    await api.refused(403, "forbidden", "GET", "/v1/ops/searches")

    [sought_row] = (await done(api, "GET", INSIGHTS))["sought"]
    assert (sought_row["text"], sought_row["now"], sought_row["people"]) == ("阔腿裤小个子", 3, 2)
    assert sought_row["before"] == [0, 0, 0, 0]
    assert [each["empty"] for each in sought_row["days"]] == [3]
    assert sought_row["days"][0]["starts"] == day["starts"]

    settings = records_settings.section(InsightSettings)
    sought = Sought(records, settings.zone, settings.time_zone)
    next_week = await sought.day(unix_ms() + 7 * DAY_MS, 0, 50, empty=True)
    assert next_week.searches == []
    insights = HostInsights(records, settings)
    [later] = (await insights.of_host("h1", unix_ms() + 7 * DAY_MS)).sought
    assert (later.now, later.before[0]) == (0, 3)

    week = week_of_day(day_of(unix_ms(), settings.zone))
    async with records.writing() as connection:
        people = select(func.count()).select_from(SEARCHERS)
        assert await connection.scalar(people) == 3
        await forget_searches(connection, "ann")
        assert await connection.scalar(people) == 2
        assert set(await secrets_of_weeks(connection)) == {week}
        await drop_searchers_before(connection, week + 7)
        assert await connection.scalar(people) == 0
        assert await secrets_of_weeks(connection) == {}
    while await sought.remove_old(unix_ms() + 8 * DAY_MS, 1):
        pass
    assert await sought.count_old(unix_ms() + 8 * DAY_MS) == 0
    async with records.reading() as connection:
        assert await connection.scalar(select(func.count()).select_from(SEARCHED_WEEKS)) == 0


async def test_advice_has_numbers_and_a_reason_in_each_line(api: Api) -> None:
    assert await done(api, "GET", ADVICE) == {
        "zone": "Asia/Shanghai", "followers": 0, "advice": []
    }  # fmt: skip
    await open_room(api, "r1")
    question = {"op": "ask", "sku": "mug", "text": "能进烤箱吗"}
    for user in ("ann", "ben"):
        await visit(api, user, None, {"op": "follow"}, {"op": "ask", "sku": "mug"}, question)
    await until(api, "/v1/me", lambda page: page["follows"], user="ben", role=Role.VIEWER)
    await visit(api, "ann", None, {"op": "buy"})
    await visit(api, "ben", None)
    await done(api, "POST", "/v1/rooms/r1/live", {"phase": "ended"})
    view = await until(api, ADVICE, lambda each: _has_all(each["advice"]))
    lines = {line["code"]: line for line in view["advice"]}
    assert view["followers"] == 2
    assert (lines["best_hour"]["people"], lines["best_hour"]["of"]) == (2, 2)
    goods = lines["goods_asked"]
    assert (goods["sku"], goods["title"], goods["people"], goods["bought"]) == ("mug", "Mug", 2, 1)
    note = lines["write_note"]
    assert (note["sku"], note["text"], note["people"]) == ("mug", "能进烤箱吗", 2)
    assert lines["tell"]["of"] == 2

    answer = {"title": "烤箱", "text": "可以", "goods": [{"host": "h1", "sku": "mug"}]}
    await done(api, "POST", "/v1/notes", answer | {"status": "public"})
    codes = [line["code"] for line in (await done(api, "GET", ADVICE))["advice"]]
    assert codes == ["best_hour", "goods_asked", "tell"]


def _has_all(lines: list[dict[str, Any]]) -> bool:
    found = {line["code"]: line for line in lines}
    return (
        set(found) == {"best_hour", "goods_asked", "write_note", "tell"}
        and found["best_hour"]["people"] == 2
        and found["goods_asked"].get("bought") == 1
        and found["tell"]["of"] == 2
    )
