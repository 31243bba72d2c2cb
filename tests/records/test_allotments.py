"""Units of merchants: granted to hosts, sent to their sales, and back; on both engines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec
import pytest
from sqlalchemy import Table, select, update

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.features.allotments.projection import keep_moves
from server.features.allotments.staying import Staying
from server.features.allotments.tables import ALLOTMENTS, MOVES, TRANSFERS
from server.features.allotments.transfers import Needs
from server.features.archive.archiver import Archiver
from server.features.auctions.auctions import Auctions
from server.features.auctions.messages import AuctionCancel, AuctionOk, AuctionOpen, Bid
from server.features.auctions.staff import MerchantStaff
from server.features.merchants.merchants import Merchants
from server.features.merchants.tables import UNITS
from server.features.stock.messages import Sale
from server.house import HOUSE, keys_under, store_on
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.records.database import Database
from server.rooms.deleting import delete_room
from server.settings import Settings
from server.store.client import connect
from server.telemetry.metrics import Metrics
from tests.conftest import MakeSettings
from tests.orders.shop import Shop
from tests.records.market import HOUR_MS, Death, Market
from tests.records.test_retirement import retirer_of
from tests.running import running
from tests.web.api import Api


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    """Nothing waits for a draw."""
    return make_settings(records={"url": records_url}, orders={"fair_window_ms": 0})


@pytest.fixture
async def market(records_settings: Settings, records: Database) -> AsyncIterator[Market]:
    """The merchant has 10 units of each sku."""
    redis = connect(records_settings.redis.url, records_settings.redis)
    store = store_on(redis, keys_under(records_settings.redis.key_prefix))
    market = Market(store, records, records_settings)
    await market.build(10)
    yield market
    await redis.aclose()


def archiver_of(market: Market) -> Archiver:
    streams, projections = HOUSE.streams, [market.projection]
    return Archiver(
        market.store, market.records, market.settings, "w1", streams, projections, Metrics()
    )


async def where(market: Market) -> tuple[int, ...]:
    """(stock, allotted, sold, returned) of red, once all is archived."""
    await market.copy()
    units = await market.units("red")
    return tuple(units[name] for name in ("stock", "allotted", "sold", "returned"))


async def opened(market: Market, host: str = "h1", stock: int = 4) -> tuple[Shop, Sale]:
    shop = market.shops[host]
    return shop, await shop.open(stock=stock, sku=market.product("red"), per_user=9)


async def test_units_go_from_the_merchant_to_a_sale_to_buyers_and_home(market: Market) -> None:
    await market.grant("h1", "red", 6)
    shop, sale = await opened(market)
    assert sale.merchant == market.merchant
    assert await where(market) == (4, 6, 0, 0)
    kept = await shop.pay(await shop.buy("ann", sale, 2))
    held = await shop.buy("bob", sale, 1)
    assert await where(market) == (4, 4, 2, 0)
    assert (await shop.close(sale)).allocated == 3
    assert await where(market) == (5, 3, 2, 0)  # one was left; two of the grant are not in a sale
    await shop.cancel(held)
    assert await where(market) == (6, 2, 2, 0)
    await shop.take_back(kept, False, {sale.sale: 1})
    assert await where(market) == (6, 2, 1, 1)
    await shop.take_back(kept, True, {sale.sale: 2})
    assert await where(market) == (7, 2, 0, 1)
    assert await shop.counters(sale) == (0, 0, 0, 0)
    await market.must_agree()


async def test_a_sale_needs_granted_units_and_says_how_many_there_are(market: Market) -> None:
    shop = market.shops["h1"]
    with pytest.raises(CommandError, match=r"No units of `m1:red` .* ask the merchant `m1`") as no:
        await opened(market)
    assert no.value.code == "conflict"
    await market.grant("h1", "red", 3)
    with pytest.raises(CommandError, match=r"Of `m1:red` 3 units .* this needs 4: take 3 or fewer"):
        await opened(market)
    _, sale = await opened(market, stock=2)
    with pytest.raises(CommandError, match="1 units are granted"):
        await shop.restock(sale, 2)
    assert (await shop.restock(sale, 1)).allocated == 3
    assert (await shop.set_stock(sale, 1)).allocated == 1
    assert await where(market) == (9, 1, 0, 0)  # what a sale is lowered by goes home
    await market.must_agree()


async def test_a_hosts_own_goods_and_a_practice_need_no_units(market: Market) -> None:
    shop = market.shops["h1"]
    assert not (await shop.open(sku="tea", stock=50)).merchant
    await shop.redis.hset(shop.key("room"), "practice", 1)
    _, sale = await opened(market, stock=50)
    assert not sale.merchant
    await shop.close(sale)
    assert await where(market) == (10, 0, 0, 0)
    async with market.records.reading() as connection:
        assert (await connection.execute(select(TRANSFERS))).all() == []


async def test_two_hosts_who_want_the_last_units_at_once_dont_both_get_them(
    market: Market,
) -> None:
    grants = [market.grant(host, "red", 6) for host in market.hosts for _ in "ab"]
    made = await asyncio.gather(*grants, return_exceptions=True)
    assert sum(not isinstance(each, Exception) for each in made) == 1
    mine = next(host for host in market.hosts for each in made if getattr(each, "host", "") == host)
    asked = [opened(market, mine, 4) for _ in range(3)]
    sales = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(not isinstance(each, Exception) for each in sales) == 1
    await market.must_add_up()


async def test_an_allotment_is_for_its_rooms_and_until_its_end(market: Market) -> None:
    await market.grant("h1", "red", 3, room="another")
    await market.grant("h1", "red", 4, room="r1", until=market.now + 1000)
    with pytest.raises(CommandError, match="Of `m1:red` 4 units"):
        await opened(market, stock=5)
    shop, sale = await opened(market, stock=3)
    market.now += 1000
    await market.settle()
    assert await where(market) == (4, 6, 0, 0)  # the one unit that no sale had is home
    await shop.close(sale)
    assert await where(market) == (7, 3, 0, 0)
    with pytest.raises(CommandError, match="is over") as over:
        await market.allotments.change("m1", market.granted[1], 9, None)
    assert over.value.code == "ended"


async def test_units_are_sent_and_freed_at_once_and_nobody_waits_in_a_circle(
    market: Market,
) -> None:
    for n in range(10):  # ids by chance, so they are in another order than the ends
        await market.grant("h1", "red", 1, until=market.now + HOUR_MS + n)
    needs = Needs("h1", "m1", "red", 5)

    async def send_and_settle() -> None:
        for _ in range(10):
            with suppress(CommandError):  # the others have them
                sent = await market.transfers.send("r1", needs)
                await market.transfers.settle("r1", sent.transfer)

    await asyncio.gather(*(send_and_settle() for _ in range(4)))
    assert await where(market) == (0, 10, 0, 0)
    assert (await market.transfers.send("r1", msgspec.structs.replace(needs, units=10))).units == 10


async def test_a_room_stays_while_units_are_on_their_way_or_in_its_sales(
    market: Market, records_settings: Settings
) -> None:
    await market.grant("h1", "red", 6)
    shop, sale = await opened(market)
    late = shop.open(stock=2, sku=market.product("red"), per_user=9)
    assert await market.dying(late, Death.SENT) is None
    over: dict[Any, Any] = {"phase": "ended", "selling": 0, "ended": 1}
    await shop.redis.hset(shop.key("room"), mapping=over)
    archiver = archiver_of(market)
    staying = Staying(market.records, market.transfers, archiver.stays)
    must_stay = [staying.at_all]

    async def refused() -> str:
        with pytest.raises(CommandError) as caught:
            await delete_room(market.store, market.records, "r1", [archiver.delete], must_stay)
        return caught.value.msg

    assert "not all of it is copied" in await refused()
    await market.copy()
    assert "1 transfers of merchants' units to it are not settled" in await refused()
    retirer = retirer_of(market.store, market.records, records_settings, stays=[staying.in_redis])
    assert "not settled" in (await retirer.retire("r1", at_once=True)).why
    await market.settle()
    assert "4 units of merchants are in its sales" in await refused()
    await shop.close(sale)
    await market.copy()
    assert (await retirer.retire("r1", at_once=True)).left
    await market.settle()
    await market.must_agree()


async def test_what_a_deleted_room_sold_stays_sold_and_is_not_folded_again(
    market: Market,
) -> None:
    await market.grant("h1", "red", 6)
    shop, sale = await opened(market)
    await shop.pay(await shop.buy("ann", sale, 3))
    await shop.close(sale)
    assert await where(market) == (5, 2, 3, 0)
    await shop.redis.hset(shop.key("room"), "phase", "ended")
    archiver = archiver_of(market)
    staying = Staying(market.records, market.transfers, archiver.stays)
    await delete_room(
        market.store, market.records, "r1", [keep_moves, archiver.delete], [staying.at_all]
    )
    await market.fold_again()
    assert await where(market) == (5, 2, 3, 0)
    assert await market.differences() == []


async def test_a_backup_that_lacks_a_room_frees_what_was_sent_to_it(market: Market) -> None:
    await market.grant("h1", "red", 6)
    shop, _ = await opened(market)
    await market.copy()
    keys = [shop.key(name) for name in HOUSE.room_keys]
    await shop.redis.delete(*keys)
    [lost] = [each for each in await market.differences() if "transfer" in each] or [""]
    assert lost == ""  # as far as the records know, the sale has them
    assert "r1" in await archiver_of(market).drop_made_since(0)
    [lost] = await market.differences()
    assert "waits for the room r1, and Redis has no such room" in lost
    assert await market.transfers.free_lost() == 1
    assert await where(market) == (4, 6, 0, 0)
    assert await market.differences() == []


async def test_the_audit_names_each_row_that_differs(market: Market) -> None:
    await market.grant("h1", "red", 6)
    shop, sale = await opened(market)
    await shop.pay(await shop.buy("ann", sale, 3))
    await market.copy()
    assert await market.differences() == []
    for table, column, told in (
        (MOVES, "sold", "units of sale"),
        (MOVES, "given", "were sent to them"),
        (ALLOTMENTS, "free", "of 6 units"),
        (TRANSFERS, "units", "its parts 4"),
        (UNITS, "sold", "units are sold"),
        (UNITS, "stock", "were received"),
    ):
        await _change(market, table, column, 1)
        assert any(told in each for each in await market.differences()), (table.name, column)
        await _change(market, table, column, -1)
    assert await market.differences() == []


async def _change(market: Market, table: Table, column: str, by: int) -> None:
    async with market.records.writing() as connection:
        changed = {column: table.c[column] + by}
        await connection.execute(update(table).values(changed))


@pytest.mark.blocking_allowed  # a worker reads its files when it is made
async def test_merchants_and_their_members_grant_and_nobody_else(
    records_settings: Settings, market: Market
) -> None:
    path, until = "/v1/merchants/m1/allotments", unix_ms() + HOUR_MS
    as_merchant: dict[str, Any] = {"user": "m1", "role": Role.MERCHANT}
    async with running(records_settings, "w2") as worker, aiohttp.ClientSession() as session:
        api = Api(session, records_settings, worker.url)
        body = {"sku": "red", "host": "h1", "units": 6, "until": until}
        await api.refused(403, "forbidden", "POST", path, body, user="m2", role=Role.MERCHANT)
        await api.refused(403, "forbidden", "POST", path, body)
        for wrong, status, code in (
            ({"units": 11}, 409, "conflict"),
            ({"units": 0}, 400, "bad_message"),
            ({"sku": "green"}, 404, "not_found"),
            ({"until": 5}, 409, "conflict"),
            ({"host": "m1"}, 409, "conflict"),
        ):
            await api.refused(status, code, "POST", path, body | wrong, **as_merchant)
        key: dict[str, Any] = {"headers": {"Idempotency-Key": "k1"}}
        for _ in "ab":
            status, made = await api.send("POST", path, body, **as_merchant, **key)
            assert status == 201
        assert (made["units"], made["free"], made["product"]) == (6, 6, "m1:red")
        _, own = await api.send("GET", "/v1/hosts/h1/allotments")
        assert own["allotments"] == [made]
        await api.refused(403, "forbidden", "GET", path, user="zoe", role=Role.VIEWER)
        await api.send("PUT", "/v1/merchants/m1/members/zoe", {"role": "staff"}, **as_merchant)
        _, page = await api.send("GET", f"{path}?host=h1", user="zoe", role=Role.VIEWER)
        assert page["allotments"] == [made]
        one = f"{path}/{made['allotment']}"
        assert (await api.send("PATCH", one, {"units": 9}, **as_merchant))[1]["free"] == 9
        await api.refused(409, "conflict", "PATCH", one, {"units": 12}, **as_merchant)
        await api.refused(400, "bad_message", "PATCH", one, {}, **as_merchant)
        for _ in "ab":
            assert (await api.send("DELETE", one, **as_merchant))[1]["units"] == 0
        assert (await api.send("GET", "/v1/hosts/h1/allotments"))[1]["allotments"] == []
        assert len((await api.send("GET", path, **as_merchant))[1]["allotments"]) == 1
        for room in ("", "r1", "r2"):
            await api.send(
                "POST", path, body | {"units": 1} | ({"room": room} if room else {}), **as_merchant
            )
        _, in_r1 = await api.send("GET", "/v1/hosts/h1/allotments", rooms=["r1"])
        assert {each["room"] for each in in_r1["allotments"]} == {"", "r1"}
        for each in (await api.send("GET", path, **as_merchant))[1]["allotments"]:
            await api.send("DELETE", f"{path}/{each['allotment']}", **as_merchant)
    assert await where(market) == (10, 0, 0, 0)


async def test_who_acts_for_a_merchant_does_not_bid_for_its_unit(market: Market) -> None:
    await market.grant("h1", "red", 1)
    shop, merchants = market.shops["h1"], Merchants(market.records, 5)
    staff = MerchantStaff(market.store, merchants)
    auctions = Auctions(market.store, market.settings, market.transfers, staff=staff)
    office = Identity("ops", "Ops", Role.ADMIN)
    await merchants.put_member(market.merchant, "sam", "staff", office)
    terms: dict[str, Any] = {"opening": 100, "increment": 10, "hold_s": 60, "lasts_s": 60}
    cmd = AuctionOpen(ref=1, sku=market.product("red"), **terms)
    opened = await auctions.open(shop.call("h1"), cmd)
    assert isinstance(opened, AuctionOk)
    name = opened.auction.auction
    with pytest.raises(CommandError, match="can't bid") as refused:
        await auctions.bid(shop.call("sam"), Bid(ref=1, auction=name, max=500, key="k"))
    assert refused.value.code == "forbidden"
    await auctions.bid(shop.call("ann"), Bid(ref=1, auction=name, max=500, key="k"))
    assert (await auctions.all(shop.id))[0].bids == 1


@pytest.mark.parametrize(
    ("what", "then"),
    [
        ("cancelled", (9, 1, 0, 0)), ("unsold", (9, 1, 0, 0)), ("paid", (8, 1, 1, 0)),
        ("nobody paid", (9, 1, 0, 0)), ("died", (8, 2, 0, 0)),
    ],
)  # fmt: skip
async def test_an_auctioned_unit_is_taken_first_and_sold_or_goes_home(
    market: Market, what: str, then: tuple[int, ...]
) -> None:
    await market.grant("h1", "red", 2)
    shop = market.shops["h1"]
    auctions = Auctions(market.store, market.settings, market.transfers)
    terms: dict[str, Any] = {"opening": 100, "increment": 10, "hold_s": 60, "lasts_s": 60}
    cmd = AuctionOpen(ref=1, sku=market.product("red"), **terms)
    opening = auctions.open(shop.call("h1"), cmd)
    opened = await market.dying(opening, Death.SENT if what == "died" else Death.NEVER)
    if isinstance(opened, AuctionOk):
        assert opened.auction.merchant == market.merchant
        assert await where(market) == (8, 2, 0, 0)
        name = opened.auction.auction
        if what not in ("unsold", "cancelled"):
            await auctions.bid(shop.call("ann"), Bid(ref=1, auction=name, max=500, key="k"))
        if what == "cancelled":
            off = AuctionCancel(ref=1, auction=name, reason="It broke.")
            await auctions.cancel(shop.call("h1"), off)
        await shop.run("phases.set", phase="ended", user="h1")
        await shop.run("auctions.due", batch_max=9, **auctions.falling)
        for order in await shop.own("ann"):
            assert order.lines[0].merchant == market.merchant
            await (shop.pay if what == "paid" else shop.cancel)(order)
    await market.settle()
    assert await where(market) == then
    await market.must_agree()
