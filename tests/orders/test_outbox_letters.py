"""What the outbox gives up on, how that is told again, and what its figures show meanwhile."""

from typing import Any

import pytest

from server.features.outbox.letters import AllRooms, dead_letters, replay, skip, stuck_at
from server.features.outbox.outbox import Outbox
from server.protocol.codes import CommandError
from server.settings import Settings
from tests.orders.outbox_office import Office, office, receiver, refuse, shops, state
from tests.orders.receiver import Receiver, ok
from tests.orders.shop import Shop

__all__ = ["office", "receiver"]


DAY_MS = 86_400_000


async def fail_often(box: Outbox, shop: Shop, times: int) -> None:
    for _ in range(times):
        await shop.redis.hset(shop.key("outbox"), "again_at", 1)
        await box.deliver(shop.id)


async def test_an_entry_is_posted_for_24_hours_before_it_is_given_up(
    office: Office, receiver: Receiver, shop: Shop
) -> None:
    await shop.open()
    await shop.open(sku="cup")
    receiver.answer = refuse
    box = await office.outbox()
    await fail_often(box, shop, 60)
    assert await dead_letters(shop.store, shop.id) == []

    since = int((await state(shop))["since"])
    await shop.redis.hset(shop.key("outbox"), "since", since - DAY_MS + 60_000)
    await fail_often(box, shop, 1)
    assert await dead_letters(shop.store, shop.id) == []

    await shop.redis.hset(shop.key("outbox"), "since", since - DAY_MS)
    await fail_often(box, shop, 1)
    [letter] = await dead_letters(shop.store, shop.id)
    assert (letter.place, letter.why) == ("1-0", "answered 500")
    receiver.answer = ok
    await box.deliver(shop.id)
    assert receiver.numbers(shop.id) == [2]


async def test_a_line_that_breaks_a_post_is_found_and_can_be_skipped(
    office: Office, receiver: Receiver, shop: Shop
) -> None:
    for sku in ("tea", "cup", "wine"):
        await shop.open(sku=sku)

    async def refuse_second(body: dict[str, Any]) -> int:
        return 422 if any(line["n"] == 2 for line in body["lines"]) else 200

    receiver.answer = refuse_second
    box = await office.outbox()
    assert await stuck_at(shop.store, shop.id) == ""
    await fail_often(box, shop, 4)
    assert receiver.numbers(shop.id) == [1]

    assert await stuck_at(shop.store, shop.id) == "2-0"
    with pytest.raises(CommandError, match="stuck"):
        await skip(shop.store, shop.id, "3-0")
    await skip(shop.store, shop.id, "2-0")
    with pytest.raises(CommandError, match="no post of it failed"):
        await skip(shop.store, shop.id, "2-0")
    await box.deliver(shop.id)
    assert receiver.numbers(shop.id) == [1, 3]
    [letter] = await dead_letters(shop.store, shop.id)
    assert letter.why == "skipped by hand after: answered 422"


async def test_a_replayed_letter_that_fails_again_holds_up_nothing_new(
    office: Office, receiver: Receiver, shop: Shop
) -> None:
    await shop.open()
    receiver.answer = refuse
    box = await office.outbox(tries_max=1)
    await box.deliver(shop.id)
    assert await replay(shop.store, shop.id) == 1
    await box.deliver(shop.id)
    assert len(receiver.posts) == 2
    assert [each.place for each in await dead_letters(shop.store, shop.id)] == ["1-0"]

    receiver.answer = ok
    await shop.open(sku="cup")
    assert await replay(shop.store, shop.id) == 1
    assert await box.deliver_all() == 2
    assert sorted(receiver.numbers(shop.id)) == [1, 2]
    assert await dead_letters(shop.store, shop.id) == []


async def test_dead_letters_of_all_rooms_are_listed_and_told_again_but_for_a_damaged_room(
    office: Office, receiver: Receiver, settings: Settings
) -> None:
    rooms = await shops(office.store, settings, 4, 2)
    receiver.answer = refuse
    box = await office.outbox(tries_max=1)
    for shop in rooms:
        await fail_often(box, shop, 4)
    damaged, *well = rooms
    await damaged.redis.set(damaged.key("dead_letters"), "no hash")

    listing = AllRooms(office.store)
    letters = [(each.room, each.place) async for each in listing.dead_letters()]
    assert sorted(letters) == [(shop.id, place) for shop in well for place in ("1-0", "2-0")]
    assert listing.unread == [damaged.id]

    receiver.answer = ok
    assert await AllRooms(office.store).replay() == {shop.id: 2 for shop in well}
    await box.deliver_all()
    assert all(sorted(receiver.numbers(shop.id)) == [1, 2] for shop in well)


async def test_the_metrics_show_what_waits_for_how_long_and_what_is_given_up(
    office: Office, receiver: Receiver, settings: Settings
) -> None:
    waits, gives_up = await shops(office.store, settings, 2, 3)
    receiver.answer = refuse
    hasty, stubborn = await office.outbox(tries_max=1), await office.outbox(retry_s=3600)
    await fail_often(hasty, gives_up, 5)
    await fail_often(stubborn, waits, 1)
    written = (await waits.ledger())[0]["at"]
    await waits.redis.hset(waits.key("outbox"), "head_at", written - 7_200_000)
    await stubborn.deliver_all()

    assert office.metric("liveroom_outbox_lines_waiting") == 3
    assert office.metric("liveroom_outbox_lag_seconds") >= 7200
    assert office.metric("liveroom_outbox_rooms_failing") == 1
    assert office.metric("liveroom_outbox_dead_letters") == 3
    assert office.metric("liveroom_outbox_posts_total", outcome="refused") == 1

    receiver.answer = ok
    await waits.redis.hset(waits.key("outbox"), "again_at", 1)
    await replay(office.store, gives_up.id)
    await stubborn.deliver_all()
    await stubborn.deliver_all()
    for name in ("lines_waiting", "lag_seconds", "rooms_failing", "dead_letters"):
        assert office.metric(f"liveroom_outbox_{name}") == 0


async def test_the_age_of_what_waits_is_that_of_its_first_line(
    office: Office, receiver: Receiver, shop: Shop
) -> None:
    await shop.open()
    receiver.answer = refuse
    await (await office.outbox()).deliver(shop.id)
    assert int((await state(shop))["head_at"]) == (await shop.ledger())[0]["at"]
