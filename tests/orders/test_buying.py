"""What a buyer may do with a flash sale, and what is left of it afterwards."""

import msgspec
import pytest

from server.features.orders.messages import Buy, OrderOk, Waitlist
from server.features.orders.orders import buy_of
from server.features.orders.settings import OrderSettings
from server.protocol.codes import CommandError
from server.protocol.joining import Source
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.shop import PRICE, Shop, shop_on
from tests.replies import expect


async def test_a_buy_holds_units_at_the_frozen_price(shop: Shop) -> None:
    sale = await shop.open(stock=10)
    order = await shop.buy("ann", sale, 3)
    assert (order.status, order.total, order.currency) == ("held", 3 * PRICE, "CNY")
    assert order.hold_until == order.created + 60_000
    assert await shop.counters(sale) == (10, 7, 3, 0)
    assert await shop.own("ann") == [order]


async def test_paying_turns_held_units_into_sold_ones(shop: Shop) -> None:
    sale = await shop.open(stock=10)
    paid = await shop.pay(await shop.buy("ann", sale, 3))
    assert paid.status == "paid"
    assert await shop.counters(sale) == (10, 7, 0, 3)
    assert await shop.pay(paid) == paid


async def test_cancelling_gives_units_and_allowance_back_once(shop: Shop) -> None:
    sale = await shop.open(stock=5, per_user=2)
    order = await shop.buy("ann", sale, 2)
    cancelled = await shop.cancel(order)
    assert await shop.cancel(order) == cancelled
    assert await shop.counters(sale) == (5, 5, 0, 0)
    assert (await shop.buy("ann", sale, 2)).status == "held"


async def test_more_than_is_left_is_refused(shop: Shop) -> None:
    sale = await shop.open(stock=5)
    refusal = await shop.refused(shop.buy("ann", sale, 6), "sold_out")
    assert "Only 5" in refusal.msg


async def test_more_than_the_buyers_limit_is_refused(shop: Shop) -> None:
    sale = await shop.open(stock=10, per_user=2)
    await shop.buy("ann", sale, 2)
    await shop.refused(shop.buy("ann", sale, 1), "limit_reached")
    await shop.buy("bob", sale, 2)


async def test_the_same_key_gives_the_same_order_for_ever(shop: Shop) -> None:
    sale = await shop.open(stock=2)
    order = await shop.buy("ann", sale, 2, key="k")
    assert await shop.buy("ann", sale, 2, key="k") == order
    paid = await shop.pay(order)
    await shop.close(sale)
    assert await shop.buy("ann", sale, 2, key="k") == paid
    assert await shop.counters(sale) == (2, 0, 0, 2)


async def test_the_same_key_for_another_buy_is_refused(shop: Shop) -> None:
    sale = await shop.open(stock=5)
    await shop.buy("ann", sale, 2, key="k")
    await shop.refused(shop.buy("ann", sale, 3, key="k"), "key_reused")
    assert (await shop.buy("bob", sale, 1, key="k")).user == "bob"


async def test_a_user_and_a_key_cannot_be_written_to_read_as_another_pair(
    shop: Shop, settings: Settings
) -> None:
    ann = buy_of(
        shop.call("ann"), Buy(ref=1, key="b/k", sale="s"), settings.section(OrderSettings), 64
    )
    slash = buy_of(
        shop.call("ann/b"), Buy(ref=1, key="k", sale="s"), settings.section(OrderSettings), 64
    )
    assert ann["once"] != slash["once"]


async def test_a_cart_is_bought_whole(shop: Shop) -> None:
    tea, cup = await shop.open(stock=5), await shop.open(stock=5, sku="cup", price=100)
    order = await shop.buy_cart("ann", (tea, 1), (cup, 2), (tea, 1))
    assert [(line.sku, line.qty) for line in order.lines] == [("tea", 2), ("cup", 2)]
    assert order.total == 2 * PRICE + 200
    assert await shop.counters(tea) == (5, 3, 2, 0)
    assert await shop.counters(cup) == (5, 3, 2, 0)


async def test_a_cart_of_which_one_line_is_short_takes_nothing(shop: Shop) -> None:
    tea, cup = await shop.open(stock=5), await shop.open(stock=1, sku="cup")
    await shop.refused(shop.buy_cart("ann", (tea, 1), (cup, 2)), "sold_out")
    await shop.refused(shop.buy_cart("ann", (tea, 3), (tea, 3)), "sold_out")


async def test_a_cart_has_one_currency(shop: Shop) -> None:
    tea, wine = await shop.open(), await shop.open(sku="wine")
    await shop.refused(shop.buy_cart("ann", (tea, 1), (wine, 1)), "conflict")


async def test_an_unknown_sale_is_refused(shop: Shop) -> None:
    sale = msgspec.structs.replace(await shop.open(), sale="nope")
    await shop.refused(shop.buy("ann", sale), "not_found")


async def test_another_users_order_can_be_neither_paid_nor_cancelled(shop: Shop) -> None:
    order = await shop.buy("ann", await shop.open())
    stolen = msgspec.structs.replace(order, user="bob")
    await shop.refused(shop.pay(stolen), "not_found")
    await shop.refused(shop.cancel(stolen), "not_found")


async def test_a_paid_order_cannot_be_cancelled(shop: Shop) -> None:
    paid = await shop.pay(await shop.buy("ann", await shop.open()))
    await shop.refused(shop.cancel(paid), "conflict")


async def test_a_room_sells_only_while_it_is_live(redis: object, shop: Shop) -> None:
    sale = await shop.open()
    held = await shop.buy("ann", sale)
    await shop.run("phases.set", phase="ended", user="h")
    assert await shop.sales.close_all(shop.id) == [sale.sale]
    assert await shop.sales.close_all(shop.id) == []
    await shop.refused(shop.buy("bob", sale), "ended")
    assert (await shop.pay(held)).status == "paid"


async def test_of_older_orders_those_that_ended_are_left_out_of_the_list(
    store: RoomStore, make_settings: MakeSettings
) -> None:
    shop = shop_on(store, make_settings(orders={"fair_window_ms": 0, "own_orders_max": 2}))
    await shop.build()
    tea, cup = await shop.open(stock=100), await shop.open(sku="cup")
    orders = [await shop.buy("ann", each) for each in (tea, tea, cup, tea, tea, tea, tea)]
    paid, lapsed, live, *cancelled = orders
    await shop.pay(paid)
    await shop.lapse(lapsed)
    await shop.sweeper.sweep([shop.id])
    for order in cancelled:
        await shop.cancel(order)

    own = await shop.own("ann")

    kept = [cancelled[3], cancelled[2], live, paid]
    assert [order.order for order in own] == [order.order for order in kept]
    assert [order.status for order in own] == ["cancelled", "cancelled", "held", "paid"]
    assert await shop.own("bob") == []


async def test_orders_of_one_user_are_limited(shop: Shop, settings: Settings) -> None:
    sale = await shop.open(stock=1000, per_user=1000)
    for _ in range(settings.section(OrderSettings).orders_per_user_max):
        await shop.buy("ann", sale)
    await shop.refused(shop.buy("ann", sale), "limit_reached")


@pytest.mark.parametrize(
    "buy",
    [
        Buy(ref=1, key="k"),
        Buy(ref=1, key="k" * 65, sale="s"),
        Buy(ref=1, key="k", sale="s", qty=101),
    ],
)
async def test_a_buy_outside_the_limits_never_reaches_the_store(
    shop: Shop, settings: Settings, buy: Buy
) -> None:
    with pytest.raises(CommandError):
        buy_of(shop.call("ann"), buy, settings.section(OrderSettings), 64)


async def test_every_change_is_in_the_ledger_and_the_stats(shop: Shop) -> None:
    sale = await shop.open(stock=10)
    await shop.pay(await shop.buy("ann", sale, 3))
    await shop.cancel(await shop.buy("bob", sale, 2))
    kinds = [(e["k"], e.get("what") or (e.get("payment") or e["order"])["status"])
             for e in await shop.ledger()]  # fmt: skip
    assert kinds == [
        ("sale", "opened"),
        ("order", "held"),
        ("payment", "applied"),
        ("order", "paid"),
        ("order", "held"),
        ("order", "cancelled"),
    ]
    assert await shop.stats() == {
        "entries": 6,
        "orders:paid": 1,
        "units:paid": 3,
        "amount:paid:CNY": 3 * PRICE,
        "orders:cancelled": 1,
        "units:cancelled": 2,
        "amount:cancelled:CNY": 2 * PRICE,
        "charged:CNY": 3 * PRICE,
    }


async def test_the_buyers_source_is_frozen_in_the_order(shop: Shop) -> None:
    note = Source("note", "n-17")
    call = shop.call("ann")._replace(source=note)
    sale = await shop.open(stock=2)
    bought = expect(OrderOk, await shop.orders.buy(call, Buy(ref=1, key="k", sale=sale.sale))).order
    assert bought.source == note
    assert (await shop.pay(bought)).source == note
    assert await shop.audit() == []


async def test_an_offer_keeps_what_brought_the_waiting_buyer(shop: Shop) -> None:
    note = Source("share")
    sale = await shop.open(stock=1)
    first = await shop.buy("ann", sale)
    call = shop.call("bob")._replace(source=note)
    await shop.waitlist.queue(call, Waitlist(ref=1, sale=sale.sale))
    await shop.cancel(first)
    assert [order.source for order in await shop.own("bob")] == [note]
