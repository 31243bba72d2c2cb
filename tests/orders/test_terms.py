"""On which terms a host sells a merchant's goods: frozen when the sale opens, and in each order."""

from typing import Any

import pytest

from server.features.ledger.ledger import read
from server.features.terms.messages import Terms
from server.house import HOUSE
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.orders.auction_house import AuctionHouse
from tests.orders.sharing import GRANTED
from tests.orders.shop import ANY, Shop, shop_on
from tests.stored import stored

TEA = {"merchant": "m1", "goods": "g1", "commission": 2000, "fee": 300, "coupon": "merchant"}


@pytest.fixture
async def shop(store: RoomStore, settings: Settings) -> Shop:
    """A shop whose merchants grant all that is asked for."""
    shop = shop_on(store, settings, transfers=GRANTED)
    await shop.build()
    return shop


async def agree(shop: Shop, sku: str, terms: dict[str, Any]) -> None:
    await shop.redis.hset(shop.key("terms"), sku, shop.packed(Terms(**terms)))


async def first_lines(shop: Shop) -> list[dict[str, Any]]:
    lines = [line async for chunk in read(shop.store, shop.id) for _, line in chunk]
    return [line for line in lines if line["k"] == "order" and "was" not in line]


async def test_an_order_keeps_the_terms_of_the_moment_its_sale_opened(shop: Shop) -> None:
    await agree(shop, "tea", TEA)
    tea = await shop.open()
    cup = await shop.open(sku="cup")
    await agree(shop, "tea", TEA | {"commission": 1})

    cart = await shop.buy_cart("ann", (cup, 1), (tea, 2))
    alone = await shop.buy("ben", cup)

    assert [(line.merchant, line.goods) for line in cart.lines] == [("", ""), ("m1", "g1")]
    with_terms, without = await first_lines(shop)
    assert with_terms["terms"] == [False, TEA]
    assert "terms" not in without
    assert "terms" not in await shop.run("sales.close", sale=tea.sale)  # the wire has none
    assert alone.lines[0].merchant == ""
    assert await shop.audit() == []


async def test_nothing_sells_goods_for_less_than_their_merchant_asks(
    store: RoomStore, settings: Settings
) -> None:
    house = AuctionHouse(store, settings, transfers=GRANTED)
    await house.build()
    await agree(house, "tea", TEA)
    lowest = house.packed({"merchant": "m1", "lowest": 500})
    await house.redis.hset(house.key("picked"), "tea", lowest)
    standing = await house.open_standing(price=600)

    for below in (
        house.open(price=499),
        house.open(price=499, base=standing.sale, stock=1),
        house.price(standing, 499),
        house.auction(opening=499),
        house.auction(opening=1, reserve=499),
    ):
        refused = await house.refused(below, "conflict")
        assert refused.msg == (
            "The merchant `m1` lets `tea` be sold at 500 or more, in the minor unit, not at 499."
        )
    assert (await house.price(standing, 500)).price == 500
    assert (await house.auction(opening=1, reserve=500)).merchant == "m1"
    assert await house.audit() == []


async def test_without_terms_the_stored_sale_and_order_are_as_ever(shop: Shop) -> None:
    sale = await shop.open()
    order = await shop.buy("ann", sale)
    fixed = ANY.decode(stored(await shop.redis.hget(shop.key("sales"), sale.sale)))
    packed = ANY.decode(stored(await shop.redis.hget(shop.key("orders"), order.order)))
    assert "terms" not in fixed
    assert set(packed["lines"][0]) == {"sale", "sku", "title", "qty", "price"}


async def test_the_platforms_fee_is_frozen_for_a_hosts_own_goods(
    store: RoomStore, settings: Settings
) -> None:
    own = HOUSE.settings_model.model_validate(
        settings.model_dump() | {"accounts": {"platform_fee_bps": 250}}
    )
    shop = shop_on(store, own, transfers=GRANTED)
    await shop.build()
    await agree(shop, "cup", TEA | {"fee": 0})
    await shop.buy("ann", await shop.open())
    await shop.buy("ann", await shop.open(sku="cup"))
    own_goods, picked = await first_lines(shop)
    assert own_goods["terms"] == [{"merchant": "", "goods": "", "fee": 250}]
    assert own_goods["order"]["lines"][0].keys() == {"sale", "sku", "title", "qty", "price"}
    assert "fee" not in picked["terms"][0]  # a merchant's own share counts, were it none


async def test_terms_that_give_away_more_than_the_whole_open_no_sale(shop: Shop) -> None:
    await agree(shop, "tea", TEA | {"commission": 9_800})
    await shop.refused(shop.open(), "conflict")
    assert await shop.redis.hlen(shop.key("sales")) == 0
