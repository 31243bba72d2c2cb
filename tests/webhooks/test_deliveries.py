"""Endpoints are told each line of the ledgers, at least once and in the order of its room."""

import asyncio
from random import Random
from typing import Any

from sqlalchemy import select

from server.features.archive.folding import Folding
from server.features.archive.tables import ROOMS
from server.features.webhooks.projection import WebhookProjection, delete_room
from server.features.webhooks.tables import PLACES
from server.records.projection import RoomHead
from tests.stored import entries
from tests.webhooks.conftest import Office
from tests.webhooks.receiver import Receiver, receiving
from tests.webhooks.trading import answering, ok, trade


async def test_each_line_is_told_once_in_the_order_of_its_room(
    office: Office, receiver: Receiver
) -> None:
    rooms = [await office.shop(f"r{n}") for n in range(3)]
    await trade(rooms[0], 3)
    await office.archive()
    await office.endpoint(receiver)
    for room in rooms:
        await trade(room, 30)
    worker = await office.tell()
    assert receiver.numbers("r0") == list(range(4, 34))  # told from when the endpoint was made
    assert receiver.numbers("r1") == receiver.numbers("r2") == list(range(1, 31))
    assert await office.behind() == (await office.behind("nobody"))
    log = await office.log()
    assert [each.state for each in log] == ["ok"] * 90
    assert {each.attempts for each in log} == {1}
    assert [each.n for each in log if each.room == "r2"] == list(range(1, 31))

    await worker.deliver_all()
    assert len(receiver.posts) == 90
    assert (
        office.metrics.registry.get_sample_value(
            "liveroom_webhook_posts_total", {"endpoint": "oms", "outcome": "ok"}
        )
        == 90
    )


async def test_an_endpoint_is_told_only_what_it_wants(office: Office, receiver: Receiver) -> None:
    shop = await office.shop()
    await office.endpoint(receiver, kinds=["order.paid", "sale"])
    sale = await shop.open()
    await shop.pay(await shop.buy("ann", sale))
    await shop.close(sale)
    await office.tell()
    assert [each["type"] for each in receiver.taken] == ["sale.opened", "order.paid", "sale.closed"]
    assert (await office.behind()).rooms == 0


async def test_one_bad_endpoint_stops_no_other(office: Office, receiver: Receiver) -> None:
    hangs = asyncio.Event()

    async def hang(_: dict[str, Any]) -> int:
        await hangs.wait()
        return 200

    async with receiving(Receiver(hang)) as bad:
        await office.endpoint(bad, "bad")
        await office.endpoint(receiver, "good")
        await trade(await office.shop(), 5)
        await office.archive()
        worker = await office.worker()
        telling = asyncio.ensure_future(worker.deliver_all())
        await receiver.until(lambda: receiver.numbers("r1") == [1, 2, 3, 4, 5])
        assert bad.taken == []
        hangs.set()
        await telling
        assert bad.numbers("r1") == [1, 2, 3, 4, 5]


async def test_whatever_fails_no_line_is_lost_and_none_overtakes(
    office: Office, receiver: Receiver
) -> None:
    chance = Random(11)

    async def sometimes(_: dict[str, Any]) -> int:
        return chance.choice([200, 500, 404, 503])

    receiver.answer = sometimes
    await office.endpoint(receiver)
    for n in range(3):
        await trade(await office.shop(f"r{n}"), 8)
    worker = await office.tell(retry_s=0.01, retry_max_s=0.01)
    while (await office.behind()).lines:
        await worker.deliver_all()
    for n in range(3):
        assert receiver.numbers(f"r{n}") == list(range(1, 9))
    assert max(each.attempts for each in await office.log()) > 1


async def test_rooms_that_are_told_at_once_do_not_wait_for_each_other(
    office: Office, receiver: Receiver
) -> None:
    """Each that is told wakes the others; PostgreSQL ends a transaction that waits in a circle."""
    down = False

    async def now_and_then(_: dict[str, Any]) -> int:
        await asyncio.sleep(0)
        return 503 if down else 200

    receiver.answer = now_and_then
    await office.endpoint(receiver)
    shops = [await office.shop(f"r{n}") for n in range(6)]
    worker = await office.worker(retry_s=0.01, retry_max_s=0.01)
    for _ in range(12):
        for shop in shops:
            await trade(shop, 1)
        await office.archive()
        down = True
        await worker.deliver_all()
        down = False
        while (await office.behind()).lines:
            await worker.deliver_all()
    for n in range(6):
        assert receiver.numbers(f"r{n}") == list(range(1, 13))


async def test_a_worker_that_dies_before_it_noted_has_told_twice_and_lost_nothing(
    office: Office, receiver: Receiver
) -> None:
    """The second worker goes on from what is stored; the first, thought dead, moves nothing."""
    await office.endpoint(receiver)
    shop = await office.shop()
    await trade(shop, 4)
    await office.archive()
    goes_on = asyncio.Event()

    async def freeze_at_the_third(event: dict[str, Any]) -> int:
        if event["data"]["n"] == 3 and not goes_on.is_set():
            await goes_on.wait()
        return 200

    receiver.answer = freeze_at_the_third
    frozen = await office.worker("w1")
    telling = asyncio.ensure_future(frozen.deliver_all())
    await receiver.until(lambda: len(receiver.posts) == 3)

    receiver.answer = ok
    second = await office.worker("w2")
    second._lease_until = float("inf")  # as after the end of the first one's lease
    await second.deliver_all()
    assert receiver.numbers("r1") == [1, 2, 1, 2, 3, 4]
    await shop.open(sku="cup")
    await office.archive()
    await second.deliver_all()
    goes_on.set()
    await telling
    assert receiver.numbers("r1").count(5) == 1
    assert (await office.behind()).lines == 0
    assert {each["id"] for each in receiver.posts} == {each.event for each in await office.log()}


async def test_only_the_worker_with_the_lease_tells(office: Office, receiver: Receiver) -> None:
    await office.endpoint(receiver)
    await trade(await office.shop(), 2)
    first = await office.tell()
    await trade(await office.shop("r2"), 2)
    await office.archive()
    second = await office.worker("w2")
    await second.deliver_all()
    assert receiver.numbers("r2") == []
    await first.__aexit__()
    await second.deliver_all()
    assert receiver.numbers("r2") == [1, 2]


async def test_a_replay_tells_what_happened_since_a_time_with_the_same_ids(
    office: Office, receiver: Receiver
) -> None:
    early, late = await office.shop("early"), await office.shop("late")
    await trade(early, 3)
    await office.archive()
    await office.endpoint(receiver)  # made after that, and told it all the same by a replay
    await trade(late, 3)
    worker = await office.tell()
    before = {each["id"] for each in receiver.taken}
    since = (await late.ledger())[1]["at"]
    assert await office.places.replay("oms", 0) == 2
    await worker.deliver_all()
    assert receiver.numbers("early") == [1, 2, 3]
    assert receiver.numbers("late") == [1, 2, 3, 1, 2, 3]
    assert before <= {each["id"] for each in receiver.taken}
    assert len({each["id"] for each in receiver.taken}) == 6

    receiver.taken.clear()
    await office.places.replay("oms", since)
    await worker.deliver_all()
    told = [line["at"] for line in await late.ledger() if line["at"] >= since]
    assert [each["data"]["at"] for each in receiver.taken if each["data"]["room"] == "late"] == told


async def test_a_replay_skips_nothing_that_was_never_told(
    office: Office, receiver: Receiver
) -> None:
    await office.endpoint(receiver, state="paused")
    await trade(await office.shop(), 3)
    await office.archive()
    await office.places.replay("oms", 10**14)
    await office.endpoints.resume("oms")
    await office.tell()
    assert receiver.numbers("r1") == [1, 2, 3]


async def test_lines_that_redis_lost_have_their_numbers_taken_by_others_with_other_ids(
    office: Office, receiver: Receiver
) -> None:
    shop = await office.shop()
    await office.endpoint(receiver)
    await trade(shop, 3)
    worker = await office.tell()
    *kept, _ = entries(await shop.redis.xrange(shop.key("ledger")))
    await shop.redis.delete(shop.key("ledger"))
    for place, fields in kept:
        await shop.redis.xadd(shop.key("ledger"), {"e": fields[b"e"]}, id=place)
    other = shop.packed({"k": "sale", "what": "closed", "sale": "s", "at": 1})
    await shop.redis.xadd(shop.key("ledger"), {"e": b"\x91" + other}, id="3-0")
    await shop.redis.hset(shop.key("stats"), "entries", 3)
    for _ in range(3):
        await office.archive()
    await worker.deliver_all()
    assert receiver.numbers("r1") == [1, 2, 3] * 2  # the archive has copied the room anew
    assert len({each["id"] for each in receiver.taken}) == 4
    assert receiver.taken[-1]["type"] == "sale.closed"


async def test_a_line_that_cannot_be_read_is_logged_and_holds_up_nothing(
    office: Office, receiver: Receiver
) -> None:
    shop = await office.shop()
    await office.endpoint(receiver)
    await trade(shop, 1)
    for n, damaged in ((2, b"\xc1"), (3, b"\x91" + shop.packed({"k": "order", "at": 1}))):
        await shop.redis.xadd(shop.key("ledger"), {"e": damaged}, id=f"{n}-0")
    await shop.redis.hset(shop.key("stats"), "entries", 3)
    await trade(shop, 2)
    await office.tell()
    assert receiver.numbers("r1") == [1, 4, 5]
    assert [each.n for each in await office.log() if each.state == "given_up"] == [2, 3]


async def test_another_url_is_tried_at_once_and_a_room_that_waits_keeps_its_count(
    office: Office, receiver: Receiver
) -> None:
    receiver.answer = answering(503)
    await office.endpoint(receiver)
    for room in ("r1", "r2"):
        await trade(await office.shop(room), 2)
    worker = await office.tell(posts_at_once=1, retry_s=60)
    await worker.deliver_all()
    assert len(receiver.posts) == 1
    assert (await office.behind()).failing == 1  # the pause of the endpoint took no count away
    receiver.answer = ok
    await office.endpoints.change("oms", url=receiver.url + "?new")
    await worker.deliver_all()
    assert receiver.numbers("r1") == receiver.numbers("r2") == [1, 2]


async def test_a_worker_that_stops_notes_what_was_taken(office: Office, receiver: Receiver) -> None:
    may_end = asyncio.Event()

    async def slow(_: dict[str, Any]) -> int:
        await may_end.wait()
        return 200

    receiver.answer = slow
    await office.endpoint(receiver)
    await trade(await office.shop(), 3)
    await office.archive()
    worker = await office.worker()
    telling = asyncio.ensure_future(worker.deliver_all())
    await receiver.until(lambda: len(receiver.posts) == 1)
    stopping = asyncio.ensure_future(worker.__aexit__())
    await asyncio.sleep(0)
    may_end.set()
    await stopping
    await telling
    await (await office.worker()).deliver_all()
    assert receiver.numbers("r1") == [1, 2, 3]
    assert len(receiver.posts) == 3


async def test_a_room_that_is_folded_again_tells_nothing_again(
    office: Office, receiver: Receiver
) -> None:
    """As after a person was forgotten; also at an endpoint that came after the room."""
    await office.endpoint(receiver)
    await trade(await office.shop(), 3)
    worker = await office.tell()
    await office.endpoint(receiver, "late")
    projection = WebhookProjection()
    async with office.records.writing() as connection:
        [head] = [RoomHead(*row) for row in await connection.execute(select(ROOMS))]
        await projection.clear(connection, head.life)
        await Folding().again(connection, projection, head)
    assert await office.places.behind() == {}
    await worker.deliver_all()
    assert len(receiver.posts) == 3


async def test_a_room_that_is_deleted_leaves_nothing(office: Office, receiver: Receiver) -> None:
    await office.endpoint(receiver)
    await trade(await office.shop(), 2)
    await trade(await office.shop("r2"), 2)
    await office.tell()
    async with office.records.writing() as connection:
        await delete_room(connection, "r1")
        left = set((await connection.scalars(select(PLACES.c.room))).all())
    assert left == {"r2"}
    assert {each.room for each in await office.log()} == {"r2"}


async def test_how_far_an_endpoint_is_behind_is_told_by_what_waits(
    office: Office, receiver: Receiver
) -> None:
    async def not_the_third(event: dict[str, Any]) -> int:
        return 500 if event["data"]["n"] == 3 else 200

    receiver.answer = not_the_third
    await office.endpoint(receiver)
    shop = await office.shop()
    await trade(shop, 4)
    await office.tell()
    behind = await office.behind()
    assert (behind.rooms, behind.lines, behind.failing) == (1, 2, 1)
    assert behind.since == (await shop.ledger())[1]["at"]  # of the last that was taken


async def test_nothing_of_a_practice_is_told(office: Office, receiver: Receiver) -> None:
    await office.endpoint(receiver)
    shop = await office.shop()
    await shop.redis.hset(shop.key("room"), "practice", 1)
    await trade(shop, 2)
    await office.tell()
    await office.places.replay("oms", 0)
    await office.tell()
    assert receiver.posts == []
