"""Only rooms in which something can be due are visited; no other room costs a worker anything."""

import asyncio
import logging
from typing import Any

import msgspec
import pytest

from server.background.troubles import Troubles
from server.features.follows.announcing import Announcer
from server.features.outbox.letters import replay
from server.features.outbox.outbox import Outbox
from server.features.payments.providers import Payment
from server.house import HOUSE
from server.rooms.awake_rooms import AwakeRooms, Resting
from server.rooms.full_lap import FullLap
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.shop import PRICE, Shop, shop_on

ANY = msgspec.msgpack.Decoder(Any)
NOW = -60
"""A `still_s` by which a room that was woken just now has been awake for long."""


@pytest.fixture
async def over(store: RoomStore, settings: Settings) -> Shop:
    """A room whose stream is over and which sells on, with everything done, and asleep."""
    shop = shop_on(store, settings)
    await shop.build()
    await shop.run("phases.set", phase="ended", selling=True, user="h")
    await do_all(shop)
    await rest(shop.store)
    assert await visited(shop.store) == []
    return shop


async def do_all(shop: Shop) -> None:
    """Do what falls due at the start and the end of a stream."""
    await shop.sweeper.sweep([shop.id])
    limits = HOUSE.settings_model.model_validate({"community": {"announce_repeats": 1}})
    await Announcer(shop.store, limits, lambda _: asyncio.sleep(0)).announce(shop.id)


async def rest(store: RoomStore, *, tells: bool = False) -> int:
    """Put to sleep what can be; how many rooms that were."""
    return await Resting(store, {"tells": tells}, still_s=NOW).rest_all()


async def visited(store: RoomStore) -> list[str]:
    """The rooms that sweeper and outbox visit."""
    pages = AwakeRooms(store, Troubles("a test")).pages()
    return [room_id async for page in pages for room_id in page]


async def test_a_new_room_is_asleep(store: RoomStore, settings: Settings) -> None:
    shop = shop_on(store, settings)

    await shop.run("room_create", title="T", host="h", host_name="H", scheduled=0, epoch="e1")

    assert await visited(store) == []
    assert await shop.redis.get(shop.key("asleep")) == b"e1"


async def test_a_live_stream_stays_awake_though_nothing_is_pending(shop: Shop) -> None:
    await do_all(shop)

    assert await rest(shop.store) == 0
    assert await visited(shop.store) == [shop.id]


async def test_a_fan_group_which_is_live_for_ever_sleeps_while_nothing_is_pending(
    shop: Shop,
) -> None:
    await do_all(shop)
    await shop.redis.hset(shop.key("room"), "kind", "group")

    assert await rest(shop.store) == 1


async def test_a_room_that_was_woken_just_now_stays_awake_for_a_while(shop: Shop) -> None:
    await do_all(shop)
    await shop.run("phases.set", phase="ended", user="h")
    await do_all(shop)

    assert await Resting(shop.store, {}).rest_all() == 0
    assert await rest(shop.store) == 1


async def test_a_room_sleeps_when_its_last_hold_has_lapsed_and_not_before(over: Shop) -> None:
    order = await over.buy("ann", await over.open())
    assert await rest(over.store) == 0
    await over.lapse(order)
    assert await over.sweeper.sweep_all() == 1

    assert await rest(over.store) == 1
    assert await visited(over.store) == []


async def test_a_payment_that_comes_late_wakes_the_room_and_its_refund_is_tried(
    over: Shop,
) -> None:
    sale = await over.open(stock=1)
    order = await over.buy("ann", sale)
    await over.lapse(order)
    await over.sweeper.sweep_all()
    await over.pay(await over.buy("bob", sale))
    await over.close(sale)
    await rest(over.store)
    assert await visited(over.store) == []

    late = await over.payments.charged(over.id, order.order, Payment("sandbox-1", PRICE, "CNY"))

    assert late.status == "refund_due"
    assert await visited(over.store) == [over.id]
    assert await rest(over.store) == 0
    await over.redis.zadd(over.key("refunds"), {"sandbox-1": 1}, xx=True)
    await over.sweeper.sweep_all()
    assert (await over.own("ann"))[0].status == "refunded"
    assert await rest(over.store) == 1


async def test_what_is_refused_in_a_sleeping_room_changes_nothing_but_its_sleep(
    over: Shop,
) -> None:
    before = await over.dump()

    with pytest.raises(Exception, match="You have no such order"):
        await over.run("orders.cancel", user="ann", order="o1")

    after = await over.dump()
    assert {name for name in before if before[name] != after[name]} == {"asleep"}
    assert await rest(over.store) == 1


async def test_a_room_that_does_not_exist_is_not_woken(over: Shop) -> None:
    nowhere = shop_on(over.store, HOUSE.settings_model(), "nowhere")

    with pytest.raises(Exception, match="There is no room"):
        await nowhere.run("phases.set", phase="live", user="h")

    assert await visited(over.store) == []


# The outbox


class Other:
    """The other system."""

    def __init__(self) -> None:
        self.told = 0
        self.status = 200

    async def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        self.told += self.status == 200
        return self.status


async def test_lines_to_tell_keep_a_room_awake_until_they_are_told(
    over: Shop, make_settings: MakeSettings
) -> None:
    await over.give_out()
    other = Other()
    box = Outbox(over.store, make_settings(outbox={"url": "http://o"}), "w1", other)
    assert await rest(over.store, tells=True) == 0

    assert await box.deliver_all() == 1

    assert await rest(over.store, tells=True) == 1
    await over.give_out()
    assert await box.deliver_all() == 1


async def test_without_a_place_to_tell_them_to_they_do_not(over: Shop) -> None:
    await over.give_out()

    assert await rest(over.store) == 1


async def test_a_server_that_tells_nobody_leaves_awake_what_another_tells(
    over: Shop, make_settings: MakeSettings
) -> None:
    box = Outbox(over.store, make_settings(outbox={"url": "http://o"}), "w1", Other())
    await over.give_out()
    await box.deliver_all()
    assert await rest(over.store) == 1
    await over.give_out()

    assert await rest(over.store) == 0


async def test_a_place_to_tell_them_to_that_is_set_later_finds_them_all(
    over: Shop, make_settings: MakeSettings
) -> None:
    await over.give_out()
    await rest(over.store)
    settings = make_settings(outbox={"url": "http://o"})

    assert await FullLap(over.store, settings, HOUSE.pending_args(settings)).lap() == [over.id]

    assert await Outbox(over.store, settings, "w1", Other()).deliver_all() == 1


async def test_dead_letters_keep_a_room_awake_until_they_are_told(
    over: Shop, make_settings: MakeSettings
) -> None:
    settings = make_settings(outbox={"url": "http://o", "tries_max": 1, "retry_s": 0.01})
    await over.give_out()
    other = Other()
    other.status = 500
    box = Outbox(over.store, settings, "w1", other)
    await box.deliver_all()
    assert await rest(over.store, tells=True) == 0
    assert await rest(over.store) == 0  # they wait for the operator, wherever lines are told

    other.status = 200
    await replay(over.store, over.id)
    await box.deliver_all()
    assert await rest(over.store, tells=True) == 1


# What goes wrong


async def test_a_room_whose_pending_work_cannot_be_read_stays_awake_and_is_named(
    over: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await over.give_out()
    await over.redis.set(over.key("ledger"), "no stream")

    assert await rest(over.store, tells=True) == 0

    assert "The task `resting` for `r1` failed" in caplog.text
    assert await visited(over.store) == [over.id]


async def test_one_that_is_gone_leaves_the_index(over: Shop) -> None:
    await over.store.wake(["gone"])

    assert await rest(over.store) == 1
    assert await over.redis.keys(over.store.keys.room("gone", "room").rsplit(":", 1)[0] + "*") == []


async def test_a_full_lap_finds_a_room_that_the_index_lacks(over: Shop) -> None:
    await over.give_out()
    await over.redis.delete(over.store.keys.awake)
    lap = FullLap(over.store, HOUSE.settings_model(), {})

    assert await lap.lap() == [over.id]
    assert await visited(over.store) == [over.id]
    assert await lap.lap() == []


async def test_a_full_lap_wakes_a_room_that_sleeps_over_work(over: Shop) -> None:
    """As a server of an older version leaves it, which knows no sleep."""
    await over.redis.zadd(over.key("holds"), {"o1": 1})
    await over.redis.zadd(over.store.keys.rooms, {"not there": 1})
    lap = FullLap(over.store, HOUSE.settings_model(), {})

    assert await lap.lap() == [over.id]
    assert await visited(over.store) == [over.id]
    assert await over.redis.exists(over.key("asleep")) == 0


async def test_one_worker_of_all_does_a_full_lap_and_tells_what_it_found(
    over: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    await over.redis.zadd(over.key("holds"), {"o1": 1})
    laps = [FullLap(over.store, HOUSE.settings_model(), {}) for _ in range(4)]

    with caplog.at_level(logging.WARNING, "server"):
        await asyncio.gather(*(lap._lap_if_needed() for lap in laps))

    [said] = caplog.messages
    assert said.startswith("Found 1 rooms, such as `r1`, that the index of awake rooms lacked")
    assert await over.redis.get(over.store.keys.full_lap) == b"done"
