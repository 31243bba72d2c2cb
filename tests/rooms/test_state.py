"""A worker's copy of a room equals a fresh load, whatever was done in it."""

import asyncio
from collections.abc import Callable
from typing import Any

import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from server.access.auth import Identity
from server.features.comments.messages import Comment, CommentOk, CommentRemove, Mute, Slow
from server.features.likes.messages import Like
from server.features.notices.messages import Notice
from server.features.orders.messages import Buy, Cancel, OrderOk, Orders
from server.features.payments.messages import Pay
from server.features.phases.messages import LiveEnd
from server.features.sales.messages import SaleClose, SaleOpen, SaleRestock
from server.features.shelf.messages import Pin, Product, ShelfPut, ShelfRemove, Unpin
from server.features.stock.messages import SaleOk
from server.protocol.codes import CommandError
from server.protocol.message import Command
from server.protocol.roles import Role
from server.rooms.state import RoomState
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.rooms.desk import HOST, ROOM, Desk, desk

VIEWERS = [Identity(name, name.title(), Role.VIEWER) for name in ("ann", "ben")]
small = st.integers(0, 3)
skus = st.sampled_from(["mug", "tea", "hat"])
doing = st.one_of(
    st.builds(lambda n, user: ("say", n, user), small, small),
    st.builds(lambda n, user: ("say", n, user), small, small),
    st.builds(lambda sku, price: ("put", sku, price), skus, st.integers(1, 3)),
    st.builds(lambda sku: ("take", sku, 0), skus),
    st.builds(lambda sku: ("pin", sku, 0), skus),
    st.builds(lambda sku, stock: ("open", sku, stock), skus, st.integers(1, 3)),
    st.builds(lambda n, sale: ("buy", n, sale), st.integers(1, 2), small),
    st.builds(lambda n, what: (what, n, 0), small, st.sampled_from(["pay", "cancel"])),
    st.builds(
        lambda what, n: (what, n, 0),
        st.sampled_from(["like", "unpin", "close", "restock", "remove", "mute", "slow", "notice"]),
        small,
    ),
)


def command(step: tuple[str, Any, Any], known: dict[str, list[str]]) -> Command:
    """The command of a step; about nothing that exists if there is none of the kind yet."""
    what, n, arg = step

    def one_of(kind: str, n: int) -> str:
        return known[kind][n % len(known[kind])] if known[kind] else "none"

    made: dict[str, Callable[[], Command]] = {
        "say": lambda: Comment(ref=1, text=f"hello {n}"),
        "put": lambda: ShelfPut(ref=1, product=Product(n, f"A {n}", arg, "CNY", points=["soft"])),
        "take": lambda: ShelfRemove(ref=1, sku=n),
        "pin": lambda: Pin(ref=1, sku=n),
        "unpin": lambda: Unpin(ref=1),
        "open": lambda: SaleOpen(ref=1, sku=n, price=5, stock=arg, per_user=2, hold_s=60),
        "close": lambda: SaleClose(ref=1, sale=one_of("sales", n)),
        "restock": lambda: SaleRestock(ref=1, sale=one_of("sales", n), add=n + 1),
        "buy": lambda: Buy(ref=1, key=f"k{len(known['orders'])}", sale=one_of("sales", arg), qty=n),
        "pay": lambda: Pay(ref=1, order=one_of("orders", n)),
        "cancel": lambda: Cancel(ref=1, order=one_of("orders", n)),
        "like": lambda: Like(ref=1, n=n + 1),
        "remove": lambda: CommentRemove(ref=1, id=one_of("comments", n)),
        "mute": lambda: Mute(ref=1, user=VIEWERS[n % 2].user, seconds=n),
        "slow": lambda: Slow(ref=1, seconds=n % 2),
        "notice": lambda: Notice(ref=1, text="hi" * n),
    }
    return made[what]()


def who_does(cmd: Command, n: int) -> Identity:
    viewers_do = (Comment, Like, Buy, Pay, Cancel, Orders)
    return VIEWERS[n % 2] if isinstance(cmd, viewers_do) else HOST


async def do(here: Desk, step: tuple[str, Any, Any], known: dict[str, list[str]]) -> None:
    cmd = command(step, known)
    try:
        done = await here.do(cmd, who_does(cmd, step[2] if step[0] == "say" else 0))
    except CommandError:
        return
    match done:
        case CommentOk(id=str(id_)):
            known["comments"].append(id_)
        case SaleOk(sale=sale) if sale.sale not in known["sales"]:
            known["sales"].append(sale.sale)
        case OrderOk(order=order) if order.order not in known["orders"]:
            known["orders"].append(order.order)


async def compare(room_settings: Settings, steps: list[tuple[str, Any, Any]], ends: bool) -> None:
    async with desk(room_settings, "w1") as here:
        await here.create()
        await here.join("watcher")
        start: RoomState = here.room.state
        known: dict[str, list[str]] = {"comments": [], "sales": [], "orders": []}
        for step in steps:
            await do(here, step, known)
        if ends:
            await here.do(LiveEnd(ref=1))
        await here.heard_all()

        assert here.room.state is start
        assert start.view() == await here.directory.read(ROOM)


def test_the_copy_equals_a_fresh_load(make_settings: MakeSettings) -> None:
    run = 0

    @settings(max_examples=40)
    @given(st.lists(doing, min_size=5, max_size=25), st.booleans())
    def check(steps: list[tuple[str, Any, Any]], ends: bool) -> None:
        nonlocal run
        run += 1
        made = make_settings()
        room_settings = make_settings(
            redis={"key_prefix": f"{made.redis.key_prefix}-{run}"},
            bus={"publish_interval_ms": 1},
            hub={"tick_ms_min": 1, "tick_ms_max": 1},
            rooms={"recent_comments_max": 3, "comments_burst": 1000},
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(compare(room_settings, steps, ends))

    check()
