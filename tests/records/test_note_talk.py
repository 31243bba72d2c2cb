"""Comments on notes that wait, are reported or taken away: who judges them, and who is told."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from server.settings import Settings
from tests.conftest import MakeSettings
from tests.records.bought import ANN, BEN, OTHER, ROOT, done
from tests.running import running
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

NOTES = "/v1/notes"
HELD = "/v1/me/note-held"
OWN = "/v1/me/note-comments"
REPORTED = "/v1/me/note-reports"
HOLD = {"words": ["代购"], "action": "hold", "why": "resellers"}


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(
        records={"url": records_url, "archive_interval_s": 0.05},
        notes={"writes_burst": 100, "comments_burst": 100},
        reports={"per_user_a_day_max": 100},
    )


@pytest.fixture
async def api(records_settings: Settings) -> AsyncIterator[Api]:
    async with running(records_settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, records_settings, worker.url)


async def published(api: Api, **who: Any) -> str:
    """The path of a public note: of h1, unless somebody else is named."""
    body = {"title": "秋天的薄胎杯", "text": "透光。", "status": "public"}
    note = await done(api, "POST", NOTES, body, **who)
    return f"{NOTES}/{note['note']}"


async def say(api: Api, note: str, text: str, **who: Any) -> str:
    return str((await done(api, "POST", f"{note}/comments", {"text": text}, **who))["comment"])


async def texts(api: Api, path: str, **who: Any) -> list[str]:
    page = await done(api, "GET", path, **who)
    return [each["text"] for each in page["comments"]]


async def fate(api: Api, who: dict[str, Any]) -> list[tuple[str, str, str]]:
    """What became of what somebody said, the newest first."""
    said = (await done(api, "GET", OWN, **who))["comments"]
    return [(each["status"], each.get("removed_by", ""), each.get("reason", "")) for each in said]


async def test_the_author_of_a_note_judges_what_waits_there_and_the_writer_is_told(
    api: Api,
) -> None:
    await done(api, "PUT", "/v1/words", HOLD, **ROOT)
    note, others = await published(api), await published(api, **OTHER)
    first, second = [await say(api, note, f"找代购 {n}", **ANN) for n in (1, 2)]
    own = await say(api, note, "我找代购")
    await say(api, others, "代购吗", **ANN)
    assert await texts(api, HELD) == ["找代购 2", "找代购 1"]  # but not their own
    assert await texts(api, HELD, **ANN) == []
    assert await texts(api, "/v1/note-comments/held", **ROOT) == [
        "代购吗", "我找代购", "找代购 2", "找代购 1",
    ]  # fmt: skip
    page = await done(api, "GET", f"{HELD}?limit=1")
    assert (page["comments"][0]["note"], page["comments"][0]["title"]) == (
        note.rpartition("/")[2], "秋天的薄胎杯",
    )  # fmt: skip
    assert await texts(api, f"{HELD}?limit=1&cursor={page['next']}") == ["找代购 1"]

    for nobody in (ANN, BEN, OTHER):
        await api.refused(403, "forbidden", "POST", f"{note}/comments/{first}/show", **nobody)
    await api.refused(403, "forbidden", "DELETE", f"{note}/comments/{first}", **BEN)
    await api.refused(403, "forbidden", "POST", f"{note}/comments/{own}/show")
    await api.refused(404, "not_found", "POST", f"{others}/comments/{first}/show", **OTHER)

    await done(api, "POST", f"{note}/comments/{first}/show")
    await done(api, "DELETE", f"{note}/comments/{second}")
    assert await texts(api, HELD) == []
    assert await texts(api, f"{note}/comments", **BEN) == ["找代购 1"]
    assert await fate(api, ANN) == [
        ("held", "", ""), ("removed", "author", ""), ("public", "", ""),
    ]  # fmt: skip
    assert await texts(api, f"{OWN}?status=removed", **ANN) == ["找代购 2"]
    assert await texts(api, f"{note}/comments", **ANN) == ["找代购 2", "找代购 1"]
    await done(api, "DELETE", f"{note}/comments/{second}", **ANN)  # it is theirs to delete for good
    assert await fate(api, ANN) == [("held", "", ""), ("public", "", "")]
    log = await done(api, "GET", "/v1/actions?by=h1", **ROOT)
    assert [each["what"] for each in log["actions"]] == ["remove_note_comment", "show_note_comment"]


async def test_what_the_operator_took_away_comes_back_only_by_the_operator(api: Api) -> None:
    note = await published(api)
    said = await say(api, note, "便宜卖你", **ANN)
    comment = f"{note}/comments/{said}"
    removed = {"reason": "It is an advert."}
    await api.refused(403, "forbidden", "POST", f"{comment}/remove", removed)
    await api.refused(400, "bad_message", "POST", f"{comment}/remove", {"reason": " "}, **ROOT)
    await done(api, "POST", f"{comment}/remove", removed, **ROOT)
    await done(api, "POST", f"{comment}/remove", removed, **ROOT)
    assert (await done(api, "GET", note))["comments"] == 0
    assert await fate(api, ANN) == [("removed", "operator", "It is an advert.")]
    assert "an advert" in await api.refused(403, "forbidden", "POST", f"{comment}/show")
    await api.refused(404, "not_found", "DELETE", comment)
    assert await fate(api, ANN) == [("removed", "operator", "It is an advert.")]
    await done(api, "POST", f"{comment}/show", **ROOT)
    assert (await done(api, "GET", note))["comments"] == 1
    assert await fate(api, ANN) == [("public", "", "")]


async def test_a_reported_comment_waits_for_the_notes_author_and_the_operator(api: Api) -> None:
    note = await published(api)
    bad, dull = [await say(api, note, text, **ANN) for text in ("加我领奖", "一般")]
    own = await say(api, note, "谢谢")
    why = {"kind": "fraud", "text": "he asks for money"}
    for by in (BEN, OTHER):
        await done(api, "POST", f"{note}/comments/{bad}/reports", why, **by)
    await done(api, "POST", f"{note}/comments/{bad}/reports", why | {"kind": "spam"}, **BEN)
    for comment in (dull, own):
        await done(api, "POST", f"{note}/comments/{comment}/reports", {"kind": "abuse"}, **BEN)
    await api.refused(409, "conflict", "POST", f"{note}/comments/{bad}/reports", why, **ANN)
    elsewhere = await published(api)
    for nothing in (f"{note}/comments/nope", f"{elsewhere}/comments/{bad}"):
        await api.refused(404, "not_found", "POST", f"{nothing}/reports", why, **BEN)

    mine = await done(api, "GET", REPORTED)
    first, second = mine["reports"]
    assert (first["id"], first["count"], first["kinds"]) == (bad, 2, {"fraud": 1, "spam": 1})
    assert (first["of_note"], first["text"], first["name"]) == (
        note.rpartition("/")[2], "加我领奖", "ann",
    )  # fmt: skip
    assert "ben" not in str(mine)
    page = await done(api, "GET", f"{REPORTED}?limit=1")
    rest = await done(api, "GET", f"{REPORTED}?limit=1&cursor={page['next']}")
    assert ([each["id"] for each in rest["reports"]], rest["next"]) == ([dull], None)
    queue = await done(api, "GET", "/v1/reports?about=note_comment", **ROOT)
    assert [each["id"] for each in queue["things"]] == [bad, dull, own]
    assert (queue["things"][0]["of_note"], queue["things"][0]["host"]) == (first["of_note"], "h1")

    settle = f"{REPORTED}/{first['thing']}/settle"
    for nobody in (ANN, BEN, OTHER):
        await api.refused(404, "not_found", "POST", settle, {"outcome": "removed"}, **nobody)
    await done(api, "POST", settle, {"outcome": "removed"})
    await api.refused(409, "conflict", "POST", settle, {"outcome": "removed"})
    await done(api, "POST", f"{REPORTED}/{second['thing']}/settle", {"outcome": "dismissed"})
    assert (await done(api, "GET", REPORTED))["reports"] == []
    assert await texts(api, f"{note}/comments", **BEN) == ["谢谢", "一般"]
    assert (await done(api, "GET", note))["comments"] == 2

    left = (await done(api, "GET", "/v1/reports?about=note_comment", **ROOT))["things"]
    assert [each["id"] for each in left] == [dull, own]  # no author makes a report go away
    resolve = f"/v1/reports/{left[0]['thing']}/resolve"
    removed = {"outcome": "removed", "reason": "It is rude."}
    await api.refused(400, "bad_message", "POST", resolve, {"outcome": "removed"}, **ROOT)
    await api.refused(400, "bad_message", "POST", resolve, removed | {"outcome": "muted"}, **ROOT)
    settled = await done(api, "POST", resolve, removed, **ROOT)
    assert (settled["outcome"], settled["open"]) == ("removed", False)
    assert await texts(api, f"{note}/comments", **BEN) == ["谢谢"]
    assert await fate(api, ANN) == [
        ("removed", "operator", "It is rude."), ("removed", "author", ""),
    ]  # fmt: skip


async def test_a_comment_that_its_writer_deleted_can_still_be_settled_as_removed(api: Api) -> None:
    note = await published(api)
    said = await say(api, note, "加我", **ANN)
    await done(api, "POST", f"{note}/comments/{said}/reports", {"kind": "spam"}, **BEN)
    await done(api, "DELETE", f"{note}/comments/{said}", **ANN)
    [thing] = (await done(api, "GET", "/v1/reports", **ROOT))["things"]
    assert thing["text"] == "加我"
    removed = {"outcome": "removed", "reason": "spam"}
    settled = await done(api, "POST", f"/v1/reports/{thing['thing']}/resolve", removed, **ROOT)
    assert settled["outcome"] == "removed"
