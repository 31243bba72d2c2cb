"""Offers: written, changed, closed, found; what is picked keeps its terms."""

from typing import Any

from server.background.clock import unix_ms
from server.protocol.roles import Role
from tests.merchants.stall import (
    DAY_MS,
    GOODS,
    HOST,
    OFFERS,
    PICKS,
    SHIRT,
    Stall,
    an_offer,
)

FOUND = "/v1/hosts/h1/offers"
ADMIN: dict[str, Any] = {"user": "a", "role": Role.ADMIN}


async def found(stall: Stall, query: str = "", who: str = "h1") -> list[Any]:
    path = f"/v1/hosts/{who}/offers{query}"
    page = await stall.got(200, "GET", path, user=who, role=Role.HOST)
    offers: list[Any] = page["offers"]
    return offers


BAD: list[tuple[dict[str, Any], int, str, str]] = [
    ({"commission": 10_100}, 400, "bad_message", "10000"),
    ({"commission": -1}, 400, "bad_message", "0"),
    ({"discount": 10_001}, 400, "bad_message", "10000"),
    ({"ends": 1}, 400, "bad_message", "before it starts"),
    ({"starts": unix_ms() + 9 * DAY_MS}, 400, "bad_message", "before it starts"),
    ({"starts": 1, "ends": 2}, 400, "bad_message", "in the past"),
    ({"ends": unix_ms() + 400 * DAY_MS}, 409, "limit_reached", "within 366 days"),
    ({"goods": "hat"}, 404, "not_found", "no goods `hat`"),
    ({"coupon": "viewer"}, 400, "bad_message", "viewer"),
    ({"comission": 1}, 400, "bad_message", "did you mean `commission`"),
]


async def test_an_offer_that_makes_no_sense_is_refused_and_nothing_changes(stall: Stall) -> None:
    before = await stall.offer()
    for change, status, code, sentence in BAD:
        said = await stall.refused(status, code, "PUT", f"{OFFERS}/o", an_offer(**change))
        assert sentence in said
    [own] = (await stall.got(200, "GET", OFFERS))["offers"]
    assert own == {"offer": before, "title": "Linen shirt", "picks": 0}


async def test_only_who_acts_for_a_merchant_offers_and_only_the_merchants_goods(
    stall: Stall,
) -> None:
    await stall.got(200, "PUT", f"{GOODS}/shirt", SHIRT)
    for who in ({"user": "m2"}, HOST, {"user": "s2", "role": Role.VIEWER}):
        await stall.refused(403, "forbidden", "PUT", f"{OFFERS}/o", an_offer(), **who)
    others = "/v1/merchants/m2/offers/o"
    said = await stall.refused(404, "not_found", "PUT", others, an_offer(), user="m2")
    assert "no goods `shirt`" in said
    await stall.got(200, "PUT", f"{OFFERS}/o", an_offer(), user="s1", role=Role.VIEWER)
    await stall.refused(403, "forbidden", "GET", FOUND, user="h2", role=Role.HOST)


async def test_of_a_paused_merchant_nothing_is_offered_found_or_picked(stall: Stall) -> None:
    await stall.offer()
    paused = {"name": "M1", "state": "paused"}
    await stall.got(200, "PUT", "/v1/merchants/m1", paused, **ADMIN)
    for method, path, body, who in (
        ("PUT", f"{OFFERS}/o", an_offer(commission=1), {}),
        ("POST", PICKS, {"merchant": "m1", "offer": "o"}, HOST),
    ):
        said = await stall.refused(409, "conflict", method, path, body, **who)
        assert "`m1` is paused" in said
    assert await found(stall) == []


async def test_commission_and_the_platforms_share_are_no_more_than_the_whole(stall: Stall) -> None:
    await stall.got(200, "PUT", "/v1/merchants/m1", {"name": "M1", "fee": 500}, **ADMIN)
    await stall.offer(commission=9500)
    said = await stall.refused(409, "conflict", "PUT", f"{OFFERS}/o", an_offer(commission=9501))
    assert "9500" in said
    assert (await stall.pick())["fee"] == 500


async def test_what_is_picked_keeps_its_terms_until_the_host_takes_newer_ones(
    stall: Stall,
) -> None:
    await stall.offer(discount=500, coupon="merchant")
    pick = await stall.pick()
    assert await stall.pick() == pick, "picked twice is picked once"
    await stall.offer(commission=100, note="less now")
    assert await stall.pick() == pick

    [own] = (await stall.got(200, "GET", PICKS, **HOST))["picks"]
    assert own["pick"] == pick
    assert (pick["commission"], pick["discount"], pick["coupon"]) == (2000, 500, "merchant")
    assert (own["newer"]["commission"], own["over"]) == (100, "")

    newer = await stall.got(200, "PUT", f"{PICKS}/{pick['pick']}/terms", **HOST)
    assert (newer["pick"], newer["commission"], newer["coupon"]) == (pick["pick"], 100, "host")
    [own] = (await stall.got(200, "GET", PICKS, **HOST))["picks"]
    assert own["newer"] is None

    await stall.got(204, "DELETE", f"{OFFERS}/o")
    await stall.got(204, "DELETE", f"{OFFERS}/o")
    await stall.refused(409, "ended", "PUT", f"{PICKS}/{pick['pick']}/terms", **HOST)
    [own] = (await stall.got(200, "GET", PICKS, **HOST))["picks"]
    assert (own["pick"], own["newer"], own["over"]) == (newer, None, "")
    [seen] = (await stall.got(200, "GET", "/v1/merchants/m1/picks"))["picks"]
    assert seen == newer

    await stall.got(204, "DELETE", f"{PICKS}/{pick['pick']}", **HOST)
    assert (await stall.got(200, "GET", PICKS, **HOST))["picks"] == []
    [seen] = (await stall.got(200, "GET", "/v1/merchants/m1/picks"))["picks"]
    assert seen["dropped"]


async def test_an_offer_stays_about_its_goods_and_can_be_opened_again(stall: Stall) -> None:
    first = await stall.offer()
    hat = SHIRT | {"variants": [{"sku": "hat", "price": 5, "currency": "CNY"}]}
    await stall.got(200, "PUT", f"{GOODS}/hat", hat)
    said = await stall.refused(409, "conflict", "PUT", f"{OFFERS}/o", an_offer(goods="hat"))
    assert "`shirt`" in said
    await stall.got(204, "DELETE", f"{OFFERS}/o")
    again = await stall.offer()
    assert (first["version"], again["version"], again["state"]) == (1, 3, "open")


async def test_an_offer_is_found_by_words_tag_merchant_commission_and_price(stall: Stall) -> None:
    await stall.offer("shirts", note="new")
    hat = SHIRT | {
        "title": "Straw HAT 草帽",
        "tags": ["sun"],
        "variants": [{"sku": "hat", "price": 5000, "currency": "EUR"}],
    }
    await stall.got(200, "PUT", f"{GOODS}/hat", hat)
    await stall.got(200, "PUT", f"{OFFERS}/hats", an_offer(goods="hat", commission=3000))

    for query, expected in (
        ("", ["hats", "shirts"]),
        ("?q=hat", ["hats"]),
        ("?q=草帽", ["hats"]),
        ("?q=linen%20SHIRT", ["shirts"]),
        ("?q=50%25", []),
        ("?tag=Summer", ["shirts"]),
        ("?tag=summ", []),
        ("?merchant=m1", ["hats", "shirts"]),
        ("?merchant=m2", []),
        ("?commission=2001", ["hats"]),
        ("?currency=CNY", ["shirts"]),
        ("?currency=EUR&price_max=4999", []),
        ("?price_min=20000", ["shirts"]),
        ("?sort=commission&limit=1", ["hats"]),
        ("?sort=commission&limit=1&offset=1", ["shirts"]),
    ):
        assert [each["offer"] for each in await found(stall, query)] == expected, query

    [shirts] = await found(stall, "?q=shirt")
    assert (shirts["goods"]["price_min"], shirts["goods"]["price_max"]) == (19900, 20900)
    assert (shirts["goods"]["stock"], shirts["goods"]["flaws"]) == (5, ["creases"])
    assert (shirts["merchant_name"], shirts["note"], shirts["pick"]) == ("m1", "new", None)
    pick = await stall.pick("shirts")
    assert (await found(stall, "?q=shirt"))[0]["pick"] == pick["pick"]
    await stall.refused(400, "bad_message", "GET", f"{FOUND}?commission=10001", **HOST)


async def test_an_offer_that_is_over_or_to_come_is_not_picked(stall: Stall) -> None:
    await stall.offer("later", starts=unix_ms() + DAY_MS)
    wish = {"merchant": "m1", "offer": "later"}
    await stall.refused(409, "not_started", "POST", PICKS, wish, **HOST)
    assert [each["offer"] for each in await found(stall)] == ["later"]
    await stall.refused(
        404, "not_found", "POST", PICKS, {"merchant": "m1", "offer": "none"}, **HOST
    )
    await stall.offer("shut")
    await stall.got(204, "DELETE", f"{OFFERS}/shut")
    await stall.refused(409, "ended", "POST", PICKS, wish | {"offer": "shut"}, **HOST)


async def test_withdrawn_goods_are_neither_found_nor_picked(stall: Stall) -> None:
    await stall.offer()
    pick = await stall.pick()
    await stall.got(204, "DELETE", f"{GOODS}/shirt")
    assert await found(stall) == []
    wish = {"merchant": "m1", "offer": "o"}
    said = await stall.refused(
        409, "conflict", "POST", "/v1/hosts/h2/picks", wish, user="h2", role=Role.HOST
    )
    assert "withdrawn" in said
    [own] = (await stall.got(200, "GET", PICKS, **HOST))["picks"]
    assert (own["pick"]["pick"], own["over"]) == (
        pick["pick"],
        "The merchant has withdrawn these goods.",
    )
