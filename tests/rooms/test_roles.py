"""Who may do what in a room, every command by every role."""

from typing import Any

import pytest

from server.access.auth import Identity
from server.features.asks.messages import Ask, QuestionAnswer, QuestionDrop, QuestionTake
from server.features.comments.messages import (
    Comment,
    CommentKeep,
    CommentRemove,
    Mute,
    ReviewDrop,
    ReviewPass,
    Slow,
)
from server.features.comments.settings import CommentSettings
from server.features.coupons.messages import CouponClaim, CouponClose, CouponOpen
from server.features.desk.messages import DeskOpen
from server.features.follows.messages import Follow, Reserve
from server.features.groups.messages import GroupJoin, GroupLeave
from server.features.likes.messages import Like
from server.features.luckies.messages import LuckyDraw, LuckyEnter, LuckyOpen
from server.features.moderators.messages import ModeratorAdd, ModeratorRemove
from server.features.notices.messages import Notice
from server.features.orders.messages import Buy, Cancel, Orders, Waitlist
from server.features.payments.messages import OrderReturn, Pay
from server.features.phases.messages import LiveEnd, LiveStart, Selling
from server.features.polls.messages import PollClose, PollOpen, Vote
from server.features.rules.messages import Rules, WordsPut, WordsRemove
from server.features.sales.messages import SaleClose, SaleOpen, SaleRestock
from server.features.shelf.messages import Pin, Product, ShelfPut, ShelfRemove, Unpin
from server.house import HOUSE
from server.protocol.codes import CommandError
from server.protocol.message import Command
from server.protocol.roles import Role
from server.rooms.directory import HOST_REMEMBERED_S, Directory
from server.rooms.dispatch import op_of
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.rooms.desk import HOST, ROOM, Desk, desk

ROLES = {
    "guest": Identity("guest-1", "Guest", Role.GUEST),
    "viewer": Identity("ann", "Ann", Role.VIEWER),
    "moderator": Identity("mo", "Mo", Role.MODERATOR),
    "moderator elsewhere": Identity("mo", "Mo", Role.MODERATOR, frozenset({"another"})),
    "other host": Identity("h2", "Ho", Role.HOST),
    "host": HOST,
    "host of another token": Identity(HOST.user, "Mei", Role.HOST, frozenset({"another"})),
    "admin": Identity("root", "Root", Role.ADMIN),
}
VIEW = frozenset(ROLES) - {"guest"}
MODERATE = frozenset({"moderator", "host", "admin"})
RUN = frozenset({"host", "admin"})
MUG = Product(sku="mug", title="Mug", price=100, currency="CNY")

ALLOWED: list[tuple[Command, frozenset[str]]] = [
    (Comment(ref=1, text="hi"), VIEW),
    (Like(ref=1), VIEW),
    (Buy(ref=1, key="k", sale="s"), VIEW),
    (Pay(ref=1, order="o"), VIEW),
    (Cancel(ref=1, order="o"), VIEW),
    (Orders(ref=1), VIEW),
    (Waitlist(ref=1, sale="s"), VIEW),
    (OrderReturn(ref=1, order="o"), RUN),
    (CommentRemove(ref=1, id="c"), MODERATE),
    (Mute(ref=1, user="someone", seconds=1), MODERATE),
    (Slow(ref=1, seconds=0), MODERATE),
    (Notice(ref=1, text="hi"), MODERATE),
    (CommentKeep(ref=1, id="c"), MODERATE),
    (WordsPut(ref=1, words=["rude"], action="hold"), MODERATE),
    (WordsRemove(ref=1, words=["rude"]), MODERATE),
    (Rules(ref=1, review="off"), MODERATE),
    (ReviewPass(ref=1, id="c"), MODERATE),
    (ReviewDrop(ref=1, id="c"), MODERATE),
    (ModeratorAdd(ref=1, user="someone"), RUN),
    (ModeratorRemove(ref=1, user="someone"), RUN),
    (ShelfPut(ref=1, product=MUG), RUN),
    (Ask(ref=1, sku="mug"), VIEW),
    (QuestionTake(ref=1, question="q"), MODERATE),
    (QuestionAnswer(ref=1, question="q", text="yes"), MODERATE),
    (QuestionDrop(ref=1, question="q"), MODERATE),
    (DeskOpen(ref=1), MODERATE),
    (Pin(ref=1, sku="mug"), RUN),
    (Unpin(ref=1), RUN),
    (SaleOpen(ref=1, sku="mug", price=1, stock=1, per_user=1, hold_s=60), RUN),
    (SaleClose(ref=1, sale="s"), RUN),
    (SaleRestock(ref=1, sale="s", add=1), RUN),
    (ShelfRemove(ref=1, sku="mug"), RUN),
    (CouponOpen(ref=1, title="C", quota=1, currency="CNY", percent=5), RUN),
    (CouponClaim(ref=1, coupon="c", key="k"), VIEW),
    (CouponClose(ref=1, coupon="c"), RUN),
    (Follow(ref=1), VIEW),
    (Reserve(ref=1), VIEW),
    (GroupJoin(ref=1), VIEW),
    (GroupLeave(ref=1), VIEW),
    (LiveStart(ref=1), RUN),
    (PollOpen(ref=1, question="Which?", options=["red", "blue"]), RUN),
    (PollClose(ref=1, poll="p"), RUN),
    (Vote(ref=1, poll="p", option=0), VIEW),
    (LuckyOpen(ref=1, title="A mug", prizes=1), RUN),
    (LuckyEnter(ref=1, lucky="l"), VIEW),
    (LuckyDraw(ref=1, lucky="l"), RUN),
    (Selling(ref=1, on=True), RUN),
    (LiveEnd(ref=1), RUN),
]


@pytest.mark.parametrize(("cmd", "allowed"), ALLOWED, ids=[op_of(cmd) for cmd, _ in ALLOWED])
async def test_a_command_is_for_exactly_these_roles(
    here: Desk, cmd: Any, allowed: frozenset[str]
) -> None:
    may = set()
    for name, who in ROLES.items():
        try:
            await here.do(cmd, who)
        except CommandError as refused:
            if refused.code == "forbidden":
                continue
        may.add(name)

    assert may == allowed


async def test_the_table_has_every_command(here: Desk) -> None:
    """But for `join` and `ping`, which the connection answers itself."""
    assert {type(cmd) for cmd, _ in ALLOWED} == set(here.dispatch.handlers)


async def test_the_host_of_another_room_is_a_viewer_here(here: Desk) -> None:
    ann = await here.join("ann")

    await here.do(Comment(ref=1, text="I am no host here"), ROLES["other host"])
    await here.do(Comment(ref=1, text="I am"), HOST)
    heard = await ann.until(lambda m: m.get("text") == "I am")

    assert [m["role"] for m in heard] == ["viewer", "host"]


async def test_who_hosts_a_room_is_remembered_for_a_while_and_no_longer(here: Desk) -> None:
    now = 1000.0
    directory = Directory(HOUSE.reader(here.scripts, here.settings), here.settings, lambda: now)
    await directory.host_of(ROOM)
    await here.redis.hset(here.key("room"), "host", "h2")  # lost, and made anew by another

    assert await directory.host_of(ROOM) == HOST.user
    now += HOST_REMEMBERED_S
    assert await directory.host_of(ROOM) == "h2"


async def test_a_viewer_is_held_to_a_rate_and_the_host_is_not(make_settings: MakeSettings) -> None:
    limits = {"comments_burst": 2, "comments_per_user_per_s": 0.01}
    async with desk(make_settings(rooms=limits, bus={"publish_interval_ms": 1}), "w1") as here:
        await here.create()
        for who in (ROLES["viewer"], ROLES["other host"], ROLES["host"], ROLES["viewer"]):
            await here.do(Comment(ref=1, text="hi"), who)
        await here.do(Comment(ref=1, text="hi"), ROLES["other host"])
        await here.do(Comment(ref=1, text="hi"), HOST)
        await here.do(Comment(ref=1, text="hi"), HOST)

        for who in (ROLES["viewer"], ROLES["other host"]):
            with pytest.raises(CommandError) as refused:
                await here.do(Comment(ref=1, text="hi"), who)
            assert refused.value.code == "rate_limited"
            assert 90_000 < (refused.value.retry_ms or 0) <= 100_001


@pytest.mark.parametrize("text", ["", "  \n\t ", "\x00\x07"])
async def test_a_comment_without_text_is_refused(here: Desk, text: str) -> None:
    with pytest.raises(CommandError) as refused:
        await here.do(Comment(ref=1, text=text), ROLES["viewer"])

    assert refused.value.code == "bad_message"


async def test_a_comment_is_put_on_one_line_and_may_not_be_too_long(
    here: Desk, room_settings: Settings
) -> None:
    ann = await here.join("ann")
    longest = "字" * room_settings.of(CommentSettings).comment_chars_max

    await here.do(Comment(ref=1, text=" two\r\n lines\x07 "), ROLES["viewer"])
    await here.do(Comment(ref=1, text=longest), ROLES["viewer"])
    with pytest.raises(CommandError) as refused:
        await here.do(Comment(ref=1, text=longest + "字"), ROLES["viewer"])

    heard = await ann.until(lambda m: m.get("text") == longest)
    assert heard[0]["text"] == "two lines"
    assert refused.value.code == "too_long"
    assert here.room.room_id == ROOM


async def test_the_host_is_not_muted_in_their_own_room(here: Desk) -> None:
    with pytest.raises(CommandError, match="host can't be muted"):
        await here.do(Mute(ref=1, user=HOST.user, seconds=60), ROLES["moderator"])
