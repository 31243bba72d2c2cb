"""Buyers ask to give units back; the host answers, or time does."""

from typing import Any

import pytest

from server.features.orders.messages import Order
from server.rooms.timeline import read
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.shop import PRICE, Shop, shop_on


async def test_an_accepted_request_brings_its_units_and_their_money_back(shop: Shop) -> None:
    tea, cup = await shop.open(stock=3), await shop.open(stock=3, sku="cup", price=500)
    order = await shop.pay(await shop.buy_cart("ann", (tea, 2), (cup, 2)))
    asked = await shop.ask_return(order, units={tea.sale: 1, cup.sale: 2}, note=" a torn box ")
    assert asked.request is not None
    assert (asked.request.status, asked.request.note) == ("asked", "a torn box")
    assert (asked.back, asked.status) == (0, "paid")
    done = await shop.answer_return(asked, True, restock=True, answer="Sorry!")
    assert done.request is not None
    assert (done.request.status, done.request.answer) == ("accepted", "Sorry!")
    assert await shop.answer_return(asked, True, restock=True) == done
    assert (done.status, done.back) == ("paid", PRICE + 1000)
    assert (await shop.counters(tea), await shop.counters(cup)) == ((3, 2, 0, 1), (3, 3, 0, 0))
    facts = [fact async for chunk in read(shop.store, shop.id) for _, fact in chunk]
    assert [(fact["k"], fact.get("reason")) for fact in facts[-2:]] == [
        ("return_asked", "damaged"), ("return", "damaged"),
    ]  # fmt: skip
    assert await shop.audit() == []


async def test_a_declined_request_changes_nothing_and_can_be_made_again(shop: Shop) -> None:
    order = await shop.pay(await shop.buy("ann", await shop.open()))
    await shop.ask_return(order)
    declined = await shop.answer_return(order, False)
    assert declined.request is not None
    assert (declined.request.status, declined.request.answer) == ("declined", "It was worn.")
    await shop.refused(shop.answer_return(order, True), "conflict")
    await shop.ask_return(order)
    withdrawn = await shop.withdraw_return(order)
    assert await shop.withdraw_return(order) == withdrawn
    await shop.refused(shop.answer_return(order, True), "conflict")
    assert (withdrawn.status, withdrawn.back) == ("paid", 0)
    assert await shop.redis.zcard(shop.key("returning")) == 0
    assert await shop.audit() == []


async def test_a_copy_with_its_key_asks_and_answers_once_whatever_came_between(shop: Shop) -> None:
    sale = await shop.open()
    order = await shop.pay(await shop.buy("ann", sale, 3))
    one: dict[str, Any] = {"units": {sale.sale: 1}}
    await shop.ask_return(order, key="k", **one)
    await shop.answer_return(order, True, key="k")
    before = await shop.dump()
    copy = await shop.ask_return(order, key="k", **one)
    assert (copy.request and copy.request.status, await shop.dump()) == ("accepted", before)

    await shop.ask_return(order, key="k2", **one)  # another wish, said in the same words
    before = await shop.dump()
    copy = await shop.answer_return(order, True, key="k")
    assert (copy.request and copy.request.status, await shop.dump()) == ("asked", before)
    await shop.refused(shop.answer_return(order, False, key="k"), "key_reused")
    await shop.refused(shop.ask_return(order, key="k", note="torn", **one), "key_reused")
    bens = await shop.pay(await shop.buy("ben", sale))
    await shop.ask_return(bens, key="k")  # each has keys of their own
    assert await shop.audit() == []


async def test_asking_and_withdrawing_in_turn_fills_the_ledger_no_further(
    store: RoomStore, make_settings: MakeSettings
) -> None:
    few = {"asks_burst": 3, "asks_per_user_per_s": 0.001}
    shop = shop_on(store, make_settings(orders={"fair_window_ms": 0}, returns=few))
    await shop.build()
    sale = await shop.open()
    order = await shop.pay(await shop.buy("ann", sale))
    for _ in range(3):
        await shop.ask_return(order)
        await shop.withdraw_return(order)
    lines = await shop.redis.xlen(shop.key("ledger"))
    await shop.refused(shop.ask_return(order), "rate_limited")
    await shop.withdraw_return(order)
    assert await shop.redis.xlen(shop.key("ledger")) == lines
    await shop.ask_return(await shop.pay(await shop.buy("bob", sale)))


async def test_a_request_that_nobody_answers_is_accepted_once(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    order = await shop.pay(await shop.buy("ann", sale))
    await shop.ask_return(order)
    await shop.sweeper.sweep([shop.id])
    assert (await shop.own("ann"))[0].status == "paid"
    await shop.nobody_answers(order)
    for _ in range(2):
        await shop.sweeper.sweep([shop.id])
    assert (await shop.own("ann"))[0].status == "returned"
    assert await shop.counters(sale) == (
        0,
        0,
        0,
        0,
    )  # nobody has seen them: they are not sold again
    assert (await shop.book.stats(shop.id)).money["CNY"].net == 0
    assert await shop.audit() == []


async def test_a_request_that_cannot_be_read_stops_no_other(shop: Shop) -> None:
    sale = await shop.open(stock=2)
    good, bad = [await shop.pay(await shop.buy(user, sale)) for user in ("ann", "bob")]
    for order in (good, bad):
        await shop.ask_return(order)
        await shop.nobody_answers(order)
    kept = await shop.redis.hget(shop.key("orders"), bad.order)
    await shop.redis.hset(shop.key("orders"), bad.order, b"\xc1")
    await shop.sweeper.sweep([shop.id])
    assert (await shop.own("ann"))[0].status == "returned"
    assert await shop.redis.zcard(shop.key("returning")) == 1
    await shop.redis.hset(shop.key("orders"), bad.order, kept or b"")


async def test_who_cannot_give_what_back_is_told_why(shop: Shop) -> None:
    tea, cup = await shop.open(), await shop.open(sku="cup")
    order = await shop.buy("ann", tea, 2)
    await shop.refused(shop.ask_return(order), "conflict")
    order = await shop.pay(order)
    for fields, code in (
        ({"units": {tea.sale: 3}}, "conflict"),
        ({"units": {cup.sale: 1}}, "not_found"),
        ({"user": "bob"}, "not_found"),
    ):
        await shop.refused(shop.ask_return(order, **fields), code)
    await shop.refused(shop.answer_return(order, True), "not_found")
    await shop.refused(shop.withdraw_return(order), "not_found")
    with pytest.raises(Exception, match="Say in `answer` why"):
        await shop.answer_return(order, False, answer="  ")
    asked = await shop.ask_return(order, units={tea.sale: 1})
    assert await shop.ask_return(order, units={tea.sale: 1}) == asked
    await shop.refused(shop.ask_return(order, units={tea.sale: 2}), "conflict")


async def test_a_return_that_the_host_makes_answers_the_request(shop: Shop) -> None:
    sale = await shop.open()
    order = await shop.pay(await shop.buy("ann", sale, 2))
    await shop.ask_return(order)
    taken = await shop.take_back(order, returned={sale.sale: 1})
    assert taken.request is not None
    assert (taken.request.status, taken.status) == ("accepted", "paid")
    assert await shop.audit() == []


async def test_the_time_to_ask_ends(shop: Shop) -> None:
    order = await shop.pay(await shop.buy("ann", await shop.open()))
    shop.returns._settings = shop.returns._settings.model_copy(update={"window_s": 0})
    await shop.refused(shop.ask_return(order), "forbidden")


DAY_MS = 86_400_000


async def days_pass(shop: Shop, order: Order, paid: int, **parcel: int) -> None:
    """Make it so many days since the order was paid, and its one parcel sent or delivered."""
    raw: dict[str, Any] = shop.unpacked(await shop.redis.hget(shop.key("orders"), order.order))
    raw["paid"] -= paid * DAY_MS
    for each in raw.get("parcels", ()):
        each |= {name: order.updated - days * DAY_MS for name, days in parcel.items()}
    await shop.redis.hset(shop.key("orders"), order.order, shop.packed(raw))


@pytest.mark.parametrize(
    ("paid", "parcel", "over"),
    [
        (6, None, None),
        (8, None, "7 days from the payment"),
        (16, {"sent": 16}, None),  # on its way, or here without anybody who said so
        (18, {"sent": 18}, "7 days from the day its last parcel arrived"),
        (18, {"sent": 17, "delivered": 6}, None),
        (10, {"sent": 9, "delivered": 8}, "7 days from the day its last parcel arrived"),
    ],
)
async def test_the_time_to_ask_begins_when_the_last_parcel_arrives(
    shop: Shop, paid: int, parcel: dict[str, int] | None, over: str | None
) -> None:
    order = await shop.pay(await shop.buy("ann", await shop.open()))
    if parcel is not None:
        await shop.send(order)
    await days_pass(shop, order, paid, **parcel or {})
    if over is None:
        assert (await shop.ask_return(order)).request is not None
    else:
        assert over in (await shop.refused(shop.ask_return(order), "expired")).msg
