"""Nobody in a room but its host goes by the host's name."""

from dataclasses import replace

import pytest

from server.access.auth import Identity
from server.features.comments.messages import Comment
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.rooms.call import Call
from server.rooms.naming import Host
from tests.rooms.rig import HOST, ROOM, Rig

LIKE_MEI = [
    "Mei", "mei", "MEI", "Ｍｅｉ", "Me1", "Mеi", "М\u0435\u0456", "M.e.i", " M e i", "Méi", "𝓜𝓮𝓲",
    "Meiii", "M\ufe0fei", "ᴍᴇɪ", "🄼🄴🄸", "M\u0336e\u0336i\u0336", "-Mei-", "Mei ✓",
]  # fmt: skip
"""What a reader takes for "Mei", the host's name."""
UNLIKE_MEI = ["Mia", "Meike", "Mei Lin", "小满", "😀", "M", "Ann"]


def viewer(name: str, user: str = "u1") -> Identity:
    return Identity(user, name, Role.VIEWER)


@pytest.mark.parametrize("name", LIKE_MEI, ids=ascii)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.MODERATOR, Role.HOST])
async def test_a_user_who_is_called_like_the_host_goes_by_their_id(
    here: Rig, name: str, role: Role
) -> None:
    known = await here.dispatch.known_in(replace(viewer(name), role=role), ROOM)
    assert known.name == "u1"


@pytest.mark.parametrize("name", UNLIKE_MEI, ids=ascii)
async def test_a_user_who_is_called_otherwise_keeps_their_name(here: Rig, name: str) -> None:
    assert await here.dispatch.known_in(viewer(name), ROOM) == viewer(name)


async def test_the_host_and_admins_keep_their_names(here: Rig) -> None:
    admin = Identity("a1", "Mei", Role.ADMIN)
    assert await here.dispatch.known_in(HOST, ROOM) == HOST
    assert await here.dispatch.known_in(admin, ROOM) == admin


@pytest.mark.parametrize("user", ["Mei", "MEI", "m-e-i"])
async def test_an_id_that_reads_as_the_hosts_name_is_not_shown_for_it(here: Rig, user: str) -> None:
    known = await here.dispatch.known_in(viewer("Mei", user), ROOM)
    assert known.name.startswith("viewer-")
    assert (await here.dispatch.known_in(known, ROOM)).name == known.name
    assert (await here.dispatch.known_in(viewer("Mei", user), ROOM)).name == known.name


async def test_a_name_of_signs_alone_is_compared_as_it_is(here: Rig) -> None:
    naming = here.dispatch.naming
    assert naming.named_in(viewer("🌸"), Host("h1", "🌸")).name == "u1"
    assert naming.named_in(viewer("🌹"), Host("h1", "🌸")).name == "🌹"


async def test_a_caller_who_did_not_join_is_named_as_one_who_did(here: Rig) -> None:
    watcher = await here.join("watcher")
    for who, text in ((viewer("Mei"), "all free today"), (HOST, "welcome")):
        await here.dispatch.run_for_caller(Call(ROOM, who), Comment(ref=1, text=text))

    heard = await watcher.until(lambda event: event.get("text") == "welcome")
    said = {e["text"]: (e["user"], e["name"]) for e in heard if e["t"] == "comment"}
    assert said == {"all free today": ("u1", "u1"), "welcome": ("h1", "Mei")}


async def test_a_host_whose_room_is_made_by_an_admin_has_a_clean_name(here: Rig) -> None:
    admin = Identity("a1", "Root", Role.ADMIN)
    for n, (given, shown) in enumerate([("\u202eM\u200dei", "Mei"), ("\u200b", "h7")]):
        body = RoomCreate(room=f"made{n}", title="Tea", host="h7", host_name=given)
        assert (await here.directory.create(admin, body)).host_name == shown


async def test_a_room_that_is_not_there_is_not_found(here: Rig) -> None:
    with pytest.raises(CommandError) as refused:
        await here.dispatch.known_in(viewer("Ann"), "nosuch")
    assert refused.value.code == "not_found"
