"""The reply to `join` says what its sender has done here before."""

import asyncio
from typing import Any

import pytest

from server.access.auth import Identity
from server.features.coupons.messages import (
    Claim,
    ClaimEvent,
    ClaimOk,
    CouponClaim,
    CouponOk,
    CouponOpen,
)
from server.features.follows.messages import Follow, Reserve
from server.features.groups.groups import GroupBody
from server.features.groups.messages import GroupJoin
from server.features.luckies.messages import LuckyEnter, LuckyOk, LuckyOpen
from server.features.polls.messages import PollOk, PollOpen, Vote
from server.house import HOUSE
from server.protocol.codes import CommandError
from server.protocol.joining import Join
from server.protocol.message import Event
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.rooms.arrival import Arrival
from server.rooms.own import OwnPart
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Guest, Rig

ANN = Identity("ann", "Ann", Role.VIEWER)


async def mine(rig: Rig, user: str, room_id: str = ROOM, role: Role = Role.VIEWER) -> Any:
    return (await rig.join(user, room_id=room_id, role=role)).joined.get("mine")


async def test_a_user_who_did_nothing_has_nothing_and_a_guest_is_not_asked_for(here: Rig) -> None:
    assert await mine(here, "ann") == {}
    assert await mine(here, "guest-1", role=Role.GUEST) is None


async def test_own_acts_in_the_room_and_with_its_host_are_told(here: Rig, there: Rig) -> None:
    await here.groups.put(HOST, "h1", GroupBody("Tea people"))
    await here.do(Follow(ref=1), ANN)
    await here.do(GroupJoin(ref=1), ANN)
    coupon = expect(
        CouponOk, (await here.do(CouponOpen(ref=1, title="C", quota=9, currency="CNY", percent=5)))
    ).coupon
    claim = expect(
        ClaimOk, await here.do(CouponClaim(ref=1, coupon=coupon.coupon, key="k"), ANN)
    ).claim

    told = await mine(there, "ann")

    assert told == {
        "following": True,
        "member": True,
        "claims": [{"claim": claim.claim, "coupon": coupon.coupon, "user": "ann", "at": claim.at}],
    }
    assert await mine(there, "bob") == {}


async def test_a_vote_and_an_entry_count_in_the_newest_poll_and_draw_only(here: Rig) -> None:
    options = ["red", "blue"]
    poll = expect(PollOk, await here.do(PollOpen(ref=1, question="Which?", options=options))).poll
    lucky = expect(LuckyOk, await here.do(LuckyOpen(ref=1, title="Cup", prizes=1))).lucky
    assert poll is not None
    assert lucky is not None
    await here.do(Vote(ref=1, poll=poll.poll, option=0), ANN)
    await here.do(LuckyEnter(ref=1, lucky=lucky.lucky), ANN)
    assert await mine(here, "ann") == {"vote": 0, "lucky": True}
    assert await mine(here, "bob") == {}

    await here.script("polls.close", poll=poll.poll)
    await here.script("luckies.draw", lucky=lucky.lucky)
    await here.do(PollOpen(ref=1, question="And now?", options=options))
    await here.do(LuckyOpen(ref=1, title="Pot", prizes=1))
    assert await mine(here, "ann") == {}


async def test_a_reservation_is_told(here: Rig) -> None:
    await here.directory.create(HOST, RoomCreate(room="r2", title="Tea tonight"))
    await here.do(Reserve(ref=1), ANN, "r2")
    assert await mine(here, "ann", "r2") == {"reserved": True}
    await here.do(Reserve(ref=1, on=False), ANN, "r2")
    assert await mine(here, "ann", "r2") == {}


async def test_many_who_join_together_are_read_in_one_go_and_not_mixed_up(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    users = [f"u{n}" for n in range(40)]
    await asyncio.gather(
        *(here.do(Follow(ref=1), Identity(user, user, Role.VIEWER)) for user in users[::2])
    )
    await here.join("first")
    asked: list[int] = []
    run = here.store.run_script

    async def count(name: str, room_id: str, args: dict[str, Any], decoder: Any) -> Any:
        if name == "mine_of":
            asked.append(len(args["users"]))
        return await run(name, room_id, args, decoder)

    monkeypatch.setattr(here.store, "run_script", count)
    guests = await asyncio.gather(*(here.join(user) for user in users))
    assert [guest.joined["mine"] for guest in guests] == [{"following": True}, {}] * 20
    assert sum(asked) == 40
    assert len(asked) <= 4


async def test_a_join_is_refused_while_the_store_can_not_say_who_follows(
    here: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    await here.join("first")

    class Away:
        def hmget(self, *_: Any) -> None: ...

        async def execute(self) -> None:
            raise OSError("away")

    monkeypatch.setattr(here.store.redis, "pipeline", lambda **_: Away())
    with pytest.raises(CommandError) as caught:
        await here.join("ann")
    assert caught.value.code == "unavailable"


GIVEN = Claim("c1", "k", "ann", 1)
USED = Claim("c1", "k", "ann", 1, "o1")
OTHER = Claim("c2", "k", "ann", 1)


@pytest.mark.parametrize(
    ("read", "held", "owed"),
    [
        ([], [GIVEN], [GIVEN]),
        ([GIVEN], [GIVEN], []),
        ([USED], [GIVEN, USED], []),
        ([GIVEN], [GIVEN, USED], [USED]),
        ([GIVEN], [USED, GIVEN], []),
        ([GIVEN], [GIVEN, USED, GIVEN], []),
        ([USED], [GIVEN, OTHER, USED, GIVEN], [OTHER, GIVEN]),
        ([OTHER], [GIVEN, OTHER, USED], [GIVEN, USED]),
    ],
)
def test_of_claims_told_meanwhile_only_what_is_newer_than_the_reply_follows_it(
    read: list[Claim], held: list[Claim], owed: list[Claim]
) -> None:
    arrival = Arrival(Guest("ann"), ANN, Join(ref=1), lambda _: None)
    arrival.own = OwnPart(HOUSE.shape.mine(claims=read), {"orders": []})
    arrival.held = [ClaimEvent(claim=claim) for claim in held]
    expected: list[Event] = [ClaimEvent(claim=claim) for claim in owed]
    assert arrival.owed() == expected
