"""Auctions: who wins at which price, when they end, and what becomes of the unit."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from server.features.auctions.messages import Auction
from server.features.orders.messages import Order
from server.house import keys_under
from server.protocol.codes import CommandError
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.auction_house import COUNTER_S, HOLD_S, LASTS_S, AuctionHouse
from tests.orders.shop import ANY
from tests.orders.test_outbox_page import EVERYWHERE, described
from tests.store_clock import move_clock, store_with_clock
from tests.stored import all_stored, entries, stored, stored_hash

Bids = Sequence[tuple[str, int]]


@pytest.fixture
def clocked(redis: Redis, prefix: str) -> RoomStore:
    """A store whose clock moves; made here, off the event loop."""
    return store_with_clock(redis, keys_under(prefix))


@pytest.fixture
async def house(clocked: RoomStore, make_settings: MakeSettings) -> Any:
    """A live room with products on the shelf and nothing on sale."""
    settings = make_settings(orders={"fair_window_ms": 0})
    house = AuctionHouse(clocked, settings)
    await house.build()
    yield house
    assert await house.audit() == []


async def sold(house: AuctionHouse, *bids: tuple[str, int], **terms: Any) -> Auction:
    """An auction in which these bids were made, after its hammer."""
    auction = await house.auction(**terms)
    for user, most in bids:
        await house.bid(user, auction, most)
    return await house.fall(auction)


async def only_order(house: AuctionHouse, user: str) -> Order:
    [order] = await house.own(user)
    return order


@pytest.mark.parametrize(
    ("bids", "reserve", "price", "winner"),
    [
        ([("ann", 500)], None, 100, "ann"),
        ([("ann", 500), ("bob", 200)], None, 210, "ann"),
        ([("ann", 200), ("bob", 205)], None, 0, ""),  # 200 + 10 is more than 205: see below
        ([("ann", 200), ("bob", 500)], None, 210, "bob"),
        ([("ann", 500), ("bob", 495)], None, 500, "ann"),
        ([("ann", 500), ("bob", 500)], None, 500, "ann"),
        ([("ann", 500), ("bob", 500), ("bob", 510)], None, 510, "bob"),
        ([("ann", 500), ("bob", 200), ("ann", 900)], None, 210, "ann"),
        ([("ann", 500), ("bob", 495), ("ann", 900)], None, 505, "ann"),
        ([("ann", 900)], 700, 700, "ann"),
        ([("ann", 900), ("bob", 800)], 700, 810, "ann"),
        ([("ann", 500), ("ann", 900)], 700, 700, "ann"),
        ([("ann", 690), ("bob", 300)], 700, 0, ""),
        ([], None, 0, ""),
    ],
)
async def test_the_second_highest_maximum_and_an_increment_make_the_price(
    house: AuctionHouse, bids: Bids, reserve: int | None, price: int, winner: str
) -> None:
    if bids == [("ann", 200), ("bob", 205)]:
        # The price is 100 while Ann is alone: 205 is taken, and leads at its own maximum.
        price, winner = 205, "bob"
    over = await sold(house, *bids, reserve=reserve)

    assert over.status == ("sold" if winner else "unsold")
    orders = await house.orders_by_user()
    assert [(user, o[0].total, o[0].status) for user, o in orders.items()] == (
        [(winner, price, "held")] if winner else []
    )
    if winner:
        assert (over.price, over.leader) == (price, f"{winner[0]}**")
        assert (orders[winner][0].auction, orders[winner][0].offer) == (over.auction, False)


@pytest.mark.parametrize(
    ("bids", "user", "most"),
    [
        ([], "ann", 99),
        ([("ann", 500)], "bob", 109),
        ([("ann", 500), ("bob", 200)], "cat", 219),
        ([("ann", 500)], "ann", 500),
    ],
)
async def test_a_bid_that_is_too_low_is_refused_and_changes_nothing(
    house: AuctionHouse, bids: Bids, user: str, most: int
) -> None:
    auction = await house.auction()
    for each in bids:
        await house.bid(each[0], auction, each[1])
    await house.refused(house.bid(user, auction, most), "conflict")


async def test_nobody_learns_the_leaders_maximum_or_the_reserve(house: AuctionHouse) -> None:
    most, reserve = 65_432_100, 87_654_300
    auction = await house.auction(reserve=reserve)
    await house.bid("ann", auction, most)
    await house.bid("bob", auction, 300)

    seen = [await house.auction_now(auction), await house.run("room_load", recent_max=0)]
    events = entries(await house.redis.xrange(house.key("events")))
    facts = entries(await house.redis.xrange(house.key("timeline")))
    told = [ANY.decode(fields[b"e"]) for _, fields in (*events, *facts)]
    host = await house.as_host(auction)

    assert str(most) not in repr(seen) + repr(told) + repr(host)
    assert str(reserve) not in repr(seen) + repr(told)
    assert [(b.paddle, b.bid, b.leads) for b in host.bidders] == [(1, 310, True), (2, 300, False)]
    assert host.reserve == reserve
    assert (await house.auction_now(auction)).reserve == "unmet"


async def test_a_late_bid_leaves_the_others_time_and_a_raise_gains_none(
    house: AuctionHouse,
) -> None:
    auction = await house.auction()
    await house.bid("ann", auction, 500)
    assert (await house.auction_now(auction)).ends == auction.ends
    await house.time_goes_by((LASTS_S - COUNTER_S // 2) * 1000)

    before = await house.auction_now(auction)
    raised = await house.bid("ann", auction, 600)
    assert raised.ends == auction.ends
    assert await house.auction_now(auction) == before, "nobody sees that she did"
    late = await house.bid("bob", auction, 200)

    assert late.ends - auction.ends == COUNTER_S * 500
    await house.time_goes_by(COUNTER_S * 1000 - 1)
    assert (await house.auction_now(auction)).status == "open"
    await house.time_goes_by(1)
    assert (await house.auction_now(auction)).status == "sold"


async def test_sudden_death_ends_at_its_time_and_no_hammer_falls_earlier(
    house: AuctionHouse,
) -> None:
    auction = await house.auction(sudden_death=True)
    await house.refused(house.warn(auction), "conflict")
    await house.time_goes_by(LASTS_S * 1000 - 2000)
    await house.bid("ann", auction, 500)
    assert (await house.auction_now(auction)).ends == auction.ends


async def test_after_the_end_no_bid_is_taken_though_nobody_has_swept(house: AuctionHouse) -> None:
    auction = await house.auction()
    await house.bid("ann", auction, 500, key="mine")
    await move_clock(house.redis, house.key("room"), LASTS_S * 1000)

    await house.refused(house.bid("bob", auction, 900), "ended")
    await house.refused(house.call_off(auction), "ended")
    await house.refused(house.warn(auction), "ended")
    again = await house.bid("ann", auction, 500, key="mine")
    assert (again.max, again.leads) == (500, True), "what was taken is answered for ever"
    await house.do_what_is_due()
    assert (await only_order(house, "ann")).total == 100


async def test_fair_warning_leaves_time_for_a_counter_bid(house: AuctionHouse) -> None:
    auction = await house.auction()
    await house.bid("ann", auction, 500)
    warned = await house.warn(auction)
    assert warned.ends - warned.starts == COUNTER_S * 1000
    assert await house.warn(warned) == warned
    await house.time_goes_by(COUNTER_S * 1000 - 1)
    late = await house.bid("bob", auction, 600)
    assert late.ends == warned.ends + COUNTER_S * 1000 - 1
    await house.time_goes_by(COUNTER_S * 1000)
    assert (await only_order(house, "bob")).total == 510


async def test_the_same_key_is_the_same_bid_and_another_bid_needs_another(
    house: AuctionHouse,
) -> None:
    auction = await house.auction()
    first = await house.bid("ann", auction, 500, key="k")
    before = await house.dump()
    assert await house.bid("ann", auction, 500, key="k") == first
    assert await house.dump() == before
    await house.refused(house.bid("ann", auction, 600, key="k"), "key_reused")
    assert (await house.bid("bob", auction, 200, key="k")).leads is False


@pytest.mark.parametrize("who", ["host", "moderator"])
async def test_who_runs_the_room_does_not_bid(house: AuctionHouse, who: str) -> None:
    auction = await house.auction()
    if who == "moderator":
        await house.redis.hset(house.key("moderators"), "mod", "1")
    await house.refused(house.bid("h" if who == "host" else "mod", auction, 500), "forbidden")


async def test_who_can_have_no_order_more_does_not_bid(
    clocked: RoomStore, make_settings: MakeSettings
) -> None:
    limits = {"fair_window_ms": 0, "orders_per_user_max": 1}
    house = AuctionHouse(clocked, make_settings(orders=limits))
    await house.build()
    sale = await house.open()
    auction = await house.auction(sku="cup")
    await house.bid("bob", auction, 900)
    await house.bid("ann", auction, 500)
    await house.buy("ann", sale)
    await house.refused(house.bid("ann", auction, 950), "limit_reached")
    await house.buy("bob", sale)
    await house.bid("cat", auction, 520)

    assert (await house.fall(auction)).status == "sold"

    # Bob and Ann can have none: Cat has it, at what Ann's maximum demands of her.
    assert (await only_order(house, "cat")).total == 510
    assert await house.audit() == []


async def test_the_next_bidders_are_offered_the_unit_at_their_own_price(
    house: AuctionHouse,
) -> None:
    await sold(house, ("cat", 300), ("dan", 410), ("bob", 400), ("ann", 500), reserve=350)
    assert (await only_order(house, "ann")).total == 420
    await house.time_goes_by(HOLD_S * 1000)

    dan = await only_order(house, "dan")
    assert (dan.total, dan.offer, dan.status) == (410, True, "held")
    await house.cancel(dan)

    bob = await only_order(house, "bob")
    assert (bob.total, bob.status) == (350, "held"), "Cat's 300 are below the reserve"
    assert bob.hold_until - bob.created == HOLD_S * 1000
    assert (await house.pay(bob)).status == "paid"
    assert await house.own("cat") == []


async def test_when_nobody_pays_the_sale_is_closed_and_nobody_gets_the_unit(
    house: AuctionHouse,
) -> None:
    over = await sold(house, ("bob", 400), ("ann", 500), reserve=450)
    for _ in range(2):
        await house.time_goes_by(HOLD_S * 1000)

    assert {user: o[0].status for user, o in (await house.orders_by_user()).items()} == {
        "ann": "expired"
    }
    assert (await house.as_host(over)).unit == "unsold"
    stock = stored_hash(await house.redis.hgetall(house.key("stock")))
    assert [v for k, v in stock.items() if k.endswith(b":status")] == [b"closed"]


async def test_a_unit_that_was_paid_and_comes_back_goes_to_no_other_bidder(
    house: AuctionHouse,
) -> None:
    await sold(house, ("ann", 500), ("bob", 400))
    paid = await house.pay(await only_order(house, "ann"))
    await house.take_back(paid, restock=True)
    assert await house.own("bob") == []


async def test_only_bidders_get_the_unit(house: AuctionHouse) -> None:
    auction = await house.auction()
    names = {stored(n).partition(b":")[0] for n in await house.redis.hkeys(house.key("stock"))}
    [sale] = [msgspec.structs.replace(await house.open(sku="cup"), sale=n.decode()) for n in names]
    await house.refused(house.buy("ann", sale), "conflict")
    await house.refused(house.queue("ann", sale), "conflict")
    await house.refused(house.restock(sale, 1), "conflict")
    await house.refused(house.close(sale), "conflict")
    assert [s["sku"] for s in (await house.run("room_load", recent_max=0))["sales"]] == ["cup"]
    await house.fall(auction)


async def test_one_auction_is_open_at_a_time(house: AuctionHouse) -> None:
    first = await house.auction()
    await house.refused(house.auction(sku="cup"), "conflict")
    await house.fall(first)
    assert (await house.auction(sku="cup")).auction != first.auction


async def test_a_cancelled_auction_says_why_and_gives_the_unit_to_nobody(
    house: AuctionHouse,
) -> None:
    auction = await house.auction()
    await house.bid("ann", auction, 500)
    off = await house.call_off(auction)
    assert (off.status, off.reason) == ("cancelled", "It broke.")
    assert await house.call_off(auction, "Again.") == off
    await house.refused(house.bid("bob", auction, 900), "ended")
    assert await house.orders_by_user() == {}


@pytest.mark.parametrize("selling", [False, True])
async def test_the_end_of_the_stream_lets_the_hammer_fall_unless_the_room_sells_on(
    house: AuctionHouse, selling: bool
) -> None:
    auction = await house.auction()
    await house.bid("ann", auction, 500)
    await house.bid("bob", auction, 300)
    await house.run("phases.set", phase="ended", selling=selling, user="h")
    await house.do_what_is_due()
    assert (await house.auction_now(auction)).status == ("open" if selling else "sold")
    if selling:
        await house.fall(auction)
    await house.time_goes_by(HOLD_S * 1000)
    assert (await only_order(house, "bob")).total == 100, "offered after the stream, too"


async def test_what_an_auction_can_not_be_opened_with(house: AuctionHouse) -> None:
    for code, terms in (
        ("not_found", {"sku": "none"}),
        ("conflict", {"reserve": 100}),
        ("limit_reached", {"lasts_s": 1}),
        ("limit_reached", {"hold_s": 1}),
    ):
        await house.refused(house.auction(**terms), code)


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("auctions", {"price": 1}), ("auctions", {"top": 900}), ("auctions", {"status": "sold"}),
        ("bidders", {"max": 1}), ("bidders", {"paddle": 7}), ("orders", {"auction": "a0"}),
    ],
)  # fmt: skip
async def test_the_audit_finds_what_was_changed_in_the_room(
    clocked: RoomStore, make_settings: MakeSettings, key: str, change: dict[str, Any]
) -> None:
    house = AuctionHouse(clocked, make_settings(orders={"fair_window_ms": 0}))
    await house.build()
    await sold(house, ("ann", 500), ("bob", 400))
    auction = await house.auction(sku="cup")
    await house.bid("ann", auction, 500)
    for field in all_stored(await house.redis.hkeys(house.key(key))):
        assert await house.audit() == []
        row = stored(await house.redis.hget(house.key(key), field))
        before = ANY.decode(row)
        await house.redis.hset(house.key(key), field, msgspec.msgpack.encode(before | change))
        assert before | change == before or await house.audit() != []
        await house.redis.hset(house.key(key), field, row)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("bid", {"max": 101}), ("bid", {"price": 1}), ("bid", {"leads": None}),
        ("bid", {"ends": 1}), ("bid", {"user": "eve"}), ("bid", {"at": 10**14}),
        ("bid", {"paddle": 9}),
        ("auction", {"price": 1}), ("auction", {"user": "eve"}), ("auction", {"reserve": 450}),
        ("auction", {"increment": 1}), ("auction", {"ends": 1}),
    ],
)  # fmt: skip
async def test_the_audit_finds_a_changed_line(
    clocked: RoomStore, make_settings: MakeSettings, kind: str, change: dict[str, Any]
) -> None:
    """Each line of the kind that has such a field, by itself."""
    house = AuctionHouse(clocked, make_settings(orders={"fair_window_ms": 0}))
    await house.build()
    await sold(house, ("ann", 500), ("bob", 365), ("cat", 400), reserve=350)
    [field] = change
    key = house.key("ledger")
    written = entries(await house.redis.xrange(key))
    found = 0
    for at, (_, fields) in enumerate(written):
        lines = ANY.decode(fields[b"e"])
        for n, line in enumerate(lines):
            if line["k"] != kind or field not in line:
                continue
            other = line | ({"leads": not line["leads"]} if field == "leads" else change)
            await house.redis.delete(key)
            for m, (place, old) in enumerate(written):
                changed = msgspec.msgpack.encode([*lines[:n], other, *lines[n + 1 :]])
                await house.redis.xadd(key, {"e": changed if m == at else old[b"e"]}, id=place)
            assert await house.audit() != [], other
            found += 1
    assert found


async def test_every_line_is_described_with_all_its_fields(house: AuctionHouse) -> None:
    await house.call_off(await house.auction(sudden_death=True))
    auction = await house.auction(reserve=150)
    await house.bid("ann", auction, 500)
    await house.warn(auction)
    await house.fall(auction)
    rows, seen = described(), set()
    for line in await house.ledger():
        key = line["k"], line.get("what", "")
        fields = set(line) - EVERYWHERE
        assert fields <= set(rows[key]), (key, fields)
        assert {name for name, always in rows[key].items() if always} <= fields, (key, fields)
        seen.add(key)
    assert {row for row in rows if row[0] in ("auction", "bid")} <= seen


async def test_a_bad_row_is_refused_alone(house: AuctionHouse) -> None:
    auction = await house.auction()
    row = stored(await house.redis.hget(house.key("auctions"), auction.auction))
    await house.redis.hset(house.key("auctions"), auction.auction, b"\x80")
    with pytest.raises(CommandError) as refused:
        await house.bid("ann", auction, 500)
    assert refused.value.code == "internal"
    await house.redis.hset(house.key("auctions"), auction.auction, row)
