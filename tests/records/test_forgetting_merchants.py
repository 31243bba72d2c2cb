"""A host or merchant who is forgotten is one pseudonym in terms, accounts and units, and all of it
adds up as before."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from sqlalchemy import select

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.features.accounts.balances import balances_of
from server.features.accounts.payout_ports import SandboxPort
from server.features.accounts.payouts import Payouts
from server.features.accounts.releases import Releases
from server.features.accounts.tables import PAYOUTS
from server.features.allotments.allotments import Grant
from server.features.audits.all_rooms import AllRooms
from server.features.merchants.tables import MERCHANTS, UNITS
from server.features.orders.messages import Buy, Order, OrderOk
from server.features.payments.messages import Pay
from server.features.phases.messages import LiveEnd
from server.features.returns.messages import OrderReturn, ReturnLine
from server.features.sales.messages import SaleOpen
from server.features.shelf.messages import ProductInput, ShelfPut
from server.features.terms.messages import Terms
from server.house import store_on
from server.records.database import Database
from server.records.schema import RECORDS
from server.rooms.forgetting import HostsStill
from tests.conftest import MakeSettings
from tests.features.stage import BEN, Stage, stage_of
from tests.features.test_every_feature import settings_of
from tests.records.test_forgetting import ZOE, archive
from tests.replies import expect
from tests.rooms.rig import HOST, ROOM, Rig, rig
from tests.stored import stored

LATER = 10**14
M7 = Identity("m7", "Seven", HOST.role)
UNITS_OF_M7 = 9


async def sell(stage: Stage, sku: str, terms: Terms, who: Identity) -> Order:
    """Somebody buys and pays two of a sku that is sold on these terms."""
    here = stage.here
    await stage.do(ShelfPut(ref=1, product=ProductInput(sku, f"A {sku}", 4900, "CNY")))
    await here.redis.hset(here.key("terms"), sku, msgspec.msgpack.encode(terms))
    opened = SaleOpen(ref=1, sku=sku, price=3999, stock=3, per_user=3, hold_s=60)
    sale = (await stage.do(opened)).sale
    buy = Buy(ref=3, key=f"k-{sku}", sale=sale.sale, qty=2)
    order = expect(OrderOk, await here.do(buy, who)).order
    return expect(OrderOk, await here.do(Pay(ref=4, order=order.order), who)).order


async def take_one_back(here: Rig, order: Order) -> None:
    lines = [ReturnLine(order.lines[0].sale, 1)]
    await here.do(OrderReturn(ref=5, order=order.order, lines=lines), HOST)
    [refunds] = here.worker.running["payments"].due
    assert refunds.work is not None
    await refunds.work(ROOM)


async def stock_m7(here: Rig, records: Database) -> None:
    """Units of the merchant m7, of which the host may sell five."""
    row = {"merchant": M7.user, "name": M7.name, "state": "active", "created": 0, "changed": 0}
    none = dict.fromkeys(("allotted", "sold", "returned"), 0)
    units = {"merchant": M7.user, "sku": "red", "received": UNITS_OF_M7, "stock": UNITS_OF_M7}
    async with records.writing() as connection:
        await connection.execute(MERCHANTS.insert().values(row))
        await connection.execute(UNITS.insert().values(units | none))
    grant = Grant(sku="red", host=HOST.user, units=5, until=unix_ms() + 10**7)
    await here.worker.running["allotments"].it.allotments.grant(M7.user, grant)


@pytest.fixture
async def settled(
    make_settings: MakeSettings, records_url: str, records: Database
) -> AsyncIterator[tuple[Rig, Order]]:
    """A live room of a host who sold their own goods and those of m7. All of it was paid out, and
    one of the host's units came back since; of m7's order, nothing has yet."""
    settings = settings_of(make_settings, {"records": {"url": records_url}})
    async with stage_of(settings, scheduled=False, deaf=False) as stage:
        await stock_m7(stage.here, records)
        own = Terms(merchant=HOST.user, goods="mug", fee=333)
        mug = await sell(stage, "mug", own, BEN)
        theirs = Terms(merchant=M7.user, goods="red", commission=1777, fee=333)
        red = await sell(stage, "m7:red", theirs, ZOE)
        await stage.here.redis.zadd(stage.here.store.keys.rooms, {ROOM: 1})
        await stage.here.worker.running["archive"].it._round()  # its projections are whole now
        await archive(stage.here)
        assert await Releases(records, 0).release(LATER) == 2
        payouts = Payouts(records, SandboxPort(records))
        await payouts.make("b1", by=HOST.user)
        await payouts.send()
        await take_one_back(stage.here, mug)
    async with rig(settings, "w3") as here:
        await here.redis.zadd(here.store.keys.rooms, {ROOM: 1})
        await here.redis.delete(here.key("announcing"))  # it lasts seconds, and keeps the room
        await here.worker.running["archive"].it._round()
        await archive(here)
        yield here, red


async def held(records: Database) -> dict[str, int]:
    async with records.reading() as connection:
        found = await balances_of(connection)
    return {account: n for (account, _), n in found.items() if n}


def renamed(money: dict[str, int], user: str, pseudonym: str) -> dict[str, int]:
    return {account.replace(f"/{user}/", f"/{pseudonym}/"): n for account, n in money.items()}


async def must_be_clean(here: Rig, records: Database) -> None:
    rooms = AllRooms(store_on(here.redis, here.store.keys), records)
    assert [(each.unread, each.differences) async for each in rooms.found()] == [("", [])]
    assert await rooms.journal() == []


async def whole_rows(records: Database, user: str) -> list[str]:
    """The columns of the records that hold this id, and nothing else."""
    found = []
    async with records.reading() as connection:
        for table in RECORDS.sorted_tables:
            if table.name == "forgotten_lately":
                continue
            for row in (await connection.execute(select(table))).mappings():
                found += [
                    f"{table.name}.{name}"
                    for name, value in row.items()
                    if value in (user, f"host/{user}", f"merchant/{user}")
                    or (isinstance(value, str) and f"/{user}/" in value)
                ]
    return found


async def pseudonym_in(records: Database, before: dict[str, int]) -> str:
    [new] = {a.split("/")[1] for a in (await held(records)).keys() - before.keys()}
    return new


async def test_a_host_who_sold_their_own_goods_leaves_the_books_as_they_were(
    settled: tuple[Rig, Order], records: Database
) -> None:
    here, red = settled
    await here.do(LiveEnd(ref=9), HOST)
    await archive(here)
    before = await held(records)
    assert before["host/h1/available"] < 0
    assert "merchant/h1/available" not in before
    await must_be_clean(here, records)

    assert await here.worker.forgetter().forget(HOST.user) == ([ROOM], {})

    gone = await pseudonym_in(records, before)
    assert await held(records) == renamed(before, HOST.user, gone)
    assert await whole_rows(records, HOST.user) == []
    await must_be_clean(here, records)
    await here.store.must_be_here(ROOM)
    terms = msgspec.msgpack.decode(stored(await here.redis.hget(here.key("terms"), "mug")))
    assert terms["merchant"] == gone
    assert red.lines[0].merchant == M7.user
    async with records.reading() as connection:
        owners = set((await connection.scalars(select(PAYOUTS.c.owner))).all())
    assert owners == {f"host/{gone}", "merchant/m7"}


async def test_a_merchant_is_forgotten_in_the_rooms_of_others_and_their_units_add_up(
    settled: tuple[Rig, Order], records: Database
) -> None:
    here, red = settled
    with pytest.raises(HostsStill, match=rf"`m7` is the merchant .* not over: {ROOM} \(live\)"):
        await here.worker.forgetter().forget(M7.user)
    await here.do(LiveEnd(ref=9), HOST)
    await archive(here)
    before = await held(records)
    await must_be_clean(here, records)

    assert await here.worker.forgetter().forget(M7.user) == ([ROOM], {})

    [gone] = {account.split("/")[1] for account in await held(records) if "gone-" in account} or {
        ""
    }
    assert await held(records) == renamed(before, M7.user, gone)
    assert await whole_rows(records, M7.user) == []
    await must_be_clean(here, records)
    async with records.reading() as connection:
        [units] = (await connection.execute(select(UNITS))).mappings()
    assert (units["received"], units["sold"]) == (UNITS_OF_M7, 2)
    # The room comes back, and a unit too: it is still found.
    await here.store.must_be_here(ROOM)
    await take_one_back(here, red)
    await archive(here)
    async with records.reading() as connection:
        [units] = (await connection.execute(select(UNITS))).mappings()
    assert (units["merchant"] == M7.user, units["sold"], units["returned"]) == (False, 1, 1)
    now = await held(records)
    assert [a for a in now if "m7" in a] == []
    assert now[f"merchant/{units['merchant']}/available"] < 0
    await must_be_clean(here, records)


async def test_money_released_while_a_room_waits_is_renamed_when_it_leaves(
    settled: tuple[Rig, Order], records: Database
) -> None:
    """The room can't leave yet, and meanwhile its money goes on moving under the old id."""
    here, red = settled
    buy = Buy(ref=6, key="more", sale=red.lines[0].sale, qty=1)
    more = expect(OrderOk, await here.do(buy, BEN)).order
    await here.do(Pay(ref=7, order=more.order), BEN)
    await here.do(LiveEnd(ref=9), HOST)
    await archive(here)

    async def cannot(_: str) -> str:
        return "it must not"

    forgetter = here.worker.forgetter()
    forgetter._retire = cannot
    assert await forgetter.forget(M7.user) == ([], {ROOM: "it must not"})
    assert await Releases(records, 0).release(LATER) == 1
    before = await held(records)
    assert before["merchant/m7/available"] > 0
    assert (await here.worker.retirer.retire(ROOM, at_once=True)).left
    assert await whole_rows(records, M7.user) == []
    now = await held(records)
    assert sum(n for a, n in now.items() if "merchant" in a) == sum(
        n for a, n in before.items() if "merchant" in a
    )
    await must_be_clean(here, records)
