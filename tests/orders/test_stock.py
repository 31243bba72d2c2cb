"""The stock of a sale is set to a number, and lowered: never below what is held and sold."""

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.features.orders.messages import Order
from server.features.sales.messages import SaleRestock
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.orders.shop import Shop, shop_on

ROOMS = itertools.count(2)


async def test_the_stock_is_lowered_and_the_ledger_says_so(shop: Shop) -> None:
    sale = await shop.open(stock=10)
    await shop.pay(await shop.buy("ann", sale, 2))
    await shop.buy("bob", sale, 3)

    lowered = await shop.set_stock(sale, 6)

    assert (lowered.allocated, lowered.left, lowered.held, lowered.sold) == (6, 1, 3, 2)
    assert lowered.status == "open"
    line = (await shop.ledger())[-1]
    assert (line["what"], line["sale"], line["add"]) == ("lowered", sale.sale, -4)
    assert await shop.audit() == []


async def test_it_goes_down_to_what_is_held_and_sold_and_no_further(shop: Shop) -> None:
    sale = await shop.open(stock=10)
    await shop.pay(await shop.buy("ann", sale, 2))
    await shop.buy("bob", sale, 3)

    refused = await shop.refused(shop.set_stock(sale, 4), "conflict")
    sold_out = await shop.set_stock(sale, 5)

    assert refused.msg == (
        "Of this sale 3 units are held and 2 sold, so it can have no fewer than 5."
    )
    assert (sold_out.status, sold_out.left) == ("sold_out", 0)
    await shop.refused(shop.buy("cat", sale), "sold_out")
    assert await shop.audit() == []


async def test_a_unit_that_comes_back_after_the_lowering_is_on_sale(shop: Shop) -> None:
    sale = await shop.open(stock=2)
    order = await shop.buy("ann", sale, 2)
    await shop.set_stock(sale, 2)
    await shop.cancel(order)

    assert (await shop.sale(sale)).left == 2
    assert (await shop.set_stock(sale, 0)).status == "sold_out"
    assert await shop.audit() == []


async def test_setting_a_higher_number_adds_and_serves_the_queue(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    await shop.buy("ann", sale)
    await shop.queue("bob", sale)

    raised = await shop.set_stock(sale, 3)

    assert (raised.allocated, raised.left, raised.held, raised.status) == (3, 1, 2, "open")
    offered = [line["order"]["user"] for line in await shop.ledger() if line["k"] == "order"]
    assert offered == ["ann", "bob"]
    assert await shop.audit() == []


async def test_the_number_it_has_changes_nothing(shop: Shop) -> None:
    sale = await shop.open(stock=4)
    before = await shop.dump()
    assert await shop.set_stock(sale, 4) == await shop.sale(sale)
    assert await shop.dump() == before


async def test_a_closed_sale_and_too_much_are_refused(shop: Shop) -> None:
    sale = await shop.open(stock=4)
    await shop.refused(shop.restock(sale, 1_000_000), "limit_reached")
    await shop.close(sale)
    await shop.refused(shop.set_stock(sale, 1), "ended")


@pytest.mark.parametrize("fields", [{}, {"add": 1, "stock": 1}])
async def test_either_add_or_stock_is_sent(shop: Shop, fields: dict[str, int]) -> None:
    sale = await shop.open()
    cmd = SaleRestock(ref=1, sale=sale.sale, **fields)
    refused = await shop.refused(shop.sales.restock(shop.call("h"), cmd), "bad_message")
    assert refused.msg.startswith("Send `add`, the units to add, or `stock`")


@given(
    stock=st.integers(1, 8),
    buyers=st.lists(st.integers(1, 3), max_size=8),
    targets=st.lists(st.integers(0, 8), min_size=1, max_size=4),
)
async def test_buys_and_lowerings_at_once_never_oversell(
    store: RoomStore, settings: Settings, stock: int, buyers: list[int], targets: list[int]
) -> None:
    shop = shop_on(store, settings, f"r{next(ROOMS)}")
    await shop.build()
    sale = await shop.open(stock=stock)
    work = [shop.buy(f"u{n}", sale, qty) for n, qty in enumerate(buyers)]
    outcomes = await asyncio.gather(
        *work, *(shop.set_stock(sale, target) for target in targets), return_exceptions=True
    )

    allocated, left, held, sold = await shop.counters(sale)
    assert left >= 0
    assert left + held + sold == allocated
    assert held == sum(o.lines[0].qty for o in outcomes if isinstance(o, Order))
    codes = {o.code for o in outcomes if isinstance(o, CommandError)}
    assert codes <= {"conflict", "sold_out"}
    assert await shop.audit() == []
