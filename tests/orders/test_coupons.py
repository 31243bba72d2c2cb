"""Coupons: never more given out than promised, each used in one order at most."""

import asyncio
from datetime import datetime
from typing import Any

import msgspec
import pytest

from server.features.coupons.messages import Claim, Coupon
from server.features.orders.messages import Order
from server.features.stock.messages import Sale
from server.house import HOUSE
from server.protocol.codes import CommandError
from server.rooms.timeline import read
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.shop import ANY, PRICE, Shop, shop_on
from tests.stored import entries, stored


async def told(shop: Shop, user: str) -> list[dict[str, Any]]:
    """The claims that the event stream told this user."""
    found = entries(await shop.redis.xrange(shop.key("events")))
    events = [ANY.decode(v[b"e"]) for _, v in found if v.get(b"u") == user.encode()]
    return [event["claim"] for event in events if event["t"] == "claim"]


async def codes(*attempts: Any) -> list[str]:
    """The refusal of each attempt, or `ok`."""
    found = await asyncio.gather(*attempts, return_exceptions=True)
    assert all(isinstance(it, CommandError | Order | Claim) for it in found), found
    return sorted(it.code if isinstance(it, CommandError) else "ok" for it in found)


async def claimed(shop: Shop, **changes: Any) -> tuple[Sale, Coupon, str]:
    """A sale of tea, a coupon, and ann's claim of it."""
    coupon = await shop.give_out(**changes)
    return await shop.open(), coupon, (await shop.claim("ann", coupon)).claim


# Claiming


async def test_a_claim_is_counted_logged_and_told_to_its_owner(shop: Shop) -> None:
    coupon = await shop.give_out(quota=2)
    claim = await shop.claim("ann", coupon)
    assert (claim.user, claim.coupon, claim.order) == ("ann", coupon.coupon, "")
    assert await shop.claims("ann") == [claim]
    assert (await told(shop, "ann"))[0]["claim"] == claim.claim
    now = await shop.coupon(coupon)
    assert (now.claimed, now.used, now.status) == (1, 0, "open")
    lines = [line for line in await shop.ledger() if line["k"] == "coupon"]
    assert [line["what"] for line in lines] == ["opened", "claimed"]
    assert lines[0]["terms"]["quota"] == 2
    assert lines[0]["by"] == "h"
    assert await shop.audit() == []


async def test_the_log_of_who_did_what_names_who_opened_and_closed_a_coupon(shop: Shop) -> None:
    coupon = await shop.stop_giving(await shop.give_out())
    facts = [fact async for chunk in read(shop.store, shop.id) for _, fact in chunk]
    done = [(fact["what"], fact["by"]) for fact in facts if fact["k"] == "coupon"]
    assert done == [("opened", "h"), ("closed", "h")]
    assert facts[-1]["coupon"]["coupon"] == coupon.coupon


async def test_the_same_key_gives_the_same_claim_for_ever(shop: Shop) -> None:
    coupon = await shop.give_out(quota=1)
    claim = await shop.claim("ann", coupon, key="k")
    await shop.stop_giving(coupon)
    assert await shop.claim("ann", coupon, key="k") == claim
    assert (await shop.coupon(coupon)).claimed == 1


async def test_a_key_of_a_claim_is_not_taken_for_another_coupon_nor_kept_from_a_buy(
    shop: Shop,
) -> None:
    first, second = await shop.give_out(), await shop.give_out()
    await shop.claim("ann", first, key="k")
    await shop.refused(shop.claim("ann", second, key="k"), "key_reused")
    assert (await shop.claim("bob", second, key="k")).user == "bob"
    assert (await shop.buy("ann", await shop.open(), key="k")).status == "held"


async def test_no_user_gets_more_than_the_coupon_allows(shop: Shop) -> None:
    coupon = await shop.give_out(per_user=2)
    for _ in range(2):
        await shop.claim("ann", coupon)
    await shop.refused(shop.claim("ann", coupon), "limit_reached")
    assert len(await shop.claims("ann")) == 2


async def test_two_workers_give_out_the_quota_and_not_one_more(
    shop: Shop, store: RoomStore, settings: Settings
) -> None:
    coupon, other = await shop.give_out(quota=10), shop_on(store, settings)
    attempts = [
        worker.claim(f"u{n}", coupon, key="k")
        for n in range(40)
        for worker in (shop, other)  # each user asks both with one key
    ]
    assert await codes(*attempts) == ["ok"] * 20 + ["sold_out"] * 60
    assert (await shop.coupon(coupon)).claimed == 10
    given = await shop.claims(*(f"u{n}" for n in range(40)))
    assert len({claim.user for claim in given}) == len(given) == 10
    assert await shop.audit() == []


async def test_a_coupon_is_given_out_only_in_its_time(shop: Shop) -> None:
    later, closed = await shop.give_out(starts_in_s=60), await shop.give_out()
    refusal = await shop.refused(shop.claim("ann", later), "not_started")
    assert 0 < (refusal.retry_ms or 0) <= 60_000
    assert (await shop.stop_giving(closed)).status == "closed"
    assert await shop.stop_giving(closed) == await shop.coupon(closed)
    await shop.refused(shop.claim("ann", closed), "ended")
    over = await shop.give_out(lasts_s=60)
    assert over.ends == over.starts + 60_000
    await shop.ends_now(over)
    await shop.refused(shop.claim("ann", over), "ended")


async def test_a_coupon_that_is_not_there_can_be_neither_claimed_nor_closed(shop: Shop) -> None:
    coupon = await shop.give_out()
    gone = msgspec.structs.replace(coupon, coupon="no")
    await shop.refused(shop.claim("ann", gone), "not_found")
    await shop.refused(shop.stop_giving(gone), "not_found")
    elsewhere = shop_on(shop.store, HOUSE.settings_model(), "nowhere")
    await elsewhere.refused(elsewhere.give_out(), "not_found")


@pytest.mark.parametrize("audience", ["followers", "group", "reserved"])
async def test_a_coupon_is_for_those_it_is_for(shop: Shop, audience: Any) -> None:
    coupon = await shop.give_out(audience=audience)
    await shop.refused(shop.claim("ann", coupon), "forbidden")
    keys = shop.store.keys
    belongs = {
        "followers": keys.host("h", "followers"),
        "group": keys.room("fans:h", "members"),
        "reserved": shop.key("reserved"),
    }
    await shop.redis.hset(belongs[audience], "ann", 1)
    attempts = shop.claim("ann", coupon, key="k"), shop.claim("bob", coupon)
    assert await codes(*attempts) == ["forbidden", "ok"]
    await shop.redis.delete(belongs[audience])
    assert (await shop.claim("ann", coupon, key="k")).user == "ann"  # answered before


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"amount": 0, "percent": 0}, "bad_message"),
        ({"amount": 100, "percent": 10, "floor": 200}, "bad_message"),
        ({"amount": 100, "percent": 0}, "bad_message"),
        ({"amount": 100, "percent": 0, "floor": 100}, "bad_message"),
        ({"title": "\u200b", "percent": 10}, "bad_message"),
        ({"title": "x" * 61, "percent": 10}, "too_long"),
        ({"quota": 100_001, "percent": 10}, "limit_reached"),
        ({"per_user": 11, "percent": 10}, "limit_reached"),
        ({"skus": ["s"] * 51, "percent": 10}, "limit_reached"),
    ],
)
async def test_terms_that_make_no_sense_never_reach_the_store(
    shop: Shop, terms: dict[str, Any], code: str
) -> None:
    await shop.refused(shop.give_out(**terms), code)


async def test_a_room_has_only_so_many_coupons(
    store: RoomStore, make_settings: MakeSettings
) -> None:
    shop = shop_on(store, make_settings(coupons={"coupons_max": 1}), "r2")
    await shop.build()
    await shop.give_out()
    await shop.refused(shop.give_out(), "limit_reached")


# Buying with a claim


async def test_a_claim_takes_its_amount_off_once(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    order = await shop.buy("ann", sale, 2, claim=claim)
    assert (order.total, order.off) == (2 * PRICE - 500, 500)
    assert (order.claim, order.coupon) == (claim, coupon.coupon)
    await shop.refused(shop.buy("ann", sale, claim=claim), "conflict")
    paid = await shop.pay(order)
    assert (await shop.claims("ann"))[0].order == paid.order
    assert [it["order"] for it in await told(shop, "ann")] == ["", order.order]
    assert (await shop.coupon(coupon)).used == 1
    stats = await shop.stats()
    assert (stats["off:paid:CNY"], stats["charged:CNY"]) == (500, 2 * PRICE - 500)
    assert (await shop.book.stats(shop.id)).money["CNY"].off == {"held": 0, "paid": 500}
    assert await shop.audit() == []


async def test_a_percent_is_rounded_down_to_a_whole_minor_unit(shop: Shop) -> None:
    sale, _, claim = await claimed(shop, percent=33)
    order = await shop.buy("ann", sale, claim=claim)
    assert (PRICE * 33, order.off) == (65_670, 656)


async def test_a_percent_of_a_great_sum_loses_no_digit(shop: Shop) -> None:
    coupon = await shop.give_out(percent=99)
    sale = await shop.open(price=99_999_999_999, stock=100)
    claim = (await shop.claim("ann", coupon)).claim
    order = await shop.buy("ann", sale, 100, claim=claim)
    assert order.off == 100 * 99_999_999_999 * 99 // 100
    assert await shop.audit() == []


async def test_a_coupon_for_some_products_looks_at_their_lines_alone(shop: Shop) -> None:
    tea, cup = await shop.open(), await shop.open(sku="cup", price=400)
    half = await shop.give_out(percent=50, skus=["cup"])
    claim = (await shop.claim("ann", half)).claim
    await shop.refused(shop.buy("ann", tea, claim=claim), "conflict")
    order = await shop.buy_cart("ann", (tea, 1), (cup, 2), claim=claim)
    assert (order.off, order.total) == (400, PRICE + 400)
    floor = await shop.give_out(skus=["cup"])
    claim = (await shop.claim("ann", floor)).claim
    refusal = await shop.refused(
        shop.buy_cart("ann", (tea, 1), (cup, 2), key="c2", claim=claim), "conflict"
    )
    assert "800" in refusal.msg
    assert (await shop.buy("ann", cup, 3, claim=claim)).total == 1200 - 500
    assert await shop.audit() == []


async def test_a_claim_that_does_not_hold_is_refused_and_stays_free(shop: Shop) -> None:
    sale, _, claim = await claimed(shop)
    await shop.refused(shop.buy("bob", sale, claim=claim), "not_found")
    await shop.refused(shop.buy("ann", sale, claim="none"), "not_found")
    wine, cheap = await shop.open(sku="wine"), await shop.open(sku="cup", price=1)
    await shop.refused(shop.buy("ann", wine, claim=claim), "conflict")
    await shop.refused(shop.buy("ann", cheap, claim=claim), "conflict")
    await shop.refused(shop.buy("ann", sale, 11, claim=claim), "sold_out")
    little = await shop.claim("ann", await shop.give_out(percent=1))
    await shop.refused(shop.buy("ann", cheap, claim=little.claim), "conflict")
    assert [it.order for it in await shop.claims("ann")] == ["", ""]
    assert (await shop.buy("ann", sale, claim=claim)).off == 500


async def test_a_claim_can_be_used_until_the_coupon_ends_though_it_was_closed(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop, per_user=2)
    second = (await shop.claim("ann", coupon)).claim
    await shop.stop_giving(coupon)
    assert (await shop.buy("ann", sale, claim=claim)).off == 500
    await shop.ends_now(coupon)
    await shop.refused(shop.buy("ann", sale, claim=second), "ended")


async def test_the_same_key_with_another_claim_is_another_buy(shop: Shop) -> None:
    sale, _, claim = await claimed(shop)
    order = await shop.buy("ann", sale, key="k", claim=claim)
    assert await shop.buy("ann", sale, key="k", claim=claim) == order
    await shop.refused(shop.buy("ann", sale, key="k"), "key_reused")
    plain = await shop.buy("ann", sale, key="k2")
    await shop.refused(shop.buy("ann", sale, key="k2", claim=claim), "key_reused")
    assert (plain.off, plain.claim) == (0, "")


async def test_of_many_buys_with_one_claim_one_gets_it(
    shop: Shop, store: RoomStore, settings: Settings
) -> None:
    sale, coupon, claim = await claimed(shop)
    other = shop_on(store, settings)
    buys = [
        worker.buy("ann", sale, key=f"{n}-{name}", claim=claim)
        for n in range(10)
        for name, worker in (("a", shop), ("b", other))
    ]
    assert await codes(*buys) == ["conflict"] * 19 + ["ok"]
    assert (await shop.coupon(coupon)).used == 1
    assert await shop.audit() == []


# What becomes of a claim afterwards


async def test_cancelling_and_expiry_give_the_claim_back(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    cancelled = await shop.cancel(await shop.buy("ann", sale, claim=claim))
    assert cancelled.off == 500
    order = await shop.buy("ann", sale, claim=claim)
    await shop.lapse(order)
    await shop.sweeper.sweep([shop.id])
    assert (await shop.claims("ann"))[0].order == ""
    assert [bool(it["order"]) for it in await told(shop, "ann")] == [False, True] * 2 + [False]
    assert (await shop.coupon(coupon)).used == 0
    assert (await shop.buy("ann", sale, claim=claim)).off == 500


async def test_an_order_that_is_taken_back_has_used_its_claim_up(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    returned = await shop.take_back(await shop.pay(await shop.buy("ann", sale, claim=claim)))
    assert (await shop.claims("ann"))[0].order == returned.order
    await shop.refused(shop.buy("ann", sale, claim=claim), "conflict")
    assert (await shop.coupon(coupon)).used == 1
    assert (await shop.stats())["off:returned:CNY"] == 500
    assert await shop.audit() == []


async def expired(shop: Shop, sale: Sale, claim: str) -> Order:
    order = await shop.buy("ann", sale, claim=claim)
    await shop.lapse(order)
    await shop.sweeper.sweep([shop.id])
    return order


async def test_a_late_payment_takes_a_free_claim_again(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    late = await shop.charge(await expired(shop, sale, claim), "p1")
    assert (late.status, late.off) == ("paid", 500)
    assert (await shop.claims("ann"))[0].order == late.order
    assert (await shop.coupon(coupon)).used == 1
    await shop.refused(shop.buy("ann", sale, claim=claim), "conflict")


async def test_a_late_payment_is_due_back_when_the_claim_is_used_elsewhere(shop: Shop) -> None:
    sale, _, claim = await claimed(shop)
    late = await expired(shop, sale, claim)
    second = await shop.buy("ann", sale, claim=claim)
    assert (await shop.charge(late, "p1")).status == "refund_due"
    assert (await shop.claims("ann"))[0].order == second.order
    assert (await shop.pay(second)).off == 500


async def test_a_late_payment_is_due_back_when_the_coupon_is_over(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    late = await expired(shop, sale, claim)
    await shop.ends_now(coupon)
    assert (await shop.charge(late, "p1")).status == "refund_due"
    assert (await shop.claims("ann"))[0].order == ""


# Draws and waiting lists


@pytest.fixture
async def fair(store: RoomStore, make_settings: MakeSettings) -> Shop:
    """A shop whose sales begin with a draw that nobody makes before `make_due`."""
    shop = shop_on(store, make_settings(orders={"fair_window_ms": 10_000}), "fair")
    await shop.build()
    return shop


async def gathered(shop: Shop, *buys: Any) -> None:
    """Hand buys in until all are in their draws; then their buyers hang up."""
    tasks = [asyncio.create_task(buy) for buy in buys]
    while await shop.redis.hlen(shop.key("entries")) < len(tasks):
        await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def make_due(shop: Shop, *sales: Sale) -> None:
    """Move the end of the windows into the past and have the draws made."""
    for sale in sales:
        raw = ANY.decode(stored(await shop.redis.hget(shop.key("sales"), sale.sale)))
        over = raw | {"fair_until": 1}
        await shop.redis.hset(shop.key("sales"), sale.sale, shop.packed(over))
        await shop.redis.zadd(shop.key("due"), {f"{sale.sale}:draw": 1})
    await shop.sweeper.sweep([shop.id])


async def test_a_buy_keeps_its_claim_through_the_draw(fair: Shop) -> None:
    sale, _, claim = await claimed(fair)
    await gathered(fair, fair.buy("ann", sale, key="k", claim=claim))
    assert (await fair.claims("ann"))[0].order == ""
    await make_due(fair, sale)
    (order,) = await fair.own("ann")
    assert (order.claim, order.off) == (claim, 500)
    assert await fair.buy("ann", sale, key="k", claim=claim) == order
    assert await fair.audit() == []


async def test_a_claim_that_no_longer_holds_at_the_draw_is_refused(fair: Shop) -> None:
    sale, coupon, claim = await claimed(fair)
    await gathered(fair, fair.buy("ann", sale, key="k", claim=claim))
    await fair.ends_now(coupon)
    await make_due(fair, sale)
    assert await fair.own("ann") == []
    await fair.refused(fair.buy("ann", sale, key="k", claim=claim), "ended")


async def test_of_two_draws_with_one_claim_one_gets_it(fair: Shop) -> None:
    tea, coupon, claim = await claimed(fair)
    cup = await fair.open(sku="cup")
    await gathered(
        fair,
        fair.buy("ann", tea, key="tea", claim=claim),
        fair.buy("ann", cup, key="cup", claim=claim),
    )
    await make_due(fair, tea, cup)
    assert [order.claim for order in await fair.own("ann")] == [claim]
    assert (await fair.coupon(coupon)).used == 1
    again = (
        fair.buy("ann", tea, key="tea", claim=claim),
        fair.buy("ann", cup, key="cup", claim=claim),
    )
    assert await codes(*again) == ["conflict", "ok"]
    assert await fair.audit() == []


async def test_an_offer_to_the_waiting_list_uses_no_claim(shop: Shop) -> None:
    coupon, sale = await shop.give_out(), await shop.open(stock=1)
    first = await shop.buy("bob", sale, claim=(await shop.claim("bob", coupon)).claim)
    await shop.claim("ann", coupon)
    await shop.queue("ann", sale)
    await shop.cancel(first)
    (offer,) = await shop.own("ann")
    assert (offer.offer, offer.off, offer.total) == (True, 0, PRICE)
    assert (await shop.coupon(coupon)).used == 0
    assert await shop.audit() == []


# Audit and export


@pytest.mark.parametrize("what", ["used", "claimed", "status", "claim", "off", "terms", "list"])
async def test_a_changed_coupon_is_found(shop: Shop, what: str) -> None:
    sale, coupon, claim = await claimed(shop)
    order = await shop.buy("ann", sale, claim=claim)
    assert await shop.audit() == []
    places: dict[str, tuple[str, str, dict[str, Any]]] = {
        "claim": ("claims", claim, {"order": ""}),
        "off": ("orders", order.order, {"off": 1}),
        "terms": ("coupons", coupon.coupon, {"quota": 99}),
    }
    if what in places:
        key, field, change = places[what]
        raw = ANY.decode(stored(await shop.redis.hget(shop.key(key), field)))
        await shop.redis.hset(shop.key(key), field, shop.packed(raw | change))
    elif what == "list":
        twice = f" {coupon.coupon}/{claim}" * 2
        await shop.redis.hset(shop.key("claims_of"), "ann", twice)
    else:
        value = "closed" if what == "status" else 7
        await shop.redis.hset(shop.key("coupon_counts"), f"{coupon.coupon}:{what}", value)
    assert len(await shop.audit()) == 1


async def test_the_export_says_what_a_coupon_took_off(shop: Shop) -> None:
    sale, coupon, claim = await claimed(shop)
    await shop.buy("ann", sale, claim=claim)
    text = "".join([part async for part in shop.book.csv(shop.id)])
    head, row = (line.split(",") for line in text.splitlines())
    named = dict(zip(head, row, strict=True))
    assert (named["off"], named["coupon"], named["claim"]) == ("500", coupon.coupon, claim)
    assert named["order_total"] == str(PRICE - 500)
    assert (named["off_decimal"], named["price_decimal"]) == ("5.00", f"{PRICE / 100:.2f}")
    assert named["order_total_decimal"] == f"{(PRICE - 500) / 100:.2f}"
    created = datetime.fromisoformat(named["created"])
    assert int(created.timestamp() * 1000 + 0.5) == int(named["created_ms"])
