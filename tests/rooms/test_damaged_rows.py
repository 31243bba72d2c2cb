"""One stored row that can't be read stops no other: each kind of due work goes on around it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from server.access.auth import Identity
from server.background.troubles import FAILURES
from server.features.luckies.messages import LuckyOpen
from server.features.orders.messages import Buy
from server.features.payments.messages import Pay
from server.features.polls.messages import PollOpen
from server.features.returns.messages import OrderReturn, ReturnAsk
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import ProductInput, ShelfPut
from server.protocol.roles import Role
from server.store.room_store import DAMAGED_ROWS
from tests.rooms.rig import ROOM, Rig
from tests.stored import stored

BAD = {
    "garbage": b"\xc1 garbage",
    "no map": msgspec.msgpack.encode(7),
    "an empty map": msgspec.msgpack.encode({}),
    "text that is no UTF-8": b"\x81\xa4user\xa1\xff",
}


class Work(NamedTuple):
    """Two rows of a hash that are due, and whether the work of the good one was done."""

    key: str
    bad: str
    good: str
    done: Callable[[], Awaitable[bool]]


def viewer(user: str) -> Identity:
    return Identity(user, user, Role.VIEWER)


async def row(here: Rig, key: str, field: str) -> Any:
    return msgspec.msgpack.decode(stored(await here.redis.hget(here.key(key), field)))


async def a_sale(here: Rig, **more: Any) -> str:
    await here.do(ShelfPut(ref=1, product=ProductInput("mug", "Mug", 100, "CNY")))
    cmd = SaleOpen(ref=1, sku="mug", price=100, stock=9, per_user=9, hold_s=60, **more)
    sale: str = (await here.do(cmd)).sale.sale  # type: ignore[attr-defined]
    return sale


async def an_order(here: Rig, sale: str, user: str) -> str:
    ok: Any = await here.do(Buy(ref=1, key=f"{user} buys", sale=sale), viewer(user))
    return str(ok.order.order)


async def holds(here: Rig) -> Work:
    sale = await a_sale(here)
    bad, good = [await an_order(here, sale, user) for user in ("ann", "ben")]
    await here.redis.zadd(here.key("holds"), {bad: 1, good: 2})

    async def done() -> bool:
        return bool((await row(here, "orders", good))["status"] == "expired")

    return Work("orders", bad, good, done)


async def due(here: Rig) -> Work:
    bad, good = [await a_sale(here, starts_in_s=1000) for _ in "ab"]
    await here.redis.zadd(here.key("due"), {f"{bad}:start": 1, f"{good}:start": 2})

    async def done() -> bool:
        return await here.redis.hget(here.key("stock"), f"{good}:status") == b"open"

    return Work("sales", bad, good, done)


async def ends(here: Rig) -> Work:
    poll: Any = await here.do(PollOpen(ref=1, question="?", options=["a", "b"], lasts_s=60))
    lucky: Any = await here.do(LuckyOpen(ref=1, title="A mug", prizes=1, lasts_s=60))
    bad, good = poll.poll.poll, lucky.lucky.lucky
    await here.redis.zadd(here.key("ends"), {bad: 1, good: 2})

    async def done() -> bool:
        return bool((await row(here, "luckies", good))["status"] == "drawn")

    return Work("polls", bad, good, done)


async def ends_with_a_bad_draw(here: Rig) -> Work:
    work = await ends(here)

    async def done() -> bool:
        return await here.redis.hget(here.key("votes"), f"{work.bad}:status") == b"closed"

    await here.redis.zadd(here.key("ends"), {work.good: 1, work.bad: 2})
    return Work("luckies", work.good, work.bad, done)


async def refunds(here: Rig) -> Work:
    sale = await a_sale(here)
    for user in ("ann", "ben"):
        order = await an_order(here, sale, user)
        await here.do(Pay(ref=1, order=order), viewer(user))
        await here.do(OrderReturn(ref=1, order=order))
    bad, good = [name.decode() for name, _ in await due_rows(here, "refunds")]
    await here.redis.zadd(here.key("refunds"), {bad: 1, good: 2})

    async def done() -> bool:
        return bool((await row(here, "payments", good))["status"] == "refunded")

    return Work("payments", bad, good, done)


async def returning(here: Rig) -> Work:
    sale = await a_sale(here)
    bad, good = [await an_order(here, sale, user) for user in ("ann", "ben")]
    for order, user in ((bad, "ann"), (good, "ben")):
        await here.do(Pay(ref=1, order=order), viewer(user))
        await here.do(ReturnAsk(ref=1, order=order, reason="size"), viewer(user))
    await here.redis.zadd(here.key("returning"), {bad: 1, good: 2})

    async def done() -> bool:
        return bool((await row(here, "orders", good))["status"] == "returned")

    return Work("orders", bad, good, done)


DUES: dict[str, list[Callable[[Rig], Awaitable[Work]]]] = {
    "holds": [holds],
    "due": [due],
    "ends": [ends, ends_with_a_bad_draw],
    "refunds": [refunds],
    "returning": [returning],
    "auction_ends": [],  # its row is the auction
    "leaving": [],  # its row is the room itself: tests/rooms/test_left_questions.py
    "announcing": [],  # its rows are names of steps: see the test below
}
"""Zset of each kind of due work -> how two rows of it become due."""
CASES = [
    pytest.param(key, prepare, value, id=f"{prepare.__name__}-{name}")
    for key, each in DUES.items()
    for prepare in each
    for name, value in BAD.items()
]


def test_every_kind_of_due_work_is_tried(here: Rig) -> None:
    assert {each.key for each in here.worker.dues} == set(DUES)


@pytest.mark.parametrize(("key", "prepare", "value"), CASES)
async def test_a_row_that_cannot_be_read_stops_no_other_and_heals(
    here: Rig,
    key: str,
    prepare: Callable[[Rig], Awaitable[Work]],
    value: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    work = await prepare(here)
    kept = stored(await here.redis.hget(here.key(work.key), work.bad))
    await here.redis.hset(here.key(work.key), work.bad, value)
    counted = FAILURES.labels(DAMAGED_ROWS)._value.get()

    for _ in range(3):
        await here.worker.sweeper.sweep([ROOM])

    assert await work.done()
    told = [r.getMessage() for r in caplog.records if DAMAGED_ROWS in r.getMessage()]
    assert len(told) == 1, told
    assert f"`{ROOM} " in told[0]
    assert work.bad in told[0]
    assert FAILURES.labels(DAMAGED_ROWS)._value.get() == counted + 1
    waiting = {name.decode().split(":")[0]: at for name, at in await due_rows(here, key)}
    assert waiting[work.bad] > (await here.redis.time())[0] * 1000

    await here.redis.hset(here.key(work.key), work.bad, kept)
    for name, _ in await due_rows(here, key):
        await here.redis.zadd(here.key(key), {name: 1})
    await here.worker.sweeper.sweep([ROOM])
    assert work.bad not in {name.decode().split(":")[0] for name, _ in await due_rows(here, key)}


async def due_rows(here: Rig, key: str) -> list[tuple[bytes, float]]:
    found: Any = await here.redis.zrange(here.key(key), 0, -1, withscores=True)
    return list(found)


async def test_a_step_of_an_announcement_that_is_none_stops_no_other(here: Rig) -> None:
    await here.redis.zadd(here.key("announcing"), {"signal:no number": 1, "reserved:0:": 2})

    with pytest.raises(ValueError, match="no number"):
        await here.announcer.announce(ROOM)

    now_ms = (await here.redis.time())[0] * 1000
    left = [name for name, at in await due_rows(here, "announcing") if at <= now_ms]
    assert left == [b"signal:no number"]


async def test_a_user_joins_beside_one_whose_rows_cannot_be_read(here: Rig) -> None:
    sale = await a_sale(here)
    bad, good = [await an_order(here, sale, user) for user in ("ann", "ben")]
    await here.redis.hset(here.key("orders"), bad, BAD["garbage"])
    await here.redis.hset(here.key("claims"), "c1", BAD["garbage"])
    await here.redis.hset(here.key("claims_of"), "ann", " x/c1 x/c2")

    ann, ben = await asyncio.gather(here.join("ann"), here.join("ben"))

    assert [order["order"] for order in ben.joined["orders"]] == [good]
    assert ann.joined["orders"] == []
    assert "claims" not in ann.joined.get("mine", {})
