"""Every type of event is told once, to a receiver that holds each body to its schema."""

import re
from pathlib import Path

import msgspec
import pytest

from server.features.webhooks.events import TEST, known_kinds, wants
from server.features.webhooks.events import test_event as made_test_event
from server.house import HOUSE
from server.rooms.ledger_lines import LedgerLine, LineBook
from tests.conftest import MakeSettings
from tests.features.test_every_feature import told
from tests.orders.auction_house import AuctionHouse
from tests.orders.shop import Shop, shop_on
from tests.webhooks.conftest import Office
from tests.webhooks.receiver import SCHEMAS, Receiver, validator_of

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")


async def evening(shop: Shop) -> None:
    """Everything that can become of sales, coupons, orders and payments."""
    tea, wine = await shop.open(100), await shop.open(100, sku="wine", price=5000)
    await shop.restock(tea, 5)
    await shop.set_stock(tea, 90)
    coupon = await shop.give_out()
    claim = await shop.claim("ann", coupon)
    await shop.stop_giving(coupon)
    kept = await shop.pay(await shop.buy("ann", tea, 3, claim=claim.claim))
    await shop.take_back(kept, returned={tea.sale: 1}, restock=True)
    back = await shop.charge(await shop.buy("ann", tea, 2), "p1")
    await shop.take_back(back)
    lapsed = await shop.buy("ben", tea)
    await shop.lapse(lapsed)
    await shop.sweeper.sweep([shop.id])
    late = await shop.charge(lapsed, "p2")
    about_it = {
        "order": late.order, "payment": "p2", "amount": late.total, "currency": late.currency,
    }  # fmt: skip
    await shop.disputes.note(shop.id, "disputed", "d1", about_it)
    await shop.disputes.note(shop.id, "dispute_won", "d1", about_it)
    await shop.cancel(await shop.buy("ben", wine))
    await shop.close(wine)
    only = await shop.open(1)
    too_late = await shop.buy("cai", only)
    await shop.lapse(too_late)
    await shop.sweeper.sweep([shop.id])
    await shop.buy("dan", only)
    await shop.charge(too_late, "p3")  # and there are no units any more
    await shop.refunds.refunded(shop.id, "p3", too_late.total, "r3")
    await shop.price(await shop.open_standing(5), 1)
    await shop.queue("eve", only)
    await shop.restock(only, 1)


async def auctions(house: AuctionHouse) -> None:
    """One that is cancelled, and one whose hammer falls with the end of its stream."""
    await house.build()
    await house.call_off(await house.auction())
    auction = await house.auction()
    await house.bid("ann", auction, 500)
    await house.warn(auction)
    await house.run("phases.set", phase="ended", user="h")
    await house.do_what_is_due()


@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_every_type_is_told_and_every_body_fits_its_schema(
    office: Office, receiver: Receiver, make_settings: MakeSettings
) -> None:
    await office.endpoint(receiver)
    await evening(await office.shop("shop"))
    drawn = shop_on(office.store, make_settings(orders={"fair_window_ms": 1}), "drawn")
    await drawn.build()
    await drawn.buy("ann", await drawn.open())
    await auctions(AuctionHouse(office.store, make_settings(), "auctioned"))
    await office.tell()
    announced = (await told(make_settings, "follows", deaf=False)).lines
    seen = {each["type"] for each in receiver.taken} | {HOUSE.lines.type_of(e) for e in announced}
    assert set(HOUSE.lines.types) - seen == set()


def test_a_test_event_fits_its_schema_and_wrong_bodies_do_not() -> None:
    body = msgspec.json.decode(made_test_event("evt_1", 1_790_000_000_123, "oms").body)
    assert body["timestamp"] == "2026-09-21T14:13:20.123Z"
    validator = validator_of(TEST)
    assert list(validator.iter_errors(body)) == []
    for name in body:
        assert list(validator.iter_errors({**body, name: 7}))
        assert list(validator.iter_errors({k: v for k, v in body.items() if k != name}))
    assert list(validator.iter_errors(body | {"new": 1})) == []  # may come within a version


def test_each_schema_is_one_by_itself() -> None:
    for kind in SCHEMAS.types:
        schema = SCHEMAS.of(kind)
        validator_of(kind)
        assert schema["$id"] == f"/v1/schemas/{kind}.json"
        assert schema["title"] == kind


def test_an_endpoint_wants_whole_types_or_their_beginnings() -> None:
    assert wants([], "order.paid")
    assert wants(["order"], "order.paid")
    assert not wants(["order.pa"], "order.paid")
    assert not wants(["order"], "orders")
    assert {"order", "order.paid", "sale"} <= set(known_kinds(HOUSE.lines))


def test_two_features_cannot_declare_one_line() -> None:
    class OneLine(LedgerLine, tag="one", frozen=True, kw_only=True):
        """A line."""

    with pytest.raises(ValueError, match="both declare the ledger line `one`"):
        LineBook([("a", [OneLine]), ("b", [OneLine])])
    book = LineBook([("a", [OneLine])])
    assert book.type_of({"k": "one"}) == "one"
    assert book.type_of({"k": "new", "what": "made"}) == "new.made"  # by a newer server
    assert book.class_of({"k": "new"}) is None


def test_the_page_names_every_type_and_no_other() -> None:
    [listed] = re.findall(r"^Types: (.*?)An endpoint without", PAGE, re.MULTILINE | re.DOTALL)

    assert set(re.findall(r"`([a-z_.]+)`", listed)) == {"order", *HOUSE.lines.types}
