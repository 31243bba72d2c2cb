"""Every ledger line reaches the other system at least once, or lies among the dead letters."""

import asyncio
import json
from typing import Any

import pytest

from server.access.signing import HEADER, verify
from server.features.outbox.outbox import Outbox, dead_letters, replay
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.orders.shop import Shop

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
    boxes = [Outbox(shop.scripts, settings, name, other) for name in ("w1", "w2")]
    await asyncio.gather(*(box.deliver(shop.id) for box in boxes))
    await boxes[0].deliver(shop.id)
    assert [line["n"] for line in sorted(other.lines, key=lambda line: line["n"])] == [1, 2, 3, 4]
    for body, headers in other.posts:
        at = float(headers[HEADER].split(",")[0][2:])
        verify(SECRET, headers[HEADER], body, at, 1)


@pytest.mark.parametrize("status", [0, 500])
async def test_what_fails_is_tried_again_by_any_worker(
    shop: Shop, settings: Settings, other: Other, status: int
) -> None:
    await shop.open()
    other.status = status
    await deliver(Outbox(shop.scripts, settings, "w1", other), shop.id)
    other.status = 200
    await deliver(Outbox(shop.scripts, settings, "w2", other), shop.id)
    assert [line["n"] for line in other.lines] == [1]
    assert await dead_letters(shop.scripts, shop.id) == []


async def test_what_keeps_failing_becomes_a_dead_letter_that_can_be_replayed(
    shop: Shop, settings: Settings, other: Other
) -> None:
    await shop.open()
    box = Outbox(shop.scripts, settings, "w1", other)
    other.status = 500
    await deliver(box, shop.id, times=5)
    (letter,) = await dead_letters(shop.scripts, shop.id)
    assert (letter.place, letter.why) == ("1-0", "answered 500")
    assert len(other.posts) == 3

    other.status = 200
    assert await replay(shop.scripts, shop.id) == 1
    await deliver(box, shop.id, times=2)
    assert [line["n"] for line in other.lines] == [1]
    assert await dead_letters(shop.scripts, shop.id) == []


async def test_it_runs_by_itself_and_stops_when_it_is_left(
    shop: Shop, settings: Settings, other: Other
) -> None:
    await shop.open()
    async with Outbox(shop.scripts, settings, "w1", other), asyncio.timeout(60):
        while not other.lines:
            await asyncio.sleep(0.01)
