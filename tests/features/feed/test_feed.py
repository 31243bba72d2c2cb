"""The feed of a worker: who is shown what and why, and what people say of it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from sqlalchemy import insert, update

from server.background.clock import unix_ms
from server.features.archive.archiver import QUIET_INTERVALS_MAX
from server.features.archive.settings import ArchiveSettings
from server.features.feed.settings import FeedSettings
from server.features.notes.tables import NOTE_ACTS, NOTES
from server.house import records_of
from server.protocol.roles import Role
from server.records.database import Database
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.running import running
from tests.server.talk import talk
from tests.web.api import Api
from tests.web.test_rest import MUG, SALE

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts


def as_viewer(user: str) -> dict[str, Any]:
    return {"user": user, "role": Role.VIEWER}


ANN, BEN = as_viewer("ann"), as_viewer("ben")
GUEST: dict[str, Any] = {"user": None}
_numbers = itertools.count(1)


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(
        orders={"fair_window_ms": 0},
        records={"archive_interval_s": 0.05},
        figures={"visits_interval_s": 0.05},
        feed={"refresh_s": 0.05, "seen_times_max": 1, "newcomer_impressions": 2, "rows_max": 40},
        community={"changes_burst": 100},
    )


@pytest.fixture
async def api(web_settings: Settings) -> AsyncIterator[Api]:
    async with running(web_settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, web_settings, worker.url)


@pytest.fixture
async def records(web_settings: Settings) -> AsyncIterator[Database]:
    database = records_of(web_settings)
    yield database
    await database.aclose()


async def publish(records: Database, note: str, author: str, **more: Any) -> None:
    """A note that is public since a moment; `days` ago, if it says so."""
    at = unix_ms() - more.pop("days", 0) * 86_400_000
    row = {
        "note": note, "author": author, "author_name": author.title(), "status": "public",
        "title": f"About {note}", "text": "", "tags": "[]", "goods": "[]", "rooms": "[]",
        "pictures": "[]", "created": at, "published": at, "changed": unix_ms(), "likes": 0,
        "collects": 0, "comments": 0,
    }  # fmt: skip
    async with records.writing() as connection:
        await connection.execute(insert(NOTES).values(**row | more))


async def act(records: Database, person: str, note: str, kind: str) -> None:
    row = {"at": unix_ms(), "person": person, "note": note, "kind": kind}
    async with records.writing() as connection:
        await connection.execute(insert(NOTE_ACTS).values(**row))


async def go_live(api: Api, room: str, host: str, **more: Any) -> None:
    own: dict[str, Any] = {"user": host}
    body = {"room": room, "title": f"T {room}"} | more
    assert (await api.send("POST", "/v1/rooms", body, **own))[0] == 201
    assert (await api.send("POST", f"/v1/rooms/{room}/live", {"phase": "live"}, **own))[0] == 200


async def feed(api: Api, who: dict[str, Any], query: str = "") -> dict[str, Any]:
    status, page = await api.send("GET", f"/v1/feed?limit=10{query}", **who)
    assert status == 200, page
    return dict(page)


def reasons(page: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {f"{row['kind']}:{row['id']}": row["reason"] for row in page["rows"]}


async def until(
    api: Api, who: dict[str, Any], true: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The first page that is so; what is new comes within moments."""
    while not true(page := await feed(api, who)):
        await asyncio.sleep(0.02)
    return page


async def test_a_person_is_shown_whom_they_follow_what_goes_with_theirs_and_why(
    api: Api, records: Database
) -> None:
    await go_live(api, "r1", "mumu")
    await go_live(api, "r2", "ana", practice=True)
    for n in range(3):
        await publish(records, f"old{n}", f"zoe{n}", days=30, tags='["裤子"]' if n else "[]")
    await publish(records, "held", "zoe", days=30, status="held")
    page = await until(api, GUEST, lambda page: len(page["rows"]) == 4)
    assert {row["id"] for row in page["rows"]} == {"r1", "old0", "old1", "old2"}
    [room] = [row for row in page["rows"] if row["kind"] == "room"]
    assert (room["title"], room["host_name"], room["link"]) == (
        "T r1", "mumu", "/watch/r1?from=feed",
    )  # fmt: skip
    assert room["reason"] == {"code": "live"}

    # A follow, and others who liked both notes: both count within moments.
    async with talk(api.url, "r1") as viewer:
        await viewer.join(api.token("ann", Role.VIEWER))
        await viewer.ask("follow")
    for person in ("ben", "cleo", "ann"):
        await act(records, person, "old0", "like")
        if person != "ann":
            await act(records, person, "old1", "like")
    page = await until(
        api, ANN,
        lambda page: reasons(page).get("room:r1", {}).get("code") == "follow"
        and reasons(page).get("note:old1", {}).get("code") == "near",
    )  # fmt: skip
    assert reasons(page)["room:r1"] == {"code": "follow", "name": "mumu"}
    assert reasons(page)["note:old1"] == {"code": "near", "title": "About old0"}

    # It ends, and is gone at once, before the records have heard.
    end = {"phase": "ended"}
    assert (await api.send("POST", "/v1/rooms/r1/live", end, user="mumu"))[0] == 200
    await until(api, ANN, lambda page: "room:r1" not in reasons(page))
    async with records.writing() as connection:
        gone = {"status": "removed", "changed": unix_ms()}
        await connection.execute(update(NOTES).where(NOTES.c.note == "old1").values(**gone))
    await until(api, ANN, lambda page: "note:old1" not in reasons(page))


async def test_pages_give_nothing_twice_and_an_edited_cursor_is_refused(
    api: Api, records: Database
) -> None:
    for n in range(50):
        await publish(records, f"n{n}", f"a{n}", days=30)
    await until(api, GUEST, lambda page: len(page["rows"]) == 10)
    given: list[str] = []
    cursor: str | None = ""
    async with running(api.settings, "w2") as other:
        there = Api(api.session, api.settings, other.url)
        await until(there, GUEST, lambda page: len(page["rows"]) == 10)
        for n in range(4):  # `rows_max` is 40
            page = await feed((api, there)[n % 2], ANN, f"&cursor={cursor}")
            given += [row["id"] for row in page["rows"]]
            cursor = page["next"]
        assert cursor is None
    assert len(given) == len(set(given)) == 40

    named: str = (await feed(api, ANN))["next"]
    middle = len(named) // 2
    other_letter = "B" if named[middle] == "A" else "A"
    edited = named[:middle] + other_letter + named[middle + 1 :]
    said = await api.refused(400, "bad_message", "GET", f"/v1/feed?cursor={edited}", **ANN)
    assert "take the `next` of a page as it is" in said
    await api.refused(401, "bad_token", "GET", "/v1/feed", headers={"Authorization": "Bearer x"},
                      **GUEST)  # fmt: skip


async def test_newcomers_have_each_fifth_row_until_their_promise_is_kept_by_what_was_seen(
    api: Api, records: Database
) -> None:
    for n in range(20):
        await publish(records, f"old{n}", f"a{n}", days=30)
    await publish(records, "new1", "nova")
    page = await until(api, GUEST, lambda page: "note:new1" in reasons(page))
    for viewer in ("ann", "ben"):
        who = as_viewer(viewer)
        page = await until(api, who, lambda page: reasons(page).get("note:new1") == {"code": "new"})
        place = [row["id"] for row in page["rows"]].index("new1")
        assert place == 4
        body = {"page": page["page"], "rows": [place, place]}
        assert await api.send("POST", "/v1/feed/seen", body, **who) == (200, {"counted": 1})
        assert await api.send("POST", "/v1/feed/seen", body, **who) == (200, {"counted": 0})
        await api.refused(400, "bad_message", "POST", "/v1/feed/seen", body, user="eve",
                          role=Role.VIEWER)  # fmt: skip
        # Once is enough here (`seen_times_max`): it rests for those who did not open it.
        assert "note:new1" not in reasons(await feed(api, who))
    zoe = as_viewer("zoe")
    page = await until(api, zoe, lambda page: reasons(page).get("note:new1") != {"code": "new"})
    too_far = {"page": page["page"], "rows": [30]}
    await api.refused(400, "bad_message", "POST", "/v1/feed/seen", too_far, **zoe)


async def test_less_of_something_is_none_of_it_until_it_is_undone(
    api: Api, records: Database
) -> None:
    await publish(records, "n1", "mumu", days=30, tags='["帽子"]')
    await publish(records, "n2", "mumu", days=30)
    await publish(records, "n3", "ana", days=30, tags='["裤子/夏"]')
    await publish(records, "n4", "ann", days=30)  # her own is none
    ids = {"note:n1", "note:n2", "note:n3"}
    await until(api, ANN, lambda page: set(reasons(page)) == ids)
    for kind, id_, left in (
        ("note", "n2", ids - {"note:n2"}), ("tag", "裤子/夏", {"note:n1"}), ("host", "mumu", set()),
    ):  # fmt: skip
        body = {"kind": kind, "id": id_}
        status, less = await api.send("POST", "/v1/feed/less", body, **ANN)
        assert (status, less["id"]) == (200, id_)
        assert set(reasons(await feed(api, ANN))) == left
    assert set(reasons(await feed(api, BEN))) >= ids
    _, body = await api.send("GET", "/v1/me/less", **ANN)
    assert {(each["kind"], each["id"], each["name"]) for each in body["less"]} == {
        ("note", "n2", "About n2"), ("tag", "裤子/夏", ""), ("host", "mumu", "mumu"),
    }  # fmt: skip
    for path in ("host/mumu", "tag/%E8%A3%A4%E5%AD%90%2F%E5%A4%8F", "note/n2", "note/n2"):
        assert (await api.send("DELETE", f"/v1/me/less/{path}", **ANN))[0] == 204
    assert set(reasons(await feed(api, ANN))) == ids
    await api.refused(400, "bad_message", "DELETE", "/v1/me/less/shop/x", **ANN)
    await api.refused(401, "bad_token", "GET", "/v1/me/less", **GUEST)


async def test_less_of_a_tag_is_less_of_all_its_spellings(api: Api, records: Database) -> None:
    spellings = ["OOTD", "ootd", "ＯＯＴＤ"]
    for n, tag in enumerate(spellings):
        await publish(records, f"n{n}", f"a{n}", days=30, tags=f'["{tag}"]')
    await publish(records, "other", "ana", days=30, tags='["hats"]')
    ids = {"note:n0", "note:n1", "note:n2", "note:other"}
    await until(api, ANN, lambda page: set(reasons(page)) == ids)
    status, less = await api.send("POST", "/v1/feed/less", {"kind": "tag", "id": "#OotD"}, **ANN)
    assert (status, less["id"]) == (200, "ootd")
    assert set(reasons(await feed(api, ANN))) == {"note:other"}
    for spelled in spellings:  # it is one wish
        await api.send("POST", "/v1/feed/less", {"kind": "tag", "id": spelled}, **ANN)
    assert len((await api.send("GET", "/v1/me/less", **ANN))[1]["less"]) == 1
    await api.refused(
        400, "bad_message", "POST", "/v1/feed/less", {"kind": "tag", "id": "# "}, **ANN
    )
    assert (await api.send("DELETE", "/v1/me/less/tag/OOTD", **ANN))[0] == 204
    assert set(reasons(await feed(api, ANN))) == ids


async def test_less_said_at_one_worker_holds_at_the_others_at_once(
    api: Api, records: Database, web_settings: Settings
) -> None:
    await publish(records, "n1", "mumu", days=30)
    await publish(records, "n2", "ana", days=30)
    async with running(web_settings, "w2") as worker:
        there = Api(api.session, web_settings, worker.url)
        both = {"note:n1", "note:n2"}
        await until(there, ANN, lambda page: set(reasons(page)) == both)
        await api.send("POST", "/v1/feed/less", {"kind": "note", "id": "n1"}, **ANN)
        assert set(reasons(await feed(there, ANN))) == {"note:n2"}
        await api.send("DELETE", "/v1/me/less/note/n1", **ANN)
        assert set(reasons(await feed(there, ANN))) == both


async def test_who_reads_one_spelling_of_a_tag_is_shown_the_others_as_they_are_written(
    api: Api, records: Database
) -> None:
    await publish(records, "read", "ana", days=30, tags='["ootd"]')
    await publish(records, "next", "zoe", days=30, tags='["OOTD"]')
    await act(records, "ann", "read", "collect")
    page = await until(
        api, ANN, lambda page: reasons(page).get("note:next", {}).get("code") == "tag"
    )
    assert reasons(page)["note:next"] == {"code": "tag", "tag": "OOTD"}


async def test_a_note_about_what_one_bought_is_left_out(api: Api, records: Database) -> None:
    await go_live(api, "r1", "mumu")
    own: dict[str, Any] = {"user": "mumu"}
    assert (await api.send("PUT", "/v1/rooms/r1/shelf/mug", MUG, **own))[0] == 200
    _, opened = await api.send("POST", "/v1/rooms/r1/sales", SALE, **own)
    goods = '[{"host": "mumu", "sku": "mug"}]'
    await publish(records, "n1", "ana", days=30, goods=goods)
    await until(api, ANN, lambda page: "note:n1" in reasons(page))
    async with talk(api.url, "r1") as viewer:
        await viewer.join(api.token("ann", Role.VIEWER))
        order = (await viewer.ask("buy", key="k", sale=opened["sale"]))["order"]["order"]
        await viewer.ask("pay", order=order)
    await until(api, ANN, lambda page: "note:n1" not in reasons(page))
    own_reasons = ("again", "bought")  # told a moment later than the note is left out
    await until(api, ANN, lambda page: reasons(page).get("room:r1", {}).get("code") in own_reasons)
    assert "note:n1" in reasons(await feed(api, BEN))


async def test_what_an_operator_featured_comes_first_and_counts_as_featured(
    api: Api, records: Database
) -> None:
    for n in range(8):
        await publish(records, f"n{n}", f"a{n}")
    await go_live(api, "r1", "mumu")
    await until(api, GUEST, lambda page: len(page["rows"]) == 9)
    slot = {"thing": {"kind": "room", "id": "r1"}, "ends": unix_ms() + 3_600_000}
    admin: dict[str, Any] = {"user": "op", "role": Role.ADMIN}
    assert (await api.send("PUT", "/v1/featured/s1", slot, **admin))[0] == 200
    page = await until(api, GUEST, lambda page: page["rows"][0]["id"] == "r1")
    assert page["rows"][0]["reason"] == {"code": "featured"}
    assert [row["id"] for row in page["rows"]].count("r1") == 1


def test_an_act_counts_within_five_seconds_also_on_a_sleepy_server() -> None:
    """The archive's longest pause, then the feed's; what both take to read is left of five."""
    quiet_s = QUIET_INTERVALS_MAX * ArchiveSettings().archive_interval_s
    assert quiet_s + FeedSettings().refresh_s <= 4
