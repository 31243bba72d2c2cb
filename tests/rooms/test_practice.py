"""A practice: everything works, nobody is told of it, no order counts."""

from typing import Any

import pytest

from server.access.auth import Identity
from server.features.books.audit import audit
from server.features.books.order_book import OrderBook
from server.features.circles.group_ids import group_id
from server.features.comments.messages import Comment
from server.features.figures.figure_book import FigureBook
from server.features.follows.messages import Follow
from server.features.groups.groups import GroupBody
from server.features.groups.messages import GroupJoin
from server.features.ledger import ledger
from server.features.orders.messages import Buy, Order, OrderOk
from server.features.outbox.outbox import Outbox
from server.features.payments.messages import Pay
from server.features.payments.providers import Payment
from server.features.phases.messages import LiveEnd, LiveStart
from server.features.returns.messages import OrderReturn
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import Product
from server.features.stock.messages import SaleOk
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.protocol.room import RoomCreate
from server.rooms.room import Room
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.replies import expect
from tests.rooms.rig import HOST, Rig, put_on_shelf

ANN = Identity("ann", "Ann", Role.VIEWER)
MUG = Product("mug", "Stone mug", 4900, "CNY")
TRY = "try"


@pytest.fixture
def room_settings(make_settings: MakeSettings) -> Settings:
    """Nothing waits for long; the outbox posts somewhere."""
    return make_settings(
        hub={"tick_ms_min": 1},
        bus={"publish_interval_ms": 1},
        orders={"fair_window_ms": 0},
        outbox={"url": "http://other.test/"},
    )


class NoProvider:
    """A payment provider that must not be asked."""

    async def charge(self, order: Order) -> Payment | None:
        raise AssertionError(f"the provider was asked to charge {order.order}")

    async def refund(self, payment: Payment) -> bool:
        raise AssertionError(f"the provider was asked to give {payment.payment} back")


@pytest.fixture
async def practice(here: Rig) -> Rig:
    """The live practice TRY with a mug on sale; no provider may be asked."""
    wish = RoomCreate(room=TRY, title="Trying", practice=True)
    await here.directory.create(HOST, wish)
    await here.do(LiveStart(ref=1), HOST, TRY)
    await here.do(put_on_shelf(MUG), HOST, TRY)
    payments = here.worker.running["payments"]
    payments.it._provider = NoProvider()
    for taker in payments.takes:
        taker._provider = payments.it._provider  # type: ignore[attr-defined]
    return here


async def paid(rig: Rig) -> Order:
    """Ann buys a mug and pays for it."""
    terms = SaleOpen(ref=1, sku="mug", price=3900, stock=3, per_user=3, hold_s=60)
    sale = expect(SaleOk, await rig.do(terms, HOST, TRY)).sale
    bought = await rig.do(Buy(ref=1, key="k1", sale=sale.sale), ANN, TRY)
    order = expect(OrderOk, bought).order
    assert order.practice
    return expect(OrderOk, await rig.do(Pay(ref=1, order=order.order), ANN, TRY)).order


async def test_an_order_is_paid_and_given_back_without_a_provider(practice: Rig) -> None:
    order = await paid(practice)
    assert (order.status, order.practice) == ("paid", True)

    await practice.do(OrderReturn(ref=1, order=order.order), HOST, TRY)
    work: Any = next(due.work for due in practice.worker.dues if due.key == "refunds")
    assert await work(TRY) == 1

    found = await audit(practice.store, TRY)
    assert (found.practice, found.differences) == (True, [])
    lines = [line async for chunk in ledger.read(practice.store, TRY) for _, line in chunk]
    assert [line["payment"]["status"] for line in lines if line["k"] == "payment"] == [
        "applied",
        "refund_due",
        "refunded",
    ]


async def test_a_providers_word_on_a_void_order_is_refused(practice: Rig) -> None:
    order = await paid(practice)
    payments = practice.worker.running["payments"].it
    with pytest.raises(CommandError) as refused:
        await payments.charged(TRY, order.order, Payment("pi_1", order.total, "CNY"))

    assert refused.value.code == "conflict"
    assert "made in a practice" in refused.value.msg


async def test_orders_say_practice_wherever_they_are_read(practice: Rig) -> None:
    order = await paid(practice)
    book = OrderBook(practice.store)

    header, row = "".join([part async for part in book.csv(TRY)]).splitlines()
    lines = "".join([part async for part in book.jsonl(TRY)])
    changed, _, _ = await book.changed(TRY, 0, 10)
    joined = (await practice.join("ann", room_id=TRY)).joined

    assert dict(zip(header.split(","), row.split(","), strict=True))["practice"] == "yes"
    assert '"practice":true' in lines
    assert [one.practice for one in changed] == [True]
    assert [one["practice"] for one in joined["orders"]] == [True]
    assert (await book.stats(TRY)).practice is True
    assert order.practice


async def test_the_outbox_tells_nothing_of_it(practice: Rig) -> None:
    await paid(practice)
    posted: list[str] = []

    async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
        posted.append(body.decode())
        return 200

    outbox = Outbox(practice.store, practice.settings, "w1", post)
    await outbox.deliver_all()
    await outbox.deliver_all()

    assert [body for body in posted if f'"room":"{TRY}"' in body] == []
    keys = practice.store.keys
    told: Any = await practice.redis.hget(keys.room(TRY, "outbox"), "told")
    entries: Any = await practice.redis.hget(keys.room(TRY, "stats"), "entries")
    assert told == entries + b"-0"


async def test_its_start_is_told_to_nobody(practice: Rig) -> None:
    await practice.do(Follow(ref=1), ANN)
    assert await practice.redis.exists(practice.store.keys.room(TRY, "announcing")) == 0


async def test_no_number_of_its_host_has_it(practice: Rig) -> None:
    await paid(practice)
    await practice.do(LiveEnd(ref=1), HOST, TRY)
    book = FigureBook(practice.store, practice.settings)
    streams = book.streams
    figures = await book.figures_of(TRY)
    await book.aclose()
    assert (figures.practice, figures.numbers.orders) == (True, 1)
    assert TRY not in [row.room for row in (await streams.page("h1", 0, 20))[0]]
    assert TRY not in [head.room for head in await streams._ended("h1")]
    await streams._buyers.settle("h1")
    assert await practice.redis.exists(practice.store.keys.host("h1", "buyers")) == 0


async def test_who_bought_in_it_is_no_buyer_for_the_fan_group(practice: Rig) -> None:
    await practice.groups.put(HOST, "h1", GroupBody("Tea people", admits="buyers"))
    await paid(practice)

    with pytest.raises(CommandError) as refused:
        await practice.do(GroupJoin(ref=1), ANN, TRY)
    assert refused.value.code == "forbidden"
    assert group_id("h1")


async def test_people_talk_in_it_and_orders_of_other_rooms_count(practice: Rig) -> None:
    guest = await practice.join("ann", room_id=TRY)
    await practice.do(Comment(ref=1, text="hello"), ANN, TRY)
    heard: Any = await guest.until(lambda m: m["t"] == "comment")

    assert [m["text"] for m in heard if m["t"] == "comment"] == ["hello"]
    room = practice.rooms.get(TRY)
    assert isinstance(room, Room)
    assert room.state.is_practice
