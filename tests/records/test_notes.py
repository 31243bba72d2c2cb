"""Notes: written, moderated, found, liked, asked about; and what becomes of them."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from PIL import Image
from sqlalchemy import select

from server.access.auth import SESSION_COOKIE
from server.background.clock import DAY_MS, unix_ms
from server.features.notes.forgetting import forget_notes
from server.features.notes.tables import NOTE_ACTS
from server.features.notes.wording import Verdict, Wording
from server.house import records_of
from server.protocol.roles import Role
from server.records.database import Database
from server.records.forgotten import pseudonym_of
from server.records.schema import RECORDS
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.records.bought import ANN, BEN, M1, OTHER, ROOT, done, open_room
from tests.running import running
from tests.server.talk import talk
from tests.web.api import Api

# A worker reads its scripts when it starts, and a picture is drawn anew.
pytestmark = pytest.mark.blocking_allowed

WORDS = {"title": "秋天的薄胎杯", "text": "薄如纸，\n透光。", "tags": ["#茶具", "瓷器", "茶具"]}
MUG = {"host": "h1", "sku": "mug"}
NOTES = "/v1/notes"
HOLD = {"words": ["代购"], "action": "hold", "why": "resellers"}


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(
        records={"url": records_url, "archive_interval_s": 0.05},
        orders={"fair_window_ms": 0},
        notes={"writes_burst": 1000, "comments_burst": 100, "marks_burst": 1000},
    )


@pytest.fixture
async def api(records_settings: Settings) -> AsyncIterator[Api]:
    async with running(records_settings, "w1") as worker, aiohttp.ClientSession() as session:
        yield Api(session, records_settings, worker.url)


@pytest.fixture
async def records(records_settings: Settings) -> AsyncIterator[Database]:
    database = records_of(records_settings)
    yield database
    await database.aclose()


async def publish(api: Api, **more: Any) -> dict[str, Any]:
    """A public note of h1."""
    who = more.pop("who", {})
    note: dict[str, Any] = await done(
        api, "POST", NOTES, WORDS | {"status": "public"} | more, **who
    )
    return note


async def picture_of(api: Api, **who: Any) -> str:
    drawn = BytesIO()
    Image.new("RGB", (40, 30), "teal").save(drawn, "PNG")
    status, sent = await api.send("POST", "/v1/pictures", data=drawn.getvalue(), **who)
    assert status == 200, sent
    return str(sent["picture"])


async def acts(records: Database, note: str) -> list[tuple[str, str]]:
    """(person, kind) of what was done with a note, in order."""
    asked = select(NOTE_ACTS).where(NOTE_ACTS.c.note == note).order_by(NOTE_ACTS.c.serial)
    async with records.reading() as connection:
        return [(row.person, row.kind) for row in await connection.execute(asked)]


async def test_a_note_is_drafted_published_changed_and_deleted(api: Api) -> None:
    await open_room(api, "r1")
    await done(api, "POST", "/v1/rooms", {"room": "next", "title": "Soon"})
    mine, yours = await picture_of(api), await picture_of(api, **ANN)
    note = await done(api, "POST", NOTES, WORDS | {"goods": [MUG], "rooms": ["r1"]})
    assert (note["status"], note["published"], note["tags"]) == ("draft", 0, ["茶具", "瓷器"])
    assert len(note["note"]) <= 24
    path = f"{NOTES}/{note['note']}"
    for nobody in (ANN, {"user": None}):
        await api.refused(404, "not_found", "GET", path, **nobody)
        await api.refused(403, "forbidden", "GET", f"{NOTES}?author=h1&status=draft", **nobody)
    await api.refused(403, "forbidden", "GET", f"{NOTES}?status=draft", user=None)
    await api.refused(403, "forbidden", "GET", f"{NOTES}?status=draft", **ROOT)
    await api.refused(403, "forbidden", "GET", f"{NOTES}?author=h1&status=draft", **ROOT)
    drafts = await done(api, "GET", f"{NOTES}?author=h1&status=draft")
    assert [each["note"] for each in drafts["notes"]] == [note["note"]]

    await api.refused(404, "not_found", "PATCH", path, {"pictures": [yours]})
    shown = await done(api, "PATCH", path, {"status": "public", "pictures": [mine]})
    read = await done(api, "GET", path, user=None)
    assert read == shown
    over = {"Cookie": f"{SESSION_COOKIE}=over"}  # a page still shows what everybody may read
    assert await done(api, "GET", path, user=None, headers=over) == read
    assert (await api.send("GET", path, user=None, headers={"Authorization": "Bearer no"}))[
        0
    ] == 401
    assert (read["status"], read.get("changed")) == ("public", None)
    assert read["pictures"] == [{"picture": mine, "w": 40, "h": 30, "link": f"/pictures/{mine}"}]
    # What it links, as it is now: the price of the sale, where it is live, what comes next.
    assert read["goods"] == [
        MUG | {"title": "Mug", "price": 7900, "currency": "CNY", "room": "r1", "phase": "live"}
    ]
    assert [(each["room"], each["phase"]) for each in read["rooms"]] == [
        ("r1", "live"), ("next", "scheduled"),
    ]  # fmt: skip
    assert [each.get("linked", True) for each in read["rooms"]] == [True, False]
    await api.refused(409, "conflict", "DELETE", f"/v1/pictures/{mine}")

    again = await done(api, "PATCH", path, {"text": "透光。"})
    assert again["published"] == read["published"] <= again["changed"]
    assert again["title"] == WORDS["title"]
    await api.refused(403, "forbidden", "PATCH", path, {"text": "x"}, **ANN)
    await api.refused(403, "forbidden", "DELETE", path, **ANN)
    for tag, found in (("茶具", 1), ("水杯", 0)):
        page = await done(api, "GET", f"{NOTES}?tag={tag}", user=None)
        assert len(page["notes"]) == found
    await done(api, "DELETE", path)
    await api.refused(404, "not_found", "GET", path)
    assert (await done(api, "GET", NOTES, user=None))["notes"] == []
    await done(api, "DELETE", f"/v1/pictures/{mine}")  # nothing shows it any more


async def test_what_a_note_may_not_be_is_refused_with_a_sentence_and_nothing_changes(
    api: Api,
) -> None:
    await open_room(api, "r1")
    await done(api, "POST", "/v1/rooms", {"room": "r2", "title": "Other"}, **OTHER)
    cup = {"sku": "pot", "title": "Pot", "price": 100, "currency": "CNY"}
    await done(api, "PUT", "/v1/rooms/r2/shelf/pot", cup, **OTHER)
    whole = WORDS | {"status": "public"}
    for code, status, bad in (
        ("bad_message", 400, {"tags": [str(n % 10) for n in range(10_000)]}),
        ("too_long", 413, {"tags": [f"tag {n}" for n in range(10_000)]}),
        ("too_long", 413, {"tags": ["x" * 31]}),
        ("too_long", 413, {"title": "x" * 101}),
        ("too_long", 413, {"text": "x" * 1001}),
        ("bad_message", 400, {"title": " "}),
        ("bad_message", 400, {"text": ""}),
        ("bad_message", 400, {"pictures": [f"p{n}" for n in range(19)]}),
        ("not_found", 404, {"pictures": ["p1"]}),
        ("bad_message", 400, {"colour": "red"}),
        ("forbidden", 403, {"text": "傻逼"}),
        ("forbidden", 403, {"tags": ["傻逼"]}),
        ("forbidden", 403, {"goods": [{"host": "h2", "sku": "pot"}]}),
        ("forbidden", 403, {"goods": [{"host": "h1", "sku": "pot"}]}),
        ("forbidden", 403, {"goods": [{"host": "h1", "sku": "m1:pot"}]}),
        ("forbidden", 403, {"rooms": ["r2"]}),
        ("not_found", 404, {"rooms": ["r3"]}),
    ):
        await api.refused(status, code, "POST", NOTES, whole | bad)
    assert (await done(api, "GET", f"{NOTES}?author=h1", user=None))["notes"] == []
    assert (await done(api, "GET", f"{NOTES}?author=h1&status=draft"))["notes"] == []
    await api.refused(401, "bad_token", "POST", NOTES, whole, user=None)


async def test_a_merchants_goods_are_linked_by_its_members_and_by_who_picked_them(
    api: Api,
) -> None:
    await done(api, "PUT", "/v1/merchants/m1", {"name": "Kiln"}, **ROOT)
    goods = {"title": "Teapot", "variants": [{"sku": "pot", "price": 500, "currency": "CNY"}]}
    await done(api, "PUT", "/v1/merchants/m1/goods/teapot", goods, **M1)
    linked = {"goods": [{"host": "h1", "sku": "m1:pot"}]}
    await api.refused(403, "forbidden", "POST", NOTES, WORDS | linked)
    own = await publish(api, goods=[{"host": "m1", "sku": "m1:pot"}], who=M1)
    assert own["goods"] == [{"host": "m1", "sku": "m1:pot", "title": "Teapot"}]
    offer = {"goods": "teapot", "commission": 1000, "ends": unix_ms() + DAY_MS}
    await done(api, "PUT", "/v1/merchants/m1/offers/o1", offer, **M1)
    await done(api, "POST", "/v1/hosts/h1/picks", {"merchant": "m1", "offer": "o1"})
    note = await publish(api, **linked)
    assert note["goods"] == [{"host": "h1", "sku": "m1:pot", "title": "Teapot"}]


async def test_words_that_are_held_wait_and_what_the_operator_removed_stays_away(api: Api) -> None:
    await done(api, "PUT", "/v1/words", HOLD, **ROOT)
    note = await publish(api, text="找代购")
    path = f"{NOTES}/{note['note']}"
    assert (note["status"], note["published"]) == ("held", 0)
    assert (await done(api, "PATCH", path, {"status": "public"}))["status"] == "held"
    await api.refused(404, "not_found", "GET", path, **ANN)
    await api.refused(404, "not_found", "PUT", f"{path}/like", **ANN)
    waiting = await done(api, "GET", f"{NOTES}?status=held", **ROOT)
    assert [each["note"] for each in waiting["notes"]] == [note["note"]]
    assert (await found(api, "薄胎杯")) == []

    shown = await done(api, "POST", f"{path}/show", **ROOT)
    assert (shown["status"], shown["published"] > 0) == ("public", True)
    assert await found(api, "薄胎杯") == [note["note"]]
    retagged = await done(api, "PATCH", path, {"tags": ["杯子"]})
    assert retagged["status"] == "held"  # other words
    await done(api, "POST", f"{path}/show", **ROOT)
    await done(api, "POST", f"{path}/remove", {"reason": "an advert"}, **ROOT)
    assert (await done(api, "GET", path))["reason"] == "an advert"
    await api.refused(404, "not_found", "GET", path, **ANN)
    assert "an advert" in await api.refused(409, "conflict", "PATCH", path, {"text": "Sorry."})
    assert await found(api, "薄胎杯") == []
    log = await done(api, "GET", "/v1/actions", **ROOT)
    whats = [each["what"] for each in log["actions"] if each["ref"] == note["note"]]
    assert whats == ["remove_note", "show_note", "show_note"]


async def test_words_that_change_while_a_note_is_published_are_judged_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await done(api, "PUT", "/v1/words", HOLD, **ROOT)
    path = f"{NOTES}/{(await done(api, 'POST', NOTES, WORDS))['note']}"
    judge, judged = Wording.judge, list[tuple[str, ...]]()

    async def judge_and_change(self: Wording, *texts: str) -> Verdict:
        verdict = await judge(self, *texts)
        judged.append(texts)
        if len(judged) == 1:
            await done(api, "PATCH", path, {"text": "找代购"})
        return verdict

    monkeypatch.setattr(Wording, "judge", judge_and_change)
    published = await done(api, "PATCH", path, {"status": "public"})
    assert (published["status"], published["text"], len(judged)) == ("held", "找代购", 2)


async def test_a_comment_that_is_shown_or_deleted_twice_at_once_counts_once(
    api: Api, records: Database
) -> None:
    await done(api, "PUT", "/v1/words", HOLD, **ROOT)
    note = (await publish(api))["note"]
    path = f"{NOTES}/{note}/comments"
    held = [await done(api, "POST", path, {"text": f"找代购 {n}"}, **ANN) for n in range(5)]

    async def twice(method: str, end: str, comment: str) -> None:
        asked = (api.send(method, f"{path}/{comment}{end}", **who) for who in (ROOT, ROOT))
        assert {status for status, _ in await asyncio.gather(*asked)} <= {204, 404}

    for n, each in enumerate(held, 1):
        await twice("POST", "/show", each["comment"])
        assert (await done(api, "GET", f"{NOTES}/{note}"))["comments"] == n
    assert await acts(records, note) == [("ann", "comment")] * 5
    for n, each in enumerate(held, 1):
        await twice("DELETE", "", each["comment"])
        assert (await done(api, "GET", f"{NOTES}/{note}"))["comments"] == 5 - n


async def test_an_admin_for_some_rooms_is_no_operator_of_notes(api: Api) -> None:
    await done(api, "PUT", "/v1/words", HOLD, **ROOT)
    held, picture = await publish(api, text="找代购"), await picture_of(api)
    path = f"{NOTES}/{(await publish(api))['note']}/comments"
    said = await done(api, "POST", path, {"text": "Nice."}, **ANN)
    some = ROOT | {"rooms": ["r1"]}
    await api.refused(403, "forbidden", "GET", f"{NOTES}?status=held", **some)
    await api.refused(404, "not_found", "GET", f"{NOTES}/{held['note']}", **some)
    await api.refused(403, "forbidden", "DELETE", f"{path}/{said['comment']}", **some)
    await api.refused(404, "not_found", "DELETE", f"/v1/pictures/{picture}", **some)
    assert (await api.send("DELETE", f"/v1/pictures/{picture}", **ROOT))[0] == 204


async def found(api: Api, query: str) -> list[str]:
    page = await done(api, "GET", "/v1/search", user=None, params={"q": query, "kind": "note"})
    return [each["id"] for each in page["results"]]


async def test_search_finds_public_notes_by_title_text_and_tags(api: Api) -> None:
    draft = await done(api, "POST", NOTES, WORDS)
    assert await found(api, "薄胎杯") == []
    path = f"{NOTES}/{draft['note']}"
    await done(api, "PATCH", path, {"status": "public"})
    for query in ("秋天薄胎杯", "透光", "瓷器"):
        assert await found(api, query) == [draft["note"]], query
    page = await done(api, "GET", "/v1/search", user=None, params={"q": "薄胎杯"})
    [result] = page["results"]
    link = result["link"].partition(":")[0]  # as soon as there is a key, a mark follows
    assert (result["kind"], result["room"], result["host"], link) == (
        "note", "", "h1", f"/note/{draft['note']}?from=search",
    )  # fmt: skip
    await done(api, "PATCH", path, {"title": "别的", "status": "public"})
    assert await found(api, "薄胎杯") == []
    await done(api, "PATCH", path, {"title": WORDS["title"], "status": "draft"})
    assert await found(api, "薄胎杯") == []


async def test_a_like_a_collection_and_an_opening_count_once_and_are_told_on(
    api: Api, records: Database
) -> None:
    notes = [(await publish(api, title=f"No. {n}"))["note"] for n in range(3)]
    path = f"{NOTES}/{notes[0]}"
    for _ in range(2):
        marked = await done(api, "PUT", f"{path}/like", **ANN)
        assert marked == {"liked": True, "collected": False, "likes": 1, "collects": 0}
        await done(api, "GET", path, **ANN)
    await done(api, "GET", path)  # the author's own
    await done(api, "GET", path, user=None)
    await done(api, "PUT", f"{path}/like", **BEN)
    for note in notes:
        await done(api, "PUT", f"{NOTES}/{note}/collect", **ANN)
    for _ in range(2):
        assert (await done(api, "DELETE", f"{path}/like", **ANN))["likes"] == 1
    read = await done(api, "GET", path, **ANN)
    assert (read["likes"], read["collects"], read.get("liked"), read["collected"]) == (
        1, 1, None, True,
    )  # fmt: skip
    first = await done(api, "GET", "/v1/me/collections?limit=2", **ANN)
    rest = await done(api, "GET", f"/v1/me/collections?cursor={first['next']}", **ANN)
    pages = [each["note"] for page in (first, rest) for each in page["notes"]]
    assert pages == notes[::-1]
    while len(told := await acts(records, notes[0])) < 5:
        await asyncio.sleep(0.02)
    assert sorted(told) == sorted([
        ("ann", "like"), ("ann", "open"), ("ben", "like"), ("ann", "collect"), ("ann", "unlike"),
    ])  # fmt: skip
    await api.refused(404, "not_found", "PUT", f"{NOTES}/nope/like", **ANN)


async def test_who_asks_for_the_link_gets_the_card_and_the_author_is_told(
    api: Api, records: Database
) -> None:
    await open_room(api, "r1")
    goods = [MUG, {"host": "h1", "sku": "cup"}]
    note = await publish(api, goods=goods)
    talk = f"{NOTES}/{note['note']}/comments"
    said = await done(api, "POST", talk, {"text": "好看！"}, **ANN)
    assert (said["text"], said.get("cards")) == ("好看！", None)
    both = await done(api, "POST", talk, {"text": "求链接"}, **ANN)
    assert [card["sku"] for card in both["cards"]] == ["mug", "cup"]
    assert both["cards"][0]["price"] == 7900
    one = await done(api, "POST", talk, {"text": "求2号链接"}, **BEN)
    assert [card["sku"] for card in one["cards"]] == ["cup"]
    await done(api, "POST", talk, {"text": "求链接"})  # the author's own wish is none
    mine = await done(api, "GET", talk, **ANN)
    assert [each["text"] for each in mine["comments"]] == [
        "求链接",
        "求2号链接",
        "求链接",
        "好看！",
    ]
    assert [len(each.get("cards", [])) for each in mine["comments"]] == [0, 0, 2, 0]
    asks = await done(api, "GET", "/v1/me/note-asks")
    assert [(each["user"], each["sku"]) for each in asks["asks"]] == [("ben", "cup"), ("ann", "*")]
    read = await done(api, "GET", f"{NOTES}/{note['note']}")
    assert (read["comments"], read["asks"]) == (4, 2)
    assert "asks" not in await done(api, "GET", f"{NOTES}/{note['note']}", **ANN)
    told = [kind for _, kind in await acts(records, note["note"]) if kind != "open"]
    assert told == ["comment", "ask", "ask", "comment"]

    await done(api, "PUT", "/v1/words", HOLD, **ROOT)
    await api.refused(403, "forbidden", "POST", talk, {"text": "傻逼"}, **ANN)
    held = await done(api, "POST", talk, {"text": "代购求链接"}, **ANN)
    assert held["status"] == "held"
    waiting = await done(api, "GET", "/v1/note-comments/held", **ROOT)
    assert [each["comment"] for each in waiting["comments"]] == [held["comment"]]
    assert held["comment"] not in str(await done(api, "GET", talk, user=None))
    await done(api, "POST", f"{talk}/{held['comment']}/show", **ROOT)
    assert held["comment"] in str(await done(api, "GET", talk, user=None))
    await api.refused(403, "forbidden", "DELETE", f"{talk}/{held['comment']}", **BEN)
    await done(api, "DELETE", f"{talk}/{held['comment']}")  # the note's author
    await done(api, "DELETE", f"{talk}/{one['comment']}", **BEN)  # who wrote it
    read = await done(api, "GET", f"{NOTES}/{note['note']}")
    assert (read["comments"], read["asks"]) == (3, 1)


async def test_a_draft_about_a_stream_tells_what_was_shown_and_answered(api: Api) -> None:
    await done(api, "POST", "/v1/rooms", {"room": "r0", "title": "Soon"})
    await api.refused(409, "not_live", "POST", "/v1/rooms/r0/note-draft")
    await open_room(api, "r1")
    ask = {"op": "comment", "ref": 1, "text": "杯子容量多大？"}
    status, asked = await api.send("POST", "/v1/rooms/r1/commands", ask, **ANN)
    assert status == 200, asked
    question = asked["question"]["question"]
    answer = {"op": "question.answer", "ref": 2, "question": question, "text": "两百毫升"}
    assert (await api.send("POST", "/v1/rooms/r1/commands", answer))[0] == 200
    await done(api, "POST", "/v1/rooms/r1/live", {"phase": "ended"})
    await api.refused(403, "forbidden", "POST", "/v1/rooms/r1/note-draft", **OTHER)
    note = await done(api, "POST", "/v1/rooms/r1/note-draft")
    assert (note["status"], note["title"]) == ("draft", "T r1")
    assert note["text"] == "· Mug\n\n杯子容量多大？\n→ 两百毫升"
    assert [each["sku"] for each in note["goods"]] == ["mug"]
    assert [each["room"] for each in note["rooms"] if each.get("linked", True)] == ["r1"]


async def test_the_note_is_the_source_of_the_orders_of_who_came_from_it(api: Api) -> None:
    await open_room(api, "r1")
    note = await publish(api, goods=[MUG])
    source = {"kind": "note", "id": note["note"]}
    async with talk(api.url, "r1") as viewer:
        joined = await viewer.join(api.token("ann", Role.VIEWER), source=source)
        sale = joined["room"]["sales"][0]["sale"]
        bought = await viewer.ask("buy", key="k", sale=sale)
        paid = await viewer.ask("pay", order=bought["order"]["order"])
    assert (bought["order"]["source"], paid["order"]["source"]) == (source, source)


async def test_who_is_forgotten_is_in_no_note_and_counts_are_true(
    api: Api, records: Database
) -> None:
    await open_room(api, "r1")
    note = await publish(api, goods=[MUG])
    anns = await publish(api, who=ANN)
    for who in (ANN, BEN):
        await done(api, "PUT", f"{NOTES}/{note['note']}/like", **who)
        await done(api, "PUT", f"{NOTES}/{note['note']}/collect", **who)
        await done(api, "POST", f"{NOTES}/{note['note']}/comments", {"text": "求链接"}, **who)
    await done(api, "POST", f"{NOTES}/{anns['note']}/comments", {"text": "Nice."}, **BEN)
    async with records.writing() as connection:
        await pseudonym_of(connection, "ann", "gone-1", 1)
        await forget_notes(connection, "ann")
    read = await done(api, "GET", f"{NOTES}/{note['note']}")
    assert [read[name] for name in ("likes", "collects", "comments", "asks")] == [1, 1, 1, 1]
    await api.refused(404, "not_found", "GET", f"{NOTES}/{anns['note']}", **ROOT)
    async with records.reading() as connection:
        for table in RECORDS.sorted_tables:
            if table.name.startswith(("note", "search_doc")):
                rows = (await connection.execute(select(table))).all()
                assert not [row for row in rows if "ann" in tuple(row)], table.name


async def test_a_reported_note_is_in_the_queue_of_all_and_the_operator_removes_it(
    api: Api,
) -> None:
    note = await publish(api)
    path = f"{NOTES}/{note['note']}"
    said = {"kind": "fraud", "text": "glued"}
    assert (await api.send("POST", f"{path}/reports", said, **ANN))[0] == 204
    assert (await api.send("POST", f"{path}/reports", said, **BEN))[0] == 204
    await api.refused(409, "conflict", "POST", f"{path}/reports", said)
    await api.refused(404, "not_found", "POST", f"{NOTES}/nope/reports", said, **ANN)
    queue = await done(api, "GET", "/v1/reports?about=note", **ROOT)
    [thing] = queue["things"]
    assert (thing["about"], thing["id"], thing["user"], thing["count"], thing["room"]) == (
        "note", note["note"], "h1", 2, "",
    )  # fmt: skip
    assert thing["text"] == f"{note['title']}\n{note['text']}"
    resolve = f"/v1/reports/{thing['thing']}/resolve"
    removed = {"outcome": "removed", "reason": "It is glued."}
    await api.refused(400, "bad_message", "POST", resolve, {"outcome": "removed"}, **ROOT)
    await api.refused(400, "bad_message", "POST", resolve, removed | {"outcome": "muted"}, **ROOT)
    await done(api, "POST", resolve, removed, **ROOT)
    await api.refused(404, "not_found", "GET", path, **ANN)
    assert (await done(api, "GET", path))["reason"] == "It is glued."


async def test_a_request_that_is_sent_twice_with_a_key_writes_once(api: Api) -> None:
    await open_room(api, "r1")
    note = await publish(api)
    for n, (path, body) in enumerate((
        (NOTES, WORDS),
        (f"{NOTES}/{note['note']}/comments", {"text": "Nice."}),
        ("/v1/rooms/r1/note-draft", None),
    )):  # fmt: skip
        headers = {"Idempotency-Key": f"key-{n}"}
        first = await done(api, "POST", path, body, headers=dict(headers))
        assert await done(api, "POST", path, body, headers=dict(headers)) == first
    drafts = await done(api, "GET", f"{NOTES}?author=h1&status=draft")
    assert len(drafts["notes"]) == 2
    assert (await done(api, "GET", f"{NOTES}/{note['note']}"))["comments"] == 1
