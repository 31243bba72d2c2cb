"""REST under /v1/hosts, and fan groups under /v1/rooms."""

import pytest

from server.protocol.roles import Role
from tests.server.talk import talk
from tests.web.api import Api
from tests.web.test_rest import MUG, SOON

pytestmark = pytest.mark.blocking_allowed  # a worker reads its scripts when it starts

GROUP = "/v1/hosts/h1/group"
TEA = {"title": "Tea people"}


async def test_a_hosts_page_shows_followers_group_and_rooms_by_phase(api: Api) -> None:
    for room in ("r1", "r2", "r3"):
        await api.send("POST", "/v1/rooms", {"room": room, "title": f"T {room}", "scheduled": SOON})
    for phase in ("live", "ended"):
        await api.send("POST", "/v1/rooms/r1/live", {"phase": phase})
    await api.send("POST", "/v1/rooms/r2/live", {"phase": "live"})
    async with talk(api.url, "r3") as ann:
        await ann.join(api.token("ann", Role.VIEWER))
        assert (await ann.ask("follow"))["total"] == 1
        assert (await ann.ask("reserve"))["total"] == 1

    status, page = await api.send("GET", "/v1/hosts/h1", user=None)

    assert status == 200
    assert (page["host"], page["name"], page["followers"], page["group"]) == ("h1", "h1", 1, None)
    shown = {phase: [room["room"] for room in rooms] for phase, rooms in page["rooms"].items()}
    assert shown == {"live": ["r2"], "scheduled": ["r3"], "ended": ["r1"]}
    (soon,) = page["rooms"]["scheduled"]
    assert soon.items() >= {"title": "T r3", "scheduled": SOON, "started": 0, "reserved": 1}.items()

    await api.send("PUT", GROUP, TEA | {"admits": "buyers"})
    _, page = await api.send("GET", "/v1/hosts/h1", user=None)
    group = {"id": "fans:h1", "title": "Tea people", "admits": "buyers", "members": 0}
    assert page["group"] == group


async def test_a_host_nobody_knows_has_no_page(api: Api) -> None:
    await api.refused(404, "not_found", "GET", "/v1/hosts/nobody", user=None)


async def test_a_user_who_waits_for_a_scheduled_room_sees_what_will_be_on_its_shelf(
    api: Api,
) -> None:
    await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Soon", "scheduled": SOON})
    assert (await api.send("PUT", "/v1/rooms/r1/shelf/mug", MUG))[0] == 200
    async with talk(api.url, "r1") as ann:
        joined = await ann.join()
    assert joined["room"]["phase"] == "scheduled"
    assert [product["sku"] for product in joined["room"]["shelf"]] == ["mug"]


async def test_a_group_is_put_by_its_host_or_an_admin(api: Api) -> None:
    made = {"id": "fans:h1", "title": "Tea people", "admits": "all", "members": 0}
    assert await api.send("PUT", GROUP, TEA) == (200, made)
    changed = made | {"admits": "followers"}
    body = TEA | {"admits": "followers"}
    assert await api.send("PUT", GROUP, body, user="root", role=Role.ADMIN) == (200, changed)

    await api.refused(403, "forbidden", "PUT", GROUP, TEA, user="h2")
    await api.refused(403, "forbidden", "PUT", GROUP, TEA, role=Role.VIEWER)
    await api.refused(401, "bad_token", "PUT", GROUP, TEA, user=None)
    for bad in ({"title": " "}, TEA | {"admits": "none"}, {}):
        await api.refused(400, "bad_message", "PUT", GROUP, bad)
    await api.refused(413, "too_long", "PUT", GROUP, {"title": "x" * 81})
    status, _ = await api.send("POST", "/v1/rooms", {"room": "fans:h9", "title": "x"})
    assert status == 403


async def test_members_are_for_the_host_to_read(api: Api) -> None:
    await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
    await api.send("PUT", GROUP, TEA)
    async with talk(api.url, "r1") as ann:
        await ann.join(api.token("ann", Role.VIEWER))
        assert (await ann.ask("group.join"))["group"] == "fans:h1"

    status, page = await api.send("GET", f"{GROUP}/members")
    assert (status, page["next"]) == (200, None)
    assert [(member["user"], member["name"]) for member in page["members"]] == [("ann", "ann")]
    await api.refused(403, "forbidden", "GET", f"{GROUP}/members", user="ann", role=Role.VIEWER)
    await api.refused(400, "bad_message", "GET", f"{GROUP}/members?after=x-y-z")


async def test_only_members_read_the_content_of_a_group(api: Api) -> None:
    await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
    await api.send("PUT", GROUP, TEA)
    assert (await api.send("PUT", "/v1/rooms/fans:h1/shelf/mug", MUG))[0] == 200
    for path in ("", "/shelf", "/sales", "/orders"):
        room = f"/v1/rooms/fans:h1{path}"
        await api.refused(401, "bad_token", "GET", room, user=None)
        told = await api.refused(403, "forbidden", "GET", room, user="ann", role=Role.VIEWER)
        assert "group.join" in told
    await api.refused(403, "forbidden", "GET", "/v1/rooms/fans%3Ah1", user="h2")

    async with talk(api.url, "r1") as ann:
        await ann.join(api.token("ann", Role.VIEWER))
        await ann.ask("group.join")
    for user, role in (("ann", Role.VIEWER), ("h1", Role.HOST), ("root", Role.ADMIN)):
        status, shelf = await api.send("GET", "/v1/rooms/fans:h1/shelf", user=user, role=role)
        assert (status, [product["sku"] for product in shelf]) == (200, ["mug"])
    assert (await api.send("GET", "/v1/rooms", user=None))[1][0]["room"] == "r1"


async def test_a_stranger_at_the_door_of_a_group_is_told_how_to_get_in(api: Api) -> None:
    await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
    await api.send("PUT", GROUP, TEA)
    for token in (None, api.token("ann", Role.VIEWER)):
        async with talk(api.url, "fans:h1") as ann:
            told = await ann.join(token)
            assert (told["t"], told["code"]) == ("err", "forbidden")
            assert "group.join" in told["msg"]
            assert await ann.end() == 4403


async def test_a_user_who_leaves_from_within_the_group_is_answered_and_then_sent_out(
    api: Api,
) -> None:
    await api.send("POST", "/v1/rooms", {"room": "r1", "title": "Tea"})
    await api.send("PUT", GROUP, TEA)
    token = api.token("ann", Role.VIEWER)
    async with talk(api.url, "r1") as ann:
        await ann.join(token)
        await ann.ask("group.join")
    async with talk(api.url, "fans:h1") as ann:
        assert (await ann.join(token))["mine"] == {"member": True}
        assert (await ann.ask("group.leave"))["group"] == "fans:h1"
        assert await ann.end() == 4403
