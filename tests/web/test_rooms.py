"""REST about rooms that are changed, cancelled, drafted, and listed by phase."""

import pytest

from server.protocol.roles import Role
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.web.api import Api

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

NEW = {"room": "r1", "title": "慢直播"}
SOON = 4_000_000_000_000
DRAFT = NEW | {"draft": True}
STAFF_ONLY = "This room is a draft: only its host, its moderators and admins may see it"


@pytest.fixture
def web_settings(make_settings: MakeSettings) -> Settings:
    return make_settings(rooms={"scheduled_per_host_max": 4})


async def make(api: Api, **fields: object) -> None:
    assert (await api.send("POST", "/v1/rooms", NEW | fields))[0] == 201


async def test_a_room_is_changed_and_cleared(api: Api) -> None:
    await make(api, scheduled=SOON, stream_url="/s")
    patch = {"title": " 绿茶 ", "cover": "https://p.example/1.jpg", "scheduled": None}

    status, changed = await api.send("PATCH", "/v1/rooms/r1", patch)
    read = await api.send("GET", "/v1/rooms/r1", user=None)

    assert (status, changed["title"], changed["cover"]) == (200, "绿茶", patch["cover"])
    assert "scheduled" not in changed
    assert (changed["stream_url"], read) == ("/s", (200, changed))
    [row] = (await api.send("GET", "/v1/rooms", user=None))[1]
    assert (row["title"], row["cover"]) == ("绿茶", patch["cover"])
    assert (await api.send("PATCH", "/v1/rooms/r1", {}))[0] == 200


@pytest.mark.parametrize(
    "patch",
    [
        {"title": None},
        {"title": ""},
        {"cover": "http://p.example/1.jpg"},
        {"cover": "//p.example/1.jpg"},
        {"cover": "javascript:x"},
        {"scheduled": 1_600_000_000_000},
        {"scheduled": "tomorrow"},
        {"draft": True},
        {"draft": None},
        {"phase": "live"},
        {"practice": True},
    ],
)
async def test_what_a_room_can_not_become_is_refused_with_a_sentence(
    api: Api, patch: dict[str, object]
) -> None:
    await make(api)
    before = await api.send("GET", "/v1/rooms/r1")
    said = await api.refused(400, "bad_message", "PATCH", "/v1/rooms/r1", patch)

    assert said.endswith((".", "?"))
    assert await api.send("GET", "/v1/rooms/r1") == before


async def test_only_the_host_and_admins_change_and_cancel(api: Api) -> None:
    await make(api)
    for method, path in (("PATCH", "/v1/rooms/r1"), ("POST", "/v1/rooms/r1/cancel")):
        await api.refused(403, "forbidden", method, path, {}, user="h2")
        await api.refused(403, "forbidden", method, path, {}, user="ann", role=Role.VIEWER)
        await api.refused(401, "bad_token", method, path, {}, user=None)
    admin = await api.send("PATCH", "/v1/rooms/r1", {"title": "T"}, user="root", role=Role.ADMIN)
    assert (admin[0], admin[1]["title"]) == (200, "T")


async def test_a_room_is_cancelled_with_a_reason(api: Api) -> None:
    await make(api)
    status, room = await api.send("POST", "/v1/rooms/r1/cancel", {"reason": "rain"})
    again = await api.refused(409, "ended", "POST", "/v1/rooms/r1/cancel", {})

    assert (status, room["phase"], room["cancelled"], room["cancel_reason"]) == (
        200,
        "ended",
        True,
        "rain",
    )
    assert "was cancelled" in again
    _, page = await api.send("GET", "/v1/rooms?phase=ended", user=None)
    assert [row["cancelled"] for row in page["rooms"]] == [True]
    _, host = await api.send("GET", "/v1/hosts/h1", user=None)
    assert [row["cancelled"] for row in host["rooms"]["ended"]] == [True]


async def test_a_cancelled_room_has_figures_of_nothing_and_an_empty_replay(api: Api) -> None:
    for room in ("r1", "r2"):
        await make(api, room=room)
    await api.send("POST", "/v1/rooms/r1/cancel", {})
    await api.send("POST", "/v1/rooms/r2/live", {"phase": "live"})
    await api.send("POST", "/v1/rooms/r2/live", {"phase": "ended"})

    status, figures = await api.send("GET", "/v1/rooms/r1/figures")
    assert (status, figures["started_ms"], figures["numbers"]["orders"]) == (200, None, 0)
    status, streams = await api.send("GET", "/v1/hosts/h1/streams")
    assert [(row["room"], row["numbers"] is None) for row in streams] == [
        ("r2", False),
        ("r1", True),
    ]
    assert (await api.send("GET", "/v1/rooms/r1/figures.csv"))[0] == 200
    _, replay = await api.send("GET", "/v1/rooms/r1/replay", user=None)
    assert [(it["phase"], it["cancelled"]) for it in replay["entries"]] == [("ended", True)]


async def test_rooms_are_listed_by_phase_page_after_page(api: Api) -> None:
    for room in ("a", "b", "c", "d"):
        await make(api, room=room)
    await api.send("POST", "/v1/rooms/c/live", {"phase": "live"})

    async def page(query: str) -> tuple[list[str], str | None]:
        status, found = await api.send("GET", f"/v1/rooms?{query}", user=None)
        assert status == 200, found
        return [room["room"] for room in found["rooms"]], found["next"]

    assert await page("phase=live") == (["c"], None)
    first, cursor = await page("phase=scheduled&limit=2")
    rest, end = await page(f"phase=scheduled&limit=2&cursor={cursor}")
    everything, _ = await page("cursor=")
    assert (first, rest, end) == (["a", "b"], ["d"], None)
    assert everything == ["c", "a", "b", "d"]
    assert await page("phase=ended&limit=0") == ([], None)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("phase=soon", "`phase` must be one of all, ended, live, scheduled."),
        ("cursor=abc", "The cursor is none that this list named"),
        ("cursor=%01", "`cursor` must be the `next` of an earlier page"),
        ("cursor=" + "A" * 201, "`cursor` must be the `next` of an earlier page"),
        ("phase=live&offset=1", "`order` and `offset` do not go with `phase` and `cursor`"),
        ("cursor=&order=newest", "`order` and `offset` do not go with `phase` and `cursor`"),
    ],
)
async def test_a_list_that_can_not_be_is_refused(api: Api, query: str, sentence: str) -> None:
    said = await api.refused(400, "bad_message", "GET", f"/v1/rooms?{query}", user=None)
    assert sentence in said


async def test_a_draft_is_read_by_its_staff_alone(api: Api) -> None:
    assert (await api.send("POST", "/v1/rooms", DRAFT))[0] == 201
    reads = [f"/v1/rooms/r1{more}" for more in ("", "/shelf", "/sales", "/replay", "/luckies")]

    for path in reads:
        for who in ({"user": "ann", "role": Role.VIEWER}, {"user": "h2"}):
            said = await api.refused(403, "forbidden", "GET", path, **who)
            assert STAFF_ONLY in said
        await api.refused(401, "bad_token", "GET", path, user=None)
    for who in ({"user": "h1"}, {"user": "root", "role": Role.ADMIN}):
        status, room = await api.send("GET", "/v1/rooms/r1", **who)  # type: ignore[arg-type]
        assert (status, room["draft"]) == (200, True)

    assert (await api.send("PATCH", "/v1/rooms/r1", {"draft": False}))[0] == 200
    for path in reads:
        assert (await api.send("GET", path, user=None))[0] in (200, 409)


async def test_a_host_alone_sees_their_hidden_rooms(api: Api) -> None:
    await make(api, room="open")
    await make(api, room="d", draft=True, scheduled=SOON)
    await make(api, room="p", practice=True)

    _, everybody = await api.send("GET", "/v1/hosts/h1", user=None)
    _, other = await api.send("GET", "/v1/hosts/h1", user="h2")
    _, own = await api.send("GET", "/v1/hosts/h1")

    assert "hidden" not in everybody
    assert other == everybody
    assert [room["room"] for room in everybody["rooms"]["scheduled"]] == ["open"]
    assert own["hidden"] == [
        {"room": "p", "title": "慢直播", "phase": "scheduled", "scheduled": 0, "draft": False,
         "practice": True, "cover": ""},
        {"room": "d", "title": "慢直播", "phase": "scheduled", "scheduled": SOON, "draft": True,
         "practice": False, "cover": ""},
    ]  # fmt: skip


async def test_a_host_with_drafts_alone_is_nobody_to_others(api: Api) -> None:
    await make(api, draft=True)
    await api.refused(404, "not_found", "GET", "/v1/hosts/h1", user=None)
    assert (await api.send("GET", "/v1/hosts/h1"))[0] == 200


async def test_a_host_has_only_so_many_rooms_that_wait(api: Api) -> None:
    for n in range(4):
        await make(api, room=f"r{n}")
    said = await api.refused(409, "limit_reached", "POST", "/v1/rooms", NEW | {"room": "r9"})
    assert "At most 4 rooms" in said


async def test_the_shelf_of_an_earlier_room_is_taken_over(api: Api) -> None:
    await make(api)
    mug = {"sku": "mug", "title": "青瓷杯", "price": 8900, "currency": "CNY"}
    await api.send("PUT", "/v1/rooms/r1/shelf/mug", mug)
    await make(api, room="r2", shelf_from="r1")

    assert (await api.send("GET", "/v1/rooms/r2/shelf", user=None))[1] == [mug]
    wish = NEW | {"room": "r3", "shelf_from": "r1"}
    assert "another host" in await api.refused(
        403, "forbidden", "POST", "/v1/rooms", wish, user="h2"
    )
    wish["shelf_from"] = "gone"
    assert "`gone`" in await api.refused(404, "not_found", "POST", "/v1/rooms", wish)
