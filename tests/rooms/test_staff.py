"""Who runs a room, or helps to, is known alike to every rule, however they came to it."""

import pytest

from server.access.auth import Identity
from server.features.auctions.messages import AuctionOk, AuctionOpen, Bid
from server.features.comments.messages import Comment
from server.features.luckies.messages import LuckyEnter, LuckyOk, LuckyOpen
from server.features.moderators.messages import ModeratorAdd
from server.features.shelf.messages import ShelfPut
from server.protocol.codes import CommandError
from server.protocol.message import Command
from server.protocol.roles import Role
from tests.conftest import MakeSettings
from tests.features.stage import MUG
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, rig

ADDED = "mo"
"""The host made this user a moderator of the room."""
OTHERS = frozenset({"other"})
PEOPLE: dict[str, tuple[Identity, bool, bool]] = {
    "the host": (HOST, True, True),
    "the host with a viewer's token": (Identity(HOST.user, "Mei", Role.VIEWER), True, False),
    "a moderator by token": (Identity("kim", "Kim", Role.MODERATOR), False, True),
    "one of this room": (Identity("kim", "Kim", Role.MODERATOR, frozenset({ROOM})), False, True),
    "a moderator by room": (Identity(ADDED, "Mo", Role.VIEWER), False, True),
    "another host, moderator by room": (Identity(ADDED, "Mo", Role.HOST), False, True),
    "an admin": (Identity("root", "Root", Role.ADMIN), True, True),
    "another server": (
        Identity("shop", "Shop", Role.ADMIN, scopes=frozenset({"auctions:write", "luckies:write"})),
        True,
        True,
    ),
    "a viewer": (Identity("ann", "Ann", Role.VIEWER), False, False),
    "another host": (Identity("h2", "Lee", Role.HOST), False, False),
}
"""By how somebody came to it: who they are, whether they can draw here, whether they moderate."""


async def refusal(here: Rig, cmd: Command, who: Identity) -> str:
    """The code with which a command is refused; empty if it is not."""
    try:
        await here.do(cmd, who)
    except CommandError as refused:
        return refused.code
    return ""


@pytest.mark.parametrize("how", PEOPLE)
async def test_who_runs_the_room_neither_bids_nor_draws_for_themselves(here: Rig, how: str) -> None:
    who, draws, moderates = PEOPLE[how]
    await here.do(ShelfPut(ref=1, product=MUG))
    await here.do(ModeratorAdd(ref=1, user=ADDED))
    opened = AuctionOpen(ref=1, sku="mug", opening=100, increment=10, lasts_s=60, hold_s=60)
    auction = expect(AuctionOk, await here.do(opened)).auction.auction
    lucky = expect(LuckyOk, await here.do(LuckyOpen(ref=1, title="Mug", prizes=1))).lucky.lucky

    bid = await refusal(here, Bid(ref=1, auction=auction, max=500, key="k"), who)
    entry = await refusal(here, LuckyEnter(ref=1, lucky=lucky), who)

    assert bid == ("forbidden" if draws or moderates else "")
    assert entry == ("forbidden" if draws else "")


@pytest.mark.parametrize("how", PEOPLE)
async def test_requests_know_who_moderates(here: Rig, how: str) -> None:
    who, _, moderates = PEOPLE[how]
    await here.do(ModeratorAdd(ref=1, user=ADDED))

    assert await here.directory.is_staff(who, ROOM) == moderates


async def test_no_rate_of_viewers_holds_up_who_moderates(make_settings: MakeSettings) -> None:
    async with rig(make_settings(rooms={"comments_burst": 1}), "w1") as here:
        await here.create()
        guest = await here.join(ADDED)
        ann, mo = (Identity(user, user, Role.VIEWER) for user in ("ann", ADDED))
        await here.do(ModeratorAdd(ref=1, user=ADDED))
        await guest.until(lambda m: m["t"] == "role")

        said = [await refusal(here, Comment(ref=1, text="hi"), who) for who in (ann, mo, ann, mo)]

    assert said == ["", "", "rate_limited", ""]


async def test_whose_token_is_for_other_rooms_moderates_nothing_here(here: Rig) -> None:
    await here.do(ModeratorAdd(ref=1, user=ADDED))
    for role in (Role.VIEWER, Role.MODERATOR, Role.ADMIN):
        assert not await here.directory.is_staff(Identity(ADDED, "Mo", role, OTHERS), ROOM)
