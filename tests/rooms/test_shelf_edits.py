"""The shelf is put in order and changed many products at a time: all of it, or nothing."""

import itertools

import pytest
from msgspec import structs

from server.features.orders.messages import Buy
from server.features.sales.messages import (
    SaleClose,
    SaleOpen,
    ShelfEdit,
    ShelfEditOk,
    ShelfRow,
)
from server.features.shelf.messages import ShelfMove, ShelfPut
from server.features.shelf.snapshot import ShelfPart
from server.features.stock.messages import SaleOk
from server.features.stock.snapshot import StockPart
from server.protocol.codes import CommandError
from tests.features.stage import ANN, MUG
from tests.replies import expect
from tests.rooms.rig import ROOM, Rig

SKUS = ["a", "b", "c", "d"]


async def fill(here: Rig) -> None:
    """Four mugs."""
    for sku in SKUS:
        await here.do(ShelfPut(ref=1, product=structs.replace(MUG, sku=sku)))


async def order(here: Rig) -> list[str]:
    """The skus as a fresh read has them."""
    return list((await here.directory.part(ROOM, ShelfPart)).products)


async def test_a_product_stands_where_it_was_put(here: Rig) -> None:
    await here.join("ann")
    await fill(here)
    await here.heard_all()
    state, stands = here.room.state, SKUS
    for sku, before in itertools.product(SKUS, ["", *SKUS]):
        seq = state.position.seq
        await here.do(ShelfMove(ref=1, sku=sku, before=before))
        await here.heard_all()
        was = stands
        if before != sku:
            stands = [each for each in was if each != sku]
            stands.insert(stands.index(before) if before else len(stands), sku)
        assert await order(here) == list(state.part(ShelfPart).products) == stands
        assert (state.position.seq > seq) == (stands != was)  # the same place is no news
    await here.do(ShelfPut(ref=1, product=structs.replace(MUG, sku="e")))
    assert await order(here) == [*stands, "e"]


async def test_what_is_not_on_the_shelf_is_not_moved(here: Rig) -> None:
    await fill(here)
    for sku, before in (("x", ""), ("a", "x")):
        with pytest.raises(CommandError) as refused:
            await here.do(ShelfMove(ref=1, sku=sku, before=before))
        assert refused.value.code == "not_found"
    assert await order(here) == SKUS


async def standing(here: Rig, sku: str) -> str:
    """The product's standing sale of five."""
    terms = SaleOpen(ref=1, sku=sku, price=4900, stock=5, per_user=3, hold_s=600, kind="standing")
    return expect(SaleOk, await here.do(terms)).sale.sale


async def test_titles_prices_and_stock_change_together(here: Rig) -> None:
    await fill(here)
    sale = await standing(here, "a")
    rows = [
        ShelfRow(sku="a", price=3900, stock=9),
        ShelfRow(sku="b", title="Bowl"),
        ShelfRow(sku="c"),
        ShelfRow(sku="e", title="Plate", price=100, currency="CNY"),
    ]
    done = expect(ShelfEditOk, await here.do(ShelfEdit(ref=1, rows=rows)))
    assert (done.added, done.changed) == (1, 2)

    products = (await here.directory.part(ROOM, ShelfPart)).products
    now = (await here.directory.part(ROOM, StockPart)).sales[sale]
    assert list(products) == [*SKUS, "e"]
    assert (products["a"].price, products["b"].title, products["a"].points) == (
        3900, "Bowl", MUG.points
    )  # fmt: skip
    assert (now.price, now.was, now.allocated, now.left) == (3900, 4900, 9, 9)
    again = expect(ShelfEditOk, await here.do(ShelfEdit(ref=1, rows=rows)))
    assert (again.added, again.changed) == (0, 0)


async def test_one_wrong_row_leaves_everything_as_it_was(here: Rig) -> None:
    await here.join("ann")
    await fill(here)
    sale, closed = await standing(here, "a"), await standing(here, "d")
    await here.do(SaleClose(ref=1, sale=closed))
    await here.do(Buy(ref=1, sale=sale, qty=2, key="k"), ANN)
    rows = [
        ShelfRow(sku="b", title="Bowl"),
        ShelfRow(sku="a", stock=1),
        ShelfRow(sku="c", stock=1),
        ShelfRow(sku="d", stock=1),
        ShelfRow(sku="new", price=1),
        ShelfRow(sku="a", price=1),
    ]
    await here.heard_all()
    seq = here.room.state.position.seq
    with pytest.raises(CommandError) as doubled:
        await here.do(ShelfEdit(ref=1, rows=rows))
    with pytest.raises(CommandError) as refused:
        await here.do(ShelfEdit(ref=1, rows=rows[:-1]))

    assert (doubled.value.code, refused.value.code) == ("conflict", "conflict")
    assert doubled.value.msg.splitlines()[1:] == ["Row 6 (`a`): Row 2 is about the same product."]
    first, *lines = refused.value.msg.splitlines()
    assert first == "Nothing was changed."
    assert [line.partition(":")[0] for line in lines] == [
        "Row 2 (`a`)", "Row 3 (`c`)", "Row 4 (`d`)", "Row 5 (`new`)"
    ]  # fmt: skip
    assert "2 units of it are held or sold" in lines[0]
    await here.heard_all()
    assert here.room.state.position.seq == seq
    assert (await here.directory.part(ROOM, ShelfPart)).products["b"].title == MUG.title
