"""Every ledger line reaches the other system at least once, or lies among the dead letters."""

import asyncio
import json
import logging
from typing import Any

import pytest

from server.access.signing import HEADER, verify
from server.background.troubles import FAILURES
from server.features.outbox.letters import dead_letters, replay
from server.features.outbox.outbox import Outbox
from server.house import HOUSE
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.orders.shop import Shop, shop_on

SECRET = b"a secret for the outbox"


class Other:
    """The other system: keeps what it was told, answers what it is told to."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self.posts: list[tuple[bytes, dict[str, str]]] = []
        self.status = 200

    async def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        self.posts.append((body, headers))
        if self.status == 0:
            raise OSError("connection refused")
        if self.status == 200:
            self.lines += json.loads(body)["lines"]
        return self.status


@pytest.fixture
def retry_s() -> float:
    """The pause before the first retry; tests parametrize it."""
    return 0.01


@pytest.fixture
def settings(make_settings: MakeSettings, retry_s: float) -> Settings:
    """An outbox that tries three times."""
    box = {"url": "http://other", "secret": SECRET.decode(), "retry_s": retry_s, "tries_max": 3}
    return make_settings(orders={"fair_window_ms": 0}, outbox=box)


@pytest.fixture
def other() -> Other:
    return Other()


async def deliver(box: Outbox, room_id: str, times: int = 1) -> None:
    for _ in range(times):
        await box.deliver(room_id)
        await asyncio.sleep(0.05)  # longer than the pauses between tries


@pytest.mark.parametrize("retry_s", [3600])  # one that is slow is not taken for one that failed
async def test_every_line_is_told_once_in_order_and_signed(
    shop: Shop, settings: Settings, other: Other
) -> None:
    await shop.pay(await shop.buy("ann", await shop.open()))
    boxes = [Outbox(shop.store, settings, name, other) for name in ("w1", "w2")]
    await asyncio.gather(*(box.deliver(shop.id) for box in boxes))
    await boxes[0].deliver(shop.id)
    assert [line["n"] for line in sorted(other.lines, key=lambda line: line["n"])] == [1, 2, 3, 4]
    for body, headers in other.posts:
        at = float(headers[HEADER].split(",")[0][2:])
        verify(SECRET, headers[HEADER], body, at, 1)


@pytest.mark.parametrize("status", [0, 500])
async def test_a_failed_entry_is_tried_again_by_any_worker(
    shop: Shop, settings: Settings, other: Other, status: int
) -> None:
    await shop.open()
    other.status = status
    await deliver(Outbox(shop.store, settings, "w1", other), shop.id)
    other.status = 200
    await deliver(Outbox(shop.store, settings, "w2", other), shop.id)
    assert [line["n"] for line in other.lines] == [1]
    assert await dead_letters(shop.store, shop.id) == []


async def test_an_entry_that_keeps_failing_becomes_a_dead_letter_that_can_be_replayed(
    shop: Shop, settings: Settings, other: Other
) -> None:
    await shop.open()
    box = Outbox(shop.store, settings, "w1", other)
    other.status = 500
    await deliver(box, shop.id, times=5)
    (letter,) = await dead_letters(shop.store, shop.id)
    assert (letter.place, letter.why) == ("1-0", "answered 500")
    assert len(other.posts) == 3

    other.status = 200
    assert await replay(shop.store, shop.id) == 1
    await deliver(box, shop.id, times=2)
    assert [line["n"] for line in other.lines] == [1]
    assert await dead_letters(shop.store, shop.id) == []


async def test_a_post_that_failed_is_taken_apart_once(
    shop: Shop, settings: Settings, other: Other
) -> None:
    sale = await shop.open(stock=20)
    for n in range(9):
        await shop.buy(f"u{n}", sale)
    bad, refused = 7, []

    async def answer(url: str, body: bytes, headers: dict[str, str]) -> int:
        told = [line["n"] for line in json.loads(body)["lines"]]
        if bad in told:
            refused.append(told)
            return 500
        return await other(url, body, headers)

    await deliver(Outbox(shop.store, settings, "w1", answer), shop.id, times=15)

    assert refused == [list(range(1, 11)), [bad], [bad], [bad]]
    assert [line["n"] for line in other.lines] == [n for n in range(1, 11) if n != bad]
    assert [letter.place for letter in await dead_letters(shop.store, shop.id)] == [f"{bad}-0"]


async def test_it_runs_by_itself_and_stops_when_it_is_left(
    shop: Shop, settings: Settings, other: Other
) -> None:
    await shop.open()
    async with Outbox(shop.store, settings, "w1", other), asyncio.timeout(60):
        while not other.lines:
            await asyncio.sleep(0.01)


async def second(shop: Shop, settings: Settings) -> Shop:
    """Another room beside it, with a sale to tell of."""
    made = shop_on(shop.store, settings, "r2")
    await made.build()
    await made.open()
    return made


async def test_a_room_that_cannot_be_read_stops_no_other_and_is_named_once(
    shop: Shop, settings: Settings, other: Other, caplog: pytest.LogCaptureFixture
) -> None:
    await second(shop, settings)
    await shop.redis.set(shop.key("ledger"), "no stream at all")
    box = Outbox(shop.store, settings, "w1", other)

    tried = FAILURES.labels("outbox")._value.get()
    with caplog.at_level(logging.INFO, "server"):
        delivered = [await box.deliver_all() for _ in range(5)]

    assert delivered == [1, 0, 0, 0, 0]
    assert FAILURES.labels("outbox")._value.get() == tried + 1  # it rests, and so is not asked
    (said,) = caplog.messages
    assert "The task `outbox` for `r1` failed" in said


async def test_a_room_that_failed_is_served_again_after_its_pause(
    shop: Shop, settings: Settings, other: Other
) -> None:
    await shop.open()
    ledger = await shop.redis.dump(shop.key("ledger"))
    assert ledger is not None
    await shop.redis.set(shop.key("ledger"), "no stream at all")
    async with Outbox(shop.store, settings, "w1", other) as box, asyncio.timeout(60):
        while box._troubles.may_try(shop.id):
            await asyncio.sleep(0.01)
        await shop.redis.restore(shop.key("ledger"), 0, ledger, replace=True)
        while not other.lines:
            await asyncio.sleep(0.01)


async def test_an_entry_that_cannot_be_read_holds_up_none_behind_it(
    shop: Shop, settings: Settings, other: Other
) -> None:
    await shop.redis.xadd(shop.key("ledger"), {"e": b"\xc1 no line"}, id="0-1")
    await shop.open()
    box = Outbox(shop.store, settings, "w1", other)
    await deliver(box, shop.id, times=5)
    assert [line["n"] for line in other.lines] == [1]
    (letter,) = await dead_letters(shop.store, shop.id)
    assert letter.place == "0-1"


@pytest.mark.parametrize("worker", ["w1", "w2"])
async def test_a_ledger_that_came_back_empty_is_delivered_from_its_start(
    shop: Shop, settings: Settings, other: Other, worker: str
) -> None:
    await shop.open()
    box = Outbox(shop.store, settings, "w1", other)
    await box.deliver(shop.id)
    await shop.redis.delete(*map(shop.key, HOUSE.room_keys))
    await shop.build()
    await shop.open()
    if worker == "w2":  # another worker has made the group first
        await Outbox(shop.store, settings, "w2", other).deliver(shop.id)
    await box.deliver(shop.id)
    assert [line["n"] for line in other.lines] == [1, 1]


async def test_an_id_in_the_list_that_is_no_text_stops_no_room(
    shop: Shop, settings: Settings, other: Other
) -> None:
    await shop.open()
    await shop.redis.zadd(shop.store.keys.rooms, {b"\xff\xfe": 1})
    assert await Outbox(shop.store, settings, "w1", other).deliver_all() == 1
