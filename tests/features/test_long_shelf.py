"""A shelf of thousands: a newcomer is shown a part, and no client misses what it needs."""

import asyncio
import shutil

import pytest
from msgspec import structs

from client_sim.client.state import RoomState
from server.features.sales.messages import SaleClose, SaleOpen
from server.features.shelf.messages import Pin, Product, ShelfPut, ShelfRemove, Unpin
from server.features.shelf.snapshot import ShelfPart
from server.protocol.codec import Encoding
from server.protocol.roles import Role
from tests.conftest import MakeSettings
from tests.features.clients import fold_in_node, fold_in_python
from tests.features.stage import MUG, Stage, Watcher, stage_of
from tests.features.test_every_feature import settings_of
from tests.rooms.rig import ROOM, rig
from tests.rooms.views import shown

SHOWN = 2


async def tell(stage: Stage) -> None:
    """Products beyond those that are shown are put, pinned, sold, changed and taken off.

    Late knows only what is shown, and comes before anything is pinned or sold.
    """
    for n in range(5):
        await stage.do(ShelfPut(ref=1, product=structs.replace(MUG, sku=f"p{n}")))
    stage.watchers["late"] = Watcher(await stage.there.join("late"), Role.VIEWER)
    await stage.do(Pin(ref=1, sku="p4"))
    terms = SaleOpen(ref=1, sku="p3", price=3900, stock=3, per_user=3, hold_s=60)
    sale = (await stage.do(terms)).sale
    await stage.do(ShelfPut(ref=1, product=structs.replace(MUG, sku="p4", title="Another mug")))
    await stage.do(Pin(ref=1, sku="p2"))
    await stage.do(ShelfRemove(ref=1, sku="p0"))
    await stage.do(SaleClose(ref=1, sale=sale.sale))
    await stage.do(ShelfRemove(ref=1, sku="p2"))
    await stage.do(Unpin(ref=1))
    await stage.do(ShelfRemove(ref=1, sku="p1"))
    await stage.do(ShelfRemove(ref=1, sku="p3"))
    await stage.do(ShelfRemove(ref=1, sku="p4"))


@pytest.mark.parametrize("deaf", [False, True], ids=["heard", "deaf"])
async def test_clients_know_what_is_pinned_or_on_sale_and_nothing_that_is_gone(
    make_settings: MakeSettings, *, deaf: bool
) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("liveroom.js can't be run: there is no `node` on PATH; install Node.js.")
    settings = settings_of(make_settings, {"rooms": {"shelf_shown_max": SHOWN}})
    async with stage_of(settings, scheduled=False, deaf=deaf) as stage:
        await tell(stage)
        await stage.resume_everywhere()
        there = set((await stage.there.directory.part(ROOM, ShelfPart)).products)
    assert stage.faults == []
    records = {user: watcher.record() for user, watcher in stage.watchers.items()}
    for user, record in records.items():
        assert list(fold_in_python(user, record)) == []
        state = RoomState()
        state.joined(record["joined"])
        for step in record["steps"]:
            for event in step["events"]:
                state.apply(event)
            assert len(step["fresh"]["room"].get("shelf", [])) <= SHOWN
        assert {product["sku"] for product in state.view["shelf"]} == there == set()
    assert await asyncio.to_thread(lambda: list(fold_in_node(node, records))) == []


async def test_a_snapshot_of_two_thousand_products_is_no_larger_than_one_of_fifty(
    make_settings: MakeSettings, prefix: str
) -> None:
    sizes = {}
    for count in (50, 2000):
        settings = make_settings(redis={"key_prefix": f"{prefix}{count}"})
        products = [Product(f"p{n:04}", "Stone mug", 4900, "CNY") for n in range(count)]
        async with rig(settings, "w1") as here:
            await here.create(shelf=products)
            await here.join("ann")
            view = shown(here.room.state.view())
            assert view.shelf == products[:50]
            assert view.shelf_total == (count if count > 50 else 0)
            sizes[count] = len(here.room.state.encoded(Encoding.JSON))
            await here.do(Pin(ref=1, sku=products[-1].sku))
            await here.heard_all()
            last = products[:50] if count == 50 else [*products[:49], products[-1]]
            assert shown(here.room.state.view()).shelf == last
    assert sizes[2000] - sizes[50] == len(',"shelf_total":2000')


async def test_what_is_shown_is_bounded_in_bytes_too(make_settings: MakeSettings) -> None:
    settings = make_settings(rooms={"shelf_shown_bytes_max": 1024})
    async with rig(settings, "w1") as here:
        await here.create(live=True)
        await here.join("ann")
        for n in range(5):
            product = structs.replace(MUG, sku=f"p{n}", points=["x" * 200] * 2)
            await here.do(ShelfPut(ref=1, product=product))
        await here.do(Pin(ref=1, sku="p4"))
        await here.heard_all()
        view = shown(here.room.state.view())
        assert [product.sku for product in view.shelf] == ["p0", "p4"]
        assert view.shelf_total == 5
