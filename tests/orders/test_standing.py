"""The ordinary sale of a product: a price and stock on the shelf, and flash sales on top of it."""

import re
from pathlib import Path

import pytest

import server
from server.features.sales.messages import SaleOpen
from server.protocol.codes import CommandError
from tests.orders.shop import PRICE, Shop

DAY_S = 86_400
YEAR_MS = 365 * DAY_S * 1000
FREEING = {"offer_hold_s", "orders_per_user_max"}


async def test_a_standing_sale_has_no_draw_and_no_end_and_holds_for_a_day(shop: Shop) -> None:
    sale = await shop.open_standing(stock=1, hold_s=DAY_S)

    order = await shop.buy("ann", sale)

    assert (sale.kind, sale.ends, sale.fair_until, sale.draw_hash) == ("standing", 0, 0, "")
    assert order.hold_until - order.created == DAY_S * 1000
    await shop.refused(shop.open(hold_s=DAY_S), "limit_reached")
    assert await shop.audit() == []


async def test_a_product_has_one_standing_sale_until_that_is_closed(shop: Shop) -> None:
    sale = await shop.open_standing()
    refusal = await shop.refused(shop.open_standing(), "conflict")
    assert sale.sale in refusal.msg

    await shop.close(sale)

    assert (await shop.open_standing()).status == "open"
    assert await shop.audit() == []


@pytest.mark.parametrize("wrong", [{"lasts_s": 60}, {"base": "s1"}, {"starts_in_s": 9}])
async def test_what_a_standing_sale_cannot_have_is_refused(shop: Shop, wrong: dict) -> None:  # type: ignore[type-arg]
    fields = {"starts_at": 1_900_000_000_000} | wrong
    await shop.refused(shop.open_standing(**fields), "bad_message")


async def test_it_is_over_when_its_product_leaves_the_shelf(shop: Shop) -> None:
    standing, flash = await shop.open_standing(), await shop.open()

    await shop.run("shelf.remove", sku="tea")
    await shop.sweeper.sweep([shop.id])

    assert (await shop.sale(standing)).status == "closed"
    assert (await shop.sale(flash)).status == "open"
    assert await shop.audit() == []


async def test_units_move_to_a_flash_sale_and_back_and_each_step_is_recorded(shop: Shop) -> None:
    standing = await shop.open_standing(stock=10)
    flash = await shop.open(stock=4, base=standing.sale, price=PRICE // 2)
    assert await shop.counters(standing) == (6, 6, 0, 0)
    paid = await shop.pay(await shop.buy("ann", flash, 2))
    held = await shop.buy("bob", flash)

    await shop.close(flash)
    assert await shop.counters(flash) == (3, 0, 1, 2)
    assert await shop.counters(standing) == (7, 7, 0, 0)
    await shop.cancel(held)  # after the end
    await shop.take_back(paid, restock=True, returned={flash.sale: 1})

    assert await shop.counters(flash) == (1, 0, 0, 1)
    assert await shop.counters(standing) == (9, 9, 0, 0)
    moves = [line for line in await shop.ledger() if line.get("moved")]
    assert [(line["sale"], line["add"]) for line in moves] == [
        (standing.sale, -4), (flash.sale, 4),
        (flash.sale, -1), (standing.sale, 1),
        (flash.sale, -1), (standing.sale, 1),
        (flash.sale, -1), (standing.sale, 1),
    ]  # fmt: skip
    assert await shop.audit() == []


async def test_what_a_closed_flash_sale_gives_back_goes_to_who_waits_at_its_base(
    shop: Shop,
) -> None:
    standing = await shop.open_standing(stock=3)
    flash = await shop.open(stock=3, base=standing.sale)
    assert await shop.queue("ann", standing, 2) == 1

    await shop.close(flash)

    assert [order.lines[0].sale for order in await shop.own("ann")] == [standing.sale]
    assert await shop.counters(standing) == (3, 1, 2, 0)
    assert await shop.audit() == []


def test_each_script_that_may_give_units_back_is_told_how_to_offer_them() -> None:
    gives = re.compile(r"\b(give_back|take_units|close_sale|close_all|offer)\(|\bfreed\b")
    told = re.compile(r"^-- args: (.*?)^-- returns:", re.MULTILINE | re.DOTALL)
    giving: dict[str, set[str]] = {}
    for path in (Path(server.__file__).parent / "features").rglob("[!_]*.lua"):
        text = path.read_text("utf-8")
        args = told.search(text)
        if args and gives.search(re.sub("--.*", "", text)):
            giving[path.name] = set(args[1].split())

    assert {"close.lua", "cancel.lua", "due.lua", "take_back.lua"} <= giving.keys()
    missing = {name for name, args in giving.items() if FREEING - args}
    assert missing == set()


@pytest.mark.parametrize("how", ["it", "all"])
async def test_what_comes_home_from_a_closed_sale_is_offered_to_who_waits(
    shop: Shop, how: str
) -> None:
    standing = await shop.open_standing(stock=1)
    flash = await shop.open(stock=1, base=standing.sale)
    await shop.queue("ann", standing)

    await (shop.close(flash) if how == "it" else shop.sales.close_all(shop.id))

    if how == "it":
        assert await shop.counters(standing) == (1, 0, 1, 0)
    await shop.buy("bob", await shop.open(stock=1))
    assert await shop.audit() == []


async def test_a_flash_sale_takes_no_more_than_its_base_has(shop: Shop) -> None:
    standing = await shop.open_standing(stock=3)
    await shop.buy("ann", standing)
    await shop.refused(shop.open(stock=3, base=standing.sale), "conflict")
    await shop.refused(shop.open(stock=1, sku="cup", base=standing.sale), "conflict")
    flash = await shop.open(stock=2, base=standing.sale)
    await shop.refused(shop.open(stock=1, base=flash.sale), "conflict")

    refusal = await shop.refused(shop.restock(flash, 1), "conflict")
    lowered = await shop.set_stock(flash, 1)

    assert refusal.msg == (
        "This sale takes its units from the standing sale of `tea`, which has 0 left; add units "
        "there first."
    )
    assert (lowered.allocated, lowered.left) == (1, 1)
    assert await shop.counters(standing) == (2, 1, 1, 0)
    assert await shop.audit() == []


async def test_an_offer_is_held_as_long_as_any_order_of_a_standing_sale(shop: Shop) -> None:
    standing, flash = await shop.open_standing(stock=1, hold_s=DAY_S), await shop.open(stock=1)
    held = [await shop.buy("ann", sale) for sale in (standing, flash)]
    for sale in (standing, flash):
        await shop.queue("bob", sale)
    for order in held:
        await shop.cancel(order)

    offers = {order.lines[0].sale: order for order in await shop.own("bob")}

    times = [offers[sale.sale].hold_until - offers[sale.sale].created for sale in (standing, flash)]
    assert times == [DAY_S * 1000, 30_000]


async def test_a_sale_starts_at_a_clock_time(shop: Shop) -> None:
    now = await shop.now_ms()
    later = await shop.open(starts_at=now + DAY_S * 1000, lasts_s=60)

    assert (later.status, later.starts) == ("scheduled", now + DAY_S * 1000)
    assert later.ends == later.starts + 60_000
    assert (await shop.refused(shop.buy("ann", later), "not_started")).retry_ms is not None
    await shop.refused(shop.open(starts_at=1), "conflict")
    await shop.refused(shop.open(starts_at=now + 2 * YEAR_MS), "limit_reached")


async def test_a_price_that_rose_is_not_charged_unseen(shop: Shop) -> None:
    standing = await shop.open_standing(price=1000)
    await shop.price(standing, 1200)

    refusal = await shop.refused(
        shop.buy_cart("ann", (standing, 2), at_most=2000, key="k"), "conflict"
    )
    order = await shop.buy_cart("ann", (standing, 2), at_most=2400, key="k")

    assert "2400 now" in refusal.msg
    assert order.total == 2400
    await shop.price(standing, 900)
    again = await shop.buy_cart("ann", (standing, 2), at_most=1, key="k")
    assert again == order
    assert await shop.audit() == []


async def test_only_a_standing_price_changes_and_the_same_is_no_news(shop: Shop) -> None:
    standing, flash = await shop.open_standing(), await shop.open()
    await shop.refused(shop.price(flash, 1), "conflict")
    before = await shop.dump()
    assert await shop.price(standing, PRICE) == await shop.sale(standing)
    assert await shop.dump() == before
    await shop.close(standing)
    await shop.refused(shop.price(standing, 1), "ended")


async def test_whoever_finds_too_few_is_counted_once_until_served(shop: Shop) -> None:
    standing, flash = await shop.open_standing(stock=1), await shop.open(stock=1)
    first = await shop.buy("ann", standing)
    for sale in (standing, standing, flash):
        with pytest.raises(CommandError):
            await shop.buy("bob", sale, 2)
    await shop.queue("cat", standing)

    assert (await shop.book.stats(shop.id)).unmet == {"tea": 2}
    assert await shop.unmet() == {"tea": {"bob", "cat"}}
    await shop.cancel(first)  # cat is offered it
    assert (await shop.book.stats(shop.id)).unmet == {"tea": 1}
    await shop.buy("bob", flash)
    assert (await shop.book.stats(shop.id)).unmet == {}
    lines = [line for line in await shop.ledger() if line["k"] == "unmet"]
    assert [(line["what"], line["users"]) for line in lines] == [
        ("wanted", ["bob"]), ("wanted", ["cat"]), ("served", ["cat"]), ("served", ["bob"]),
    ]  # fmt: skip
    assert await shop.audit() == []


async def test_the_audit_sees_a_count_of_unmet_wants_that_is_wrong(shop: Shop) -> None:
    sale = await shop.open(stock=1)
    with pytest.raises(CommandError):
        await shop.buy("bob", sale, 2)

    await shop.redis.hincrby(shop.key("stats"), "unmet:tea", 1)
    await shop.redis.hset(shop.key("unmet"), "3:eve/tea", "1")

    assert len(await shop.audit()) == 2


async def test_the_fields_of_a_sale_have_their_defaults(shop: Shop) -> None:
    """A client of the version before sends none of them."""
    cmd = SaleOpen(ref=1, sku="tea", price=1, stock=1, per_user=1, hold_s=60)
    assert (cmd.kind, cmd.base, cmd.starts_at) == ("flash", None, None)
    assert (await shop.open()).kind == "flash"
