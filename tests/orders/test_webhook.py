"""The payment provider's messages: signed, and harmless when late, doubled or out of order."""

import logging
import time
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from server.access.signing import HEADER, BadSignature, sign, verify
from server.features.orders.messages import Order
from server.features.payments.routes import PaymentRoutes
from server.features.payments.settings import PaymentSettings
from server.settings import Settings
from server.web.errors import errors_as_json
from tests.conftest import MakeSettings
from tests.orders.shop import PRICE, Shop

SECRET = b"a secret of the provider"


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    """Payments by webhook."""
    return make_settings(
        orders={"fair_window_ms": 0},
        payments={"provider": "webhook", "webhook_secret": SECRET.decode(), "tolerance_s": 60},
    )


@pytest.fixture
async def client(shop: Shop, settings: Settings) -> AsyncIterator[TestClient[Any, Any]]:
    app = web.Application(middlewares=[errors_as_json])
    payments = settings.section(PaymentSettings)
    for route in PaymentRoutes(
        shop.payments, shop.refunds, shop.disputes, shop.cases, payments
    ).routes():
        app.router.add_route(route.method, route.path, route.handler)
    async with TestClient(TestServer(app)) as client:
        yield client


def told(bought: Order, kind: str = "payment.succeeded", **changes: Any) -> bytes:
    event = {"type": kind, "room": bought.room, "order": bought.order, "payment": "p1",
             "amount": bought.total, "currency": bought.currency}  # fmt: skip
    return msgspec.json.encode(event | changes)


async def post(client: Any, body: bytes, header: str | None = None) -> int:
    header = sign(SECRET, int(time.time()), body) if header is None else header
    async with client.post("/v1/payments/events", data=body, headers={HEADER: header}) as answer:
        return int(answer.status)


async def test_a_signed_payment_pays_the_order_once(shop: Shop, client: Any) -> None:
    order = await shop.buy("ann", await shop.open())
    body = told(order)
    assert [await post(client, body) for _ in range(3)] == [200, 200, 200]
    assert (await shop.own("ann"))[0].status == "paid"
    assert (await shop.stats())["charged:CNY"] == PRICE


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1,v1=00",
        "v1=00",
        "t=,v1=",
        "t=x,v1=é",
        "t=" + "9" * 5000 + ",v1=00",
        "t=²,v1=00",
        # The id is the same in every process of a run; the time is not.
        pytest.param(sign(b"another secret", int(time.time()), b"x"), id="another secret"),
    ],
)
async def test_a_forged_message_changes_nothing(
    shop: Shop, client: Any, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    order = await shop.buy("ann", await shop.open())
    before = await shop.dump()
    with caplog.at_level(logging.WARNING):
        assert await post(client, told(order), header.encode("ascii", "ignore").decode()) == 403
    assert await shop.dump() == before
    assert SECRET.decode() not in caplog.text


async def test_a_replay_of_an_old_message_is_refused(shop: Shop, client: Any) -> None:
    body = told(await shop.buy("ann", await shop.open()))
    for at in (int(time.time()) - 61, int(time.time()) + 3600):
        assert await post(client, body, sign(SECRET, at, body)) == 403


async def test_a_signature_of_another_body_is_refused(shop: Shop, client: Any) -> None:
    order = await shop.buy("ann", await shop.open())
    header = sign(SECRET, int(time.time()), told(order))
    assert await post(client, told(order, amount=1), header) == 403


@pytest.mark.parametrize("changes", [{"type": 1}, {"amount": -1}, {"amount": 1.5}, {"room": ""}])
async def test_a_signed_message_that_cannot_be_read_is_refused(
    shop: Shop, client: Any, changes: dict[str, Any]
) -> None:
    body = told(await shop.buy("ann", await shop.open()), **changes)
    assert await post(client, body) == 400


async def test_a_refund_told_before_its_payment_is_to_be_sent_again(
    shop: Shop, client: Any
) -> None:
    sale = await shop.open(stock=1)
    order = await shop.cancel(await shop.buy("ann", sale))
    refund = told(order, "payment.refunded")
    assert await post(client, refund) == 404
    assert await post(client, told(order)) == 200
    assert await post(client, refund) == 200
    assert await post(client, refund) == 200
    money = (await shop.book.stats(shop.id)).money["CNY"]
    assert (money.refunded, money.refund_due, money.net) == (PRICE, 0, 0)
    assert await shop.audit() == []


async def test_a_payment_known_for_another_order_is_refused_and_logged_once(
    shop: Shop, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sale = await shop.open()
    first, second = await shop.buy("ann", sale), await shop.buy("bob", sale)
    assert await post(client, told(first)) == 200
    before = await shop.dump()
    with caplog.at_level(logging.WARNING):
        assert await post(client, told(second)) == 409
    (line,) = caplog.messages
    assert first.order in line
    assert second.order in line
    assert await shop.dump() == before


async def test_a_refund_in_part_counts_once_and_only_of_its_payment(
    shop: Shop, client: Any
) -> None:
    order = await shop.buy("ann", await shop.open(), 2)
    assert await post(client, told(order)) == 200
    part = {"refund": "r1", "amount": 300}
    refund = told(order, "payment.refunded", **part)
    assert [await post(client, refund) for _ in range(2)] == [200, 200]
    before = await shop.dump()
    for wrong in (
        {"currency": "EUR"}, {"amount": 301}, {"refund": "r2", "amount": order.total},
        {"refund": None}, {"order": "nope"},
    ):  # fmt: skip
        assert await post(client, told(order, "payment.refunded", **part | wrong)) == 409
    assert await shop.dump() == before
    money = (await shop.book.stats(shop.id)).money["CNY"]
    assert (money.refunded, money.net) == (300, order.total - 300)
    assert await shop.audit() == []


async def test_disputes_and_declined_payments_are_noted_once_as_cases(
    shop: Shop, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    order = await shop.buy("ann", await shop.open())
    with caplog.at_level(logging.WARNING):
        for kind in ("payment.failed", "payment.succeeded", "payment.disputed", "payment.disputed"):
            assert await post(client, told(order, kind, reason="not mine")) == 200
        assert await post(client, told(order, "payment.disputed", order="nope")) == 404
        assert await post(client, told(order, "payout.paid")) == 200
    cases = [line["case"] for line in await shop.ledger() if line["k"] == "case"]
    assert [(case["what"], case["reason"]) for case in cases] == [
        ("failed", "not mine"), ("disputed", "not mine"),
    ]  # fmt: skip
    assert "disputed, payment p1" in caplog.text
    assert "'payout.paid'" in caplog.text
    assert (await shop.own("ann"))[0].status == "paid"
    assert await shop.audit() == []


async def test_a_dispute_is_noted_until_the_bank_has_decided_and_told_again_changes_nothing(
    shop: Shop, client: Any
) -> None:
    order = await shop.buy("ann", await shop.open())
    await post(client, told(order, "payment.succeeded"))
    for kind, about, disputed, back in (
        ("payment.disputed", {"amount": 900}, 900, 0),
        ("payment.dispute_lost", {"amount": 700}, 0, 700),
        ("payment.disputed", {"amount": 900}, 0, 700),
    ):
        message = told(order, kind, dispute="d1", **about)
        assert await post(client, message) == 200
        before = await shop.dump()
        assert await post(client, message) == 200
        assert await shop.dump() == before
        [now] = await shop.own("ann")
        assert (now.status, now.disputed, now.back) == ("paid", disputed, back)
    cases = [line["case"] for line in await shop.ledger() if line["k"] == "case"]
    assert [(case["case"], case["amount"]) for case in cases] == [
        ("disputed:d1", 900), ("dispute_lost:d1", 700),
    ]  # fmt: skip
    assert await shop.audit() == []


async def test_a_dispute_that_can_not_be_true_is_refused_and_changes_nothing(
    shop: Shop, client: Any
) -> None:
    order, other = (
        await shop.buy("ann", await shop.open()),
        await shop.buy("ben", await shop.open()),
    )
    for each, payment in ((order, "p1"), (other, "p2")):
        await post(client, told(each, "payment.succeeded", payment=payment))
    await post(client, told(order, "payment.disputed", dispute="d1", amount=900))
    await post(client, told(order, "payment.dispute_won", dispute="d2"))
    before = await shop.dump()
    for status, kind, wrong in (
        (404, "disputed", {"payment": "p9"}),
        (404, "disputed", {"order": "nope"}),
        (409, "disputed", {"payment": "p2"}),
        (409, "disputed", {"currency": "EUR"}),
        (409, "disputed", {"amount": 901}),
        (409, "dispute_won", {"order": other.order, "payment": "p2"}),
        (409, "dispute_lost", {"dispute": "d2"}),
        (400, "disputed", {"amount": -1}),
        (400, "dispute_lost", {"dispute": ""}),
    ):
        message = told(order, f"payment.{kind}", **({"dispute": "d1", "amount": 900} | wrong))
        assert await post(client, message) == status, (kind, wrong)
    assert await shop.dump() == before


async def test_a_bank_that_takes_more_than_was_left_is_told_to_the_operator(
    shop: Shop, client: Any, caplog: pytest.LogCaptureFixture
) -> None:
    order = await shop.buy("ann", await shop.open())
    await post(client, told(order, "payment.succeeded"))
    await post(client, told(order, "payment.refunded", amount=300, refund="r1"))
    with caplog.at_level(logging.WARNING):
        assert await post(client, told(order, "payment.dispute_lost", dispute="d1")) == 200
    assert f"took {order.total}, and of its payment p1 only {order.total - 300} were" in caplog.text
    money = (await shop.book.stats(shop.id)).money["CNY"]
    assert (money.refunded, money.net) == (order.total, 0)
    assert await shop.audit() == []


@pytest.mark.parametrize("code", ["\udcff", "é"])
def test_a_signature_that_is_no_ascii_is_refused(code: str) -> None:
    with pytest.raises(BadSignature):
        verify(SECRET, f"t=1,v1={code}", b"x", 1, 60)


async def test_a_body_nested_too_deeply_is_refused(client: Any) -> None:
    assert await post(client, b'{"x":' + b"[" * 30_000) == 400


async def test_an_unknown_order_is_not_found(shop: Shop, client: Any) -> None:
    order = await shop.buy("ann", await shop.open())
    assert await post(client, told(order, order="nope")) == 404
