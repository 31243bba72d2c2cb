"""What another system sees of the outbox, by real HTTP: parallel rooms, order within a room."""

import asyncio
from pathlib import Path
from random import Random
from typing import Any

import pytest

from server.background.repeating import Errands
from server.features.outbox.outbox import Outbox
from server.features.outbox.post import HttpPost
from server.features.outbox.turns import Turns
from server.house import keys_under, store_on
from server.settings import Settings
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from tests.conftest import MakeSettings
from tests.orders.outbox_office import Office, office, receiver, refuse, shops, state
from tests.orders.receiver import Receiver, ok
from tests.orders.shop import Shop, shop_on

__all__ = ["office", "receiver"]


async def test_rooms_are_told_at_the_same_time_and_entries_go_together(
    office: Office, receiver: Receiver, settings: Settings
) -> None:
    rooms = await shops(office.store, settings, 7, 28)
    all_are_here = asyncio.Event()

    async def wait_for_all(_: dict[str, Any]) -> int:
        if len({post["room"] for post in receiver.posts}) == len(rooms):
            all_are_here.set()
        await all_are_here.wait()  # one after the other would wait for ever
        return 200

    receiver.answer = wait_for_all
    await office.running()
    await receiver.until(lambda: len(receiver.taken) == 196)

    assert all(receiver.numbers(shop.id) == list(range(1, 29)) for shop in rooms)
    assert len(receiver.posts) == len(rooms)


async def test_a_post_is_bounded_in_entries_and_in_bytes(
    office: Office, receiver: Receiver, settings: Settings
) -> None:
    [shop] = await shops(office.store, settings, 1, 20)
    by_number = await office.outbox(batch_max=6)
    assert await by_number.deliver(shop.id) == 6
    by_size = await office.outbox(post_bytes_max=1024)
    assert 1 <= await by_size.deliver(shop.id) < 6


async def test_a_room_whose_posts_hang_delays_no_other(
    office: Office, receiver: Receiver, settings: Settings
) -> None:
    stuck, well = await shops(office.store, settings, 2, 3)
    hangs = asyncio.Event()

    async def hang(body: dict[str, Any]) -> int:
        if body["room"] == stuck.id:
            await hangs.wait()
        return 200

    receiver.answer = hang
    await office.running(timeout_s=300)
    await receiver.until(lambda: len(receiver.numbers(well.id)) == 3)
    await well.open(sku="cup")
    await receiver.until(lambda: len(receiver.numbers(well.id)) == 4)

    assert receiver.numbers(stuck.id) == []
    hangs.set()
    await receiver.until(lambda: receiver.numbers(stuck.id) == [1, 2, 3])


async def test_a_receiver_that_fails_half_the_time_sees_no_order_go_backwards(
    office: Office, receiver: Receiver, shop: Shop
) -> None:
    sale, chance = await shop.open(stock=1000), Random(7)
    for n in range(12):
        order = await shop.buy(f"u{n}", sale)
        await (shop.pay(order) if n % 2 else shop.cancel(order))

    async def half(_: dict[str, Any]) -> int:
        return chance.choice([200, 500])

    receiver.answer = half
    for worker in ("w1", "w2", "w3"):
        await office.running(worker, batch_max=2)
    lines = len(await shop.ledger())
    await receiver.until(lambda: len(set(receiver.numbers(shop.id))) == lines)

    assert receiver.numbers(shop.id) == list(range(1, lines + 1))
    told: dict[str, list[str]] = {}
    for line in receiver.taken:
        if line["k"] == "order":
            told.setdefault(line["order"]["order"], []).append(line["order"]["status"])
    assert set(map(tuple, told.values())) == {("held", "paid"), ("held", "cancelled")}
    assert sum(len(post["lines"]) for post in receiver.posts) > lines  # some did fail


async def test_a_room_pauses_longer_after_each_failure_up_to_five_minutes(
    office: Office, receiver: Receiver, shop: Shop
) -> None:
    await shop.open()
    receiver.answer = refuse
    box = await office.outbox(retry_s=40)
    pauses = []
    for _ in range(5):
        before = await now_ms(shop)
        await box.deliver(shop.id)
        after, again_at = await now_ms(shop), int((await state(shop))["again_at"])
        pauses.append((again_at - after, again_at - before))
        assert await box.deliver(shop.id) == 0  # it pauses
        await shop.redis.hset(shop.key("outbox"), "again_at", 1)

    assert len(receiver.posts) == 5
    for expected_s, (at_most, at_least) in zip([40, 80, 160, 300, 300], pauses, strict=True):
        assert at_most <= expected_s * 1000 <= at_least


async def now_ms(shop: Shop) -> int:
    seconds, micros = await shop.redis.time()
    return int(seconds) * 1000 + int(micros) // 1000


async def test_a_ledger_is_told_on_from_where_an_older_version_was(
    office: Office, receiver: Receiver, settings: Settings
) -> None:
    done, failing = await shops(office.store, settings, 2, 3)
    for shop in (done, failing):
        await shop.redis.xgroup_create(shop.key("ledger"), "outbox", id="0")
        await shop.redis.xreadgroup("outbox", "w9", {shop.key("ledger"): ">"}, count=3)
    await done.redis.xack(done.key("ledger"), "outbox", "1-0", "2-0", "3-0")
    await failing.redis.xack(failing.key("ledger"), "outbox", "1-0", "3-0")
    for shop in (done, failing):
        await shop.open(sku="cup")

    await (await office.outbox()).deliver_all()
    assert receiver.numbers(done.id) == [4]
    assert receiver.numbers(failing.id) == [2, 3, 4]  # the third twice: at least once


async def test_a_room_of_a_worker_that_died_goes_to_another_when_its_lease_is_over(
    office: Office, receiver: Receiver, shop: Shop
) -> None:
    await shop.open()
    box, key = await office.outbox(), shop.key("outbox")
    await shop.redis.hset(key, mapping={"owner": "w9", "until": await now_ms(shop) + 600_000})
    assert await box.deliver_all() == 0
    assert await box.deliver(shop.id) == 0
    await shop.redis.hset(key, "until", await now_ms(shop) - 1)
    assert await box.deliver_all() == 1


async def test_a_worker_that_stops_leaves_its_rooms_to_the_others(
    office: Office, receiver: Receiver, shop: Shop
) -> None:
    await shop.open()
    hangs = asyncio.Event()

    async def hang(_: dict[str, Any]) -> int:
        await hangs.wait()
        return 200

    receiver.answer = hang
    async with await office.outbox("w1"):
        await receiver.until(lambda: len(receiver.posts) == 1)
    receiver.answer = ok
    assert await (await office.outbox("w2")).deliver_all() == 1
    hangs.set()


async def test_a_worker_that_lost_its_lease_does_not_move_the_place(
    office: Office, receiver: Receiver, shop: Shop
) -> None:
    await shop.open()
    key = shop.key("outbox")

    async def late(_: dict[str, Any]) -> int:
        await shop.redis.hset(key, mapping={"owner": "w2", "until": await now_ms(shop) + 600_000})
        return 200

    receiver.answer = late
    assert await (await office.outbox("w1")).deliver(shop.id) == 0
    assert (await state(shop))["told"] == "0-0"
    receiver.answer = ok
    assert await (await office.outbox("w2")).deliver(shop.id) == 1


@pytest.mark.blocking_allowed
async def test_rooms_made_after_redis_came_back_empty_are_told(
    make_settings: MakeSettings, receiver: Receiver, tmp_path: Path
) -> None:
    async with EmbeddedRedis(tmp_path / "own") as embedded:
        settings = make_settings(
            redis={"url": embedded.url}, outbox={"url": receiver.url, "interval_s": 0.01}
        )
        redis = connect(embedded.url, settings.redis)
        store = store_on(redis, keys_under("lr"))
        async with HttpPost(60, 64) as post, Outbox(store, settings, "w1", post):
            for _ in range(2):
                for room in ("r1", "r2"):
                    shop = shop_on(store, settings, room)
                    await shop.build()
                    await shop.open()
                await receiver.until(lambda: len(receiver.taken) >= 2)
                assert {line["room"] for line in receiver.taken} == {"r1", "r2"}
                receiver.taken.clear()
                await redis.flushall()
        await redis.aclose()


async def test_a_room_with_much_to_tell_lets_others_have_their_turn() -> None:
    left, order = {"big": 5, "small": 1}, []

    async def turn(room: str) -> bool:
        while left[room]:
            left[room] -= 1
            order.append(room)
            await asyncio.sleep(0)
            if turns.are_awaited:
                return True
        return False

    turns = Turns(Errands("outbox room"), turn, at_once=1)
    for room in ("big", "small", "small"):
        turns.add(room)
    await turns.finish()
    assert order == ["big", "small", "big", "big", "big", "big"]
