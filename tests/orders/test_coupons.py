"""Coupons: never more given out than promised, each used in one order at most."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from server.house import HOUSE
from server.rooms.timeline import read
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.claiming import claimed, codes, told
from tests.orders.shop import ANY, PRICE, Shop, shop_on
from tests.stored import stored


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
