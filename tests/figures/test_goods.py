"""A host's goods are the sums of the products' figures of their streams, and of nothing else."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from server.features import all_facts
from server.features.archive.archiver import Archiver
from server.features.figures import goods as goods_module
from server.features.figures.figure_book import FigureBook
from server.features.figures.goods import Goods, GoodsRow
from server.features.purchases.host_figures import HostBook
from server.features.shelf.messages import Pin, ProductInput, ShelfPut
from server.house import HOUSE, records_of
from server.records.database import Database
from server.settings import Settings
from server.telemetry.metrics import Metrics
from tests.figures.real_evening import EARLIER, GROUP, ROOM, Evening
from tests.records.evening import PROJECTIONS
from tests.rooms.rig import HOST


@pytest.fixture
async def records(evening_settings: Settings) -> AsyncIterator[Database]:
    """The records of this test's server."""
    made = await asyncio.to_thread(records_of, evening_settings)
    yield made
    await made.aclose()


@pytest.fixture
def goods(records: Database) -> Goods:
    return Goods(records, all_facts())


async def copy_all(evening: Evening, records: Database, settings: Settings) -> None:
    archiver = Archiver(
        evening.rig.store, records, settings, "w1", HOUSE.streams, PROJECTIONS, Metrics()
    )
    while (await archiver.copy_all())[1]:
        pass


async def expected(book: FigureBook) -> dict[str, GoodsRow]:
    """The same sums, made of the rooms' own figures."""
    rows: dict[str, GoodsRow] = {}
    converted: Counter[str] = Counter()
    for room in (EARLIER, ROOM):
        for one in (await book.figures_of(room)).products:
            row = rows.setdefault(one.sku, GoodsRow(sku=one.sku, title="", room="", started=0))
            row.title, row.room = one.title, room
            row.streams += 1
            row.asks += one.asks
            row.askers += one.askers
            converted[one.sku] += round((one.asker_conversion or 0) * one.askers)
            row.units += one.units
            row.units_returned += one.units_returned
            row.gmv = dict(Counter(row.gmv) + Counter(one.gmv))
    for sku, row in rows.items():
        row.asker_conversion = converted[sku] / row.askers if row.askers else None
        row.return_rate = row.units_returned / row.units if row.units else None
    return rows


async def test_goods_are_sums_of_the_streams_figures(
    evening: Evening, book: FigureBook, records: Database, goods: Goods, evening_settings: Settings
) -> None:
    await evening.stream()
    newer = ProductInput("newer", "Newer mug", 5900, "CNY", replaces="mug")
    await evening.host(ShelfPut(ref=1, product=newer))
    await evening.host(Pin(ref=1, sku="newer"))
    await asyncio.sleep(0.01)  # a product that was shown for less than 1 ms has no figures
    await evening.end()
    await copy_all(evening, records, evening_settings)
    wanted = await expected(book)

    for _ in range(2):  # folded, and then as it is kept
        view = await goods.of_host(HOST.user)
        assert (view.streams, view.missing, view.unread) == (2, 0, 0)
        assert {row.sku for row in view.goods} == wanted.keys()
        for row in view.goods:
            other = wanted[row.sku]
            assert (row.title, row.room, row.streams) == (other.title, other.room, other.streams)
            assert (row.asks, row.askers, row.asker_conversion) == (
                other.asks, other.askers, other.asker_conversion
            )  # fmt: skip
            assert (row.units, row.units_returned, row.return_rate) == (
                other.units, other.units_returned, other.return_rate
            )  # fmt: skip
            assert {c: n for c, n in row.gmv.items() if n} == other.gmv
    assert {row.sku: row.replaces for row in view.goods if row.replaces} == {"newer": "mug"}
    assert any(row.streams == 2 for row in view.goods)
    assert sum(row.asks for row in view.goods) > 0
    asked = [(await book.figures_of(room)).numbers.questions for room in (EARLIER, ROOM)]
    assert sum(row.questions for row in view.goods) == sum(asked)  # each is about a product


async def test_orders_of_members_count_as_such_in_streams_too(
    evening: Evening, book: FigureBook, records: Database, evening_settings: Settings
) -> None:
    await evening.stream()
    await copy_all(evening, records, evening_settings)

    host = await HostBook(records).figures_of(HOST.user)

    # Cat and Ivy bought in the group after they had joined it, and Ivy in the stream; what Cat had
    # bought in the stream before that is no member's order.
    assert host.member_orders == 3
    rooms = [(await book.figures_of(room)).numbers for room in (EARLIER, ROOM, GROUP)]
    assert host.orders == sum(numbers.orders for numbers in rooms)
    assert host.member_orders == sum(numbers.member_orders for numbers in rooms)
    assert host.member_gmv["CNY"] == sum(numbers.member_gmv.get("CNY", 0) for numbers in rooms)
    assert [numbers.member_orders for numbers in rooms] == [0, 1, 2]
    assert host.gmv_gross["CNY"] == sum(numbers.gmv_gross.get("CNY", 0) for numbers in rooms)
    assert host.gmv_net["CNY"] == sum(numbers.gmv_net.get("CNY", 0) for numbers in rooms)


async def test_a_stream_is_folded_again_only_when_the_archive_got_further(
    evening: Evening,
    records: Database,
    goods: Goods,
    evening_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await evening.stream()
    await evening.end()
    await copy_all(evening, records, evening_settings)
    before = await goods.of_host(HOST.user)
    folded: list[str] = []
    fold = goods._fold

    async def counting(room: object) -> object:
        folded.append(room.room)  # type: ignore[attr-defined]
        return await fold(room)  # type: ignore[arg-type]

    monkeypatch.setattr(goods, "_fold", counting)
    await goods.of_host(HOST.user)
    assert folded == []

    await evening.bought("gus", "wine")
    await copy_all(evening, records, evening_settings)
    after = await goods.of_host(HOST.user)
    assert folded == [ROOM]
    assert sum(row.units for row in after.goods) > sum(row.units for row in before.goods)


async def test_streams_for_which_there_is_no_time_are_told(
    evening: Evening,
    records: Database,
    goods: Goods,
    evening_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await copy_all(evening, records, evening_settings)
    monkeypatch.setattr(goods_module, "FOLDING_S_MAX", -1.0)
    view = await goods.of_host(HOST.user)
    assert (view.streams, view.missing) == (0, 1)
    assert view.goods == []
