"""Featured slots and topics: operators put them there within caps, everybody sees them."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.background.clock import unix_ms
from server.features.featured.current import CurrentSlots
from server.features.featured.slots import delete_room_of_slots, forget_slots
from server.features.topics.topic_book import delete_room_of_topics, forget_topics
from server.house import records_of
from server.records.forgotten import pseudonym_of
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.records.bought import OTHER, ROOT, done
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

HOUR_MS = 3_600_000


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    caps = {"slots_at_once_max": 1, "slot_hours_max": 48, "host_slots_max": 2, "host_days": 7}
    return make_settings(records={"url": records_url, "archive_interval_s": 0.05}, featured=caps)


@pytest.fixture
async def api(records_settings: Settings) -> AsyncIterator[Api]:
    """The rooms r1 of h1 and r2 of h2."""
    async with running(records_settings, "w1") as worker, aiohttp.ClientSession() as session:
        made = Api(session, records_settings, worker.url)
        await done(made, "POST", "/v1/rooms", {"room": "r1", "title": "Coats"})
        await done(made, "POST", "/v1/rooms", {"room": "r2", "title": "Tea"}, **OTHER)
        yield made


def slot(room: str, ends: int, **more: Any) -> dict[str, Any]:
    return {"thing": {"kind": "room", "id": room}, "ends": ends} | more


async def feature(api: Api, id_: str, body: dict[str, Any]) -> Any:
    return await done(api, "PUT", f"/v1/featured/{id_}", body, **ROOT)


async def running_now(api: Api, topic: str = "") -> list[str]:
    found = await done(api, "GET", f"/v1/featured?topic={topic}", user=None)
    return [each["card"]["id"] for each in found]


async def test_a_slot_is_put_there_within_caps_and_taken_back_and_the_log_says_by_whom(
    api: Api,
) -> None:
    now = unix_ms()
    body = slot("r1", now + HOUR_MS)
    await api.refused(403, "forbidden", "PUT", "/v1/featured/a", body)
    made = await feature(api, "a", body)
    assert (made["host"], made["by"], made["dropped"]) == ("h1", "root", 0)
    assert await feature(api, "a", body) == made
    assert await running_now(api) == ["r1"]

    async def refused(status: int, code: str, body: dict[str, Any], id_: str = "b") -> None:
        await api.refused(status, code, "PUT", f"/v1/featured/{id_}", body, **ROOT)

    await refused(409, "conflict", body | {"ends": now + 2 * HOUR_MS}, "a")
    await refused(404, "not_found", slot("r9", now + HOUR_MS))
    await refused(404, "not_found", slot("r2", now + HOUR_MS, topic="t9"))
    await refused(400, "bad_message", slot("r2", now - 1))
    await refused(409, "conflict", slot("r2", now + 50 * HOUR_MS))  # too long
    await refused(409, "conflict", slot("r2", now + HOUR_MS))  # the feed is full
    day = 24 * HOUR_MS
    await feature(api, "c", slot("r1", now + day + HOUR_MS, starts=now + day))
    third = slot("r1", now + 2 * day + HOUR_MS, starts=now + 2 * day)
    assert "fair" in await api.refused(409, "conflict", "PUT", "/v1/featured/b", third, **ROOT)

    await done(api, "DELETE", "/v1/featured/c", **ROOT)  # nobody saw it: it counts no more
    await feature(api, "d", third)
    await done(api, "DELETE", "/v1/featured/a", **ROOT)
    assert await running_now(api) == []
    await feature(api, "e", slot("r2", now + HOUR_MS))
    assert await running_now(api) == ["r2"]

    page = await done(api, "GET", "/v1/ops/featured?limit=2", **ROOT)
    rest = await done(api, "GET", f"/v1/ops/featured?cursor={page['next']}", **ROOT)
    assert [each["slot"] for each in page["slots"]] == ["d", "c"]
    assert {each["slot"]: each["dropped"] > 0 for each in rest["slots"]} == {"e": False, "a": True}
    log = await done(api, "GET", "/v1/actions", **ROOT)
    told = [(each["what"], each["ref"], each["by"]) for each in log["actions"]]
    assert told[0] == ("feature", "e", "root")
    assert [what for what, ref, _ in told if ref == "a"] == ["unfeature", "feature"]


async def test_a_topic_shows_what_may_be_seen_and_its_own_slots(api: Api) -> None:
    now = unix_ms()
    things = [{"kind": "room", "id": "r2"}, {"kind": "room", "id": "r1"}]
    body = {"title": "Winter", "text": "Warm things", "starts": now, "things": things}
    path = "/v1/topics/winter"
    await api.refused(403, "forbidden", "PUT", path, body)
    await api.refused(400, "bad_message", "PUT", path, body | {"ends": now - 1}, **ROOT)
    await api.refused(400, "bad_message", "PUT", "/v1/topics/Winter", body, **ROOT)
    lost = body | {"things": [{"kind": "room", "id": "r9"}]}
    assert "r9" in await api.refused(404, "not_found", "PUT", path, lost, **ROOT)
    await done(api, "PUT", path, body, **ROOT)
    await api.refused(404, "not_found", "GET", path, user=None)  # a draft
    assert await done(api, "GET", "/v1/topics", user=None) == []

    await done(api, "PUT", path, body | {"shown": True}, **ROOT)
    [head] = await done(api, "GET", "/v1/topics", user=None)
    assert head["title"] == "Winter"
    view = await done(api, "GET", path, user=None)
    assert [card["id"] for card in view["cards"]] == ["r2", "r1"]
    assert view["cards"][0]["link"] == "/watch/r2?from=feed:topic.winter"
    await done(api, "POST", "/v1/rooms/r2/cancel", {"reason": "rain"}, **OTHER)
    view = await done(api, "GET", path, user=None)
    assert [card["id"] for card in view["cards"]] == ["r1"]
    await done(api, "PUT", path, body | {"shown": True, "title": "Cold"}, **ROOT)  # r2 may stay

    await feature(api, "t", slot("r1", now + HOUR_MS, topic="winter"))
    assert (await running_now(api, "winter"), await running_now(api)) == (["r1"], [])

    async with aiohttp.ClientSession() as session:
        html = await (await session.get(f"{api.url}/topic/winter")).text()
    assert "<title>Cold · Liveroom</title>" in html
    page = await done(api, "GET", "/v1/ops/topics", **ROOT)
    assert [(each["topic"], each["by"]) for each in page["topics"]] == [("winter", "root")]
    await done(api, "DELETE", path, **ROOT)
    await api.refused(404, "not_found", "GET", path, user=None)


async def test_notes_are_shown_beside_rooms_for_as_long_as_they_are_public(api: Api) -> None:
    words = {"title": "薄胎杯", "text": "薄如纸"}
    note = (await done(api, "POST", "/v1/notes", words))["note"]
    thing = {"kind": "note", "id": note}
    topic = {"title": "Cups", "shown": True, "things": [thing, {"kind": "room", "id": "r2"}]}
    await api.refused(404, "not_found", "PUT", "/v1/topics/cups", topic, **ROOT)  # a draft
    await done(api, "PATCH", f"/v1/notes/{note}", {"status": "public"})
    await done(api, "PUT", "/v1/topics/cups", topic, **ROOT)
    made = await feature(api, "n", {"thing": thing, "ends": unix_ms() + HOUR_MS})
    assert made["host"] == "h1"
    view = await done(api, "GET", "/v1/topics/cups", user=None)
    assert [(card["kind"], card["title"]) for card in view["cards"]] == [
        ("note", "薄胎杯"), ("room", "Tea"),
    ]  # fmt: skip
    assert view["cards"][0]["link"] == f"/note/{note}"
    assert await running_now(api) == [note]
    await done(api, "DELETE", f"/v1/notes/{note}")
    assert await running_now(api) == []
    view = await done(api, "GET", "/v1/topics/cups", user=None)
    assert [card["id"] for card in view["cards"]] == ["r2"]


async def test_slots_begin_and_end_by_the_clock_and_a_forgotten_host_is_not_named(
    api: Api, records_settings: Settings
) -> None:
    now = unix_ms()
    await done(api, "PUT", "/v1/topics/winter", {"title": "Winter"}, **ROOT)
    await feature(api, "a", slot("r1", now + 2 * HOUR_MS, starts=now + HOUR_MS))
    records = records_of(records_settings)
    current = CurrentSlots(records)
    times = [now, now + HOUR_MS, now + 2 * HOUR_MS - 1, now + 2 * HOUR_MS]
    assert [len(await current.running(now=at)) for at in times] == [0, 1, 1, 0]

    async with records.writing() as connection:
        for user in ("h1", "root"):
            await pseudonym_of(connection, user, f"gone-{user}", now)
            await forget_slots(connection, user)
            await forget_topics(connection, user)
    await records.aclose()
    [own] = (await done(api, "GET", "/v1/ops/featured", **ROOT))["slots"]
    assert (own["host"], own["by"]) == ("gone-h1", "gone-root")
    [topic] = (await done(api, "GET", "/v1/ops/topics", **ROOT))["topics"]
    assert topic["by"] == "gone-root"


async def test_a_room_that_is_deleted_is_featured_no_more(
    api: Api, records_settings: Settings
) -> None:
    topic = {"title": "Winter", "shown": True, "things": [{"kind": "room", "id": "r1"}]}
    await done(api, "PUT", "/v1/topics/winter", topic, **ROOT)
    await feature(api, "a", slot("r1", unix_ms() + HOUR_MS))
    records = records_of(records_settings)
    async with records.writing() as connection:
        await delete_room_of_slots(connection, "r1")
        await delete_room_of_topics(connection, "r1")
    await records.aclose()
    assert (await done(api, "GET", "/v1/topics/winter", user=None))["cards"] == []
    assert (await done(api, "GET", "/v1/ops/featured", **ROOT))["slots"] == []
