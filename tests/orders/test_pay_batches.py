"""A batch of payments gives what its payments give one by one, whatever the orders became."""

import asyncio
from random import Random
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from server.features.orders.messages import Order
from server.features.orders.outcomes import Outcome
from server.house import HOUSE, keys_under, store_on
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.reading import asked
from server.store.room_store import RoomStore
from tests.orders.shop import ANY, PRICE, Shop, shop_on
from tests.stored import stored, stored_hash

GARBAGE = b"\xc1 garbage"
_TIMES = {"at", "updated", "paid"}


async def an_evening(shop: Shop, random: Random) -> list[Order]:
    """Orders held, cancelled, lapsed and paid, some with a coupon, and too few units for all."""
    await shop.build()
    sales = [await shop.open(stock=14, per_user=4), await shop.open(stock=6, sku="cup")]
    coupon = await shop.give_out(quota=5, per_user=1)
    claims = {user: (await shop.claim(user, coupon)).claim for user in ("u0", "u1", "u2")}
    orders: list[Order] = []
    for n in range(40):
        user = f"u{random.randrange(8)}"
        try:
            bought = await shop.buy(
                user, random.choice(sales), random.randint(1, 2), claim=claims.get(user)
                if random.random() < 0.5 else None,
            )  # fmt: skip
        except CommandError:
            continue
        orders.append(bought)
        if n < 30:
            await random.choice([leave, leave, shop.cancel, shop.lapse, shop.pay])(bought)
            await shop.sweeper.sweep([shop.id])
    return orders


async def leave(_order: Order) -> None:
    """Leave the order held."""


def told_by_a_provider(orders: list[Order], random: Random) -> list[dict[str, Any]]:
    """Right, twice, wrong, for orders that are not there, under ids of other payments."""
    pays: list[dict[str, Any]] = []
    for n in range(60):
        order = random.choice(orders)
        amount = order.total + (random.random() < 0.15)
        known = pays and random.random() < 0.2
        payment = random.choice(pays)["payment"] if known else f"p{n}"
        order_id = "none" if random.random() < 0.05 else order.order
        pays.append({"order": order_id, "payment": payment, "amount": amount, "currency": "CNY"})
    return pays


async def copy_of(shop: Shop, redis: Redis, prefix: str, settings: Settings) -> Shop:
    """The same room, byte for byte, under other keys."""
    other = shop_on(store_on(redis, keys_under(prefix)), settings, shop.id)
    for name in HOUSE.room_keys:
        await redis.copy(shop.key(name), other.key(name))
    return other


def timeless(value: Any) -> Any:
    """The value without the times at which it was written."""
    if isinstance(value, dict):
        return {name: timeless(part) for name, part in value.items() if name not in _TIMES}
    return [timeless(part) for part in value] if isinstance(value, list) else value


def row(raw: bytes) -> Any:
    """A packed row without its times; other bytes as they are."""
    try:
        return timeless(ANY.decode(raw))
    except msgspec.MsgspecError:
        return raw


async def state(shop: Shop) -> dict[str, Any]:
    """All that a payment may change, but for times, and numbers of versions: a batch has one."""
    seen: dict[str, Any] = {}
    for name in ("orders", "payments", "claims", "cases", "bought", "stats", "coupon_counts"):
        found = stored_hash(await shop.redis.hgetall(shop.key(name)))
        seen[name] = {k: row(raw) for k, raw in found.items() if not k.endswith(b":ver")}
    stock = stored_hash(await shop.redis.hgetall(shop.key("stock")))
    seen["stock"] = {k: raw for k, raw in stock.items() if not k.endswith(b":ver")}
    for name in ("holds", "refunds"):
        seen[name] = sorted(await shop.redis.zrange(shop.key(name), 0, -1))
    seen["ledger"] = [timeless(line) for line in await shop.ledger()]
    events: list[Any] = await asked(shop.redis.xrange(shop.key("events"))) or []
    seen["told"] = [row(fields[b"e"]) for _, fields in events if b"u" in fields]
    return seen


def plain(outcome: Outcome) -> Any:
    return timeless(msgspec.to_builtins(outcome))


@pytest.mark.parametrize("seed", range(4))
async def test_a_batch_gives_what_its_payments_give_one_by_one(
    store: RoomStore, redis: Redis, prefix: str, settings: Settings, seed: int
) -> None:
    random = Random(seed)
    together = shop_on(store, settings)
    orders = await an_evening(together, random)
    pays = told_by_a_provider(orders, random)
    broken = random.choice(orders)
    await redis.hset(together.key("orders"), broken.order, GARBAGE)
    one_by_one = await copy_of(together, redis, f"{prefix}copy:", settings)

    outcomes = await together.payments._charged_batch(together.id, pays)
    singly = [(await one_by_one.payments._charged_batch(one_by_one.id, [pay]))[0] for pay in pays]

    assert [plain(outcome) for outcome in outcomes] == [plain(outcome) for outcome in singly]
    assert await state(together) == await state(one_by_one)
    assert {"", "conflict", "not_found", "internal"} >= {outcome.err for outcome in outcomes}
    assert "internal" in {outcome.err for outcome in outcomes}
    asked = [{"order": pay["order"], "user": f"u{random.randrange(8)}"} for pay in pays]
    payable = await together.payments._payable_batch(together.id, asked)
    alone = [(await together.payments._payable_batch(together.id, [each]))[0] for each in asked]
    assert payable == alone


@pytest.mark.parametrize("whole", [True, False])
async def test_an_order_that_cannot_be_read_stops_no_other_payment(shop: Shop, whole: bool) -> None:
    sale = await shop.open(stock=9)
    bad, *good = [await shop.buy(f"u{n}", sale) for n in range(3)]
    raw = ANY.decode(stored(await shop.redis.hget(shop.key("orders"), bad.order)))
    part = shop.packed(raw | {"created": "long ago"})  # no script looks at it, but the worker does
    await shop.redis.hset(shop.key("orders"), bad.order, GARBAGE if whole else part)

    outcomes = await asyncio.gather(
        *(shop.pay(order) for order in (good[0], bad, good[1])), return_exceptions=True
    )

    assert [getattr(outcome, "status", None) for outcome in outcomes] == ["paid", None, "paid"]
    assert getattr(outcomes[1], "code", "") == "internal"
    assert (await shop.stats())["charged:CNY"] == 2 * PRICE


async def test_of_a_late_payment_whose_sale_cannot_be_read_nothing_is_noted(shop: Shop) -> None:
    tea, cup = await shop.open(stock=5), await shop.open(stock=5, sku="cup")
    cart = await shop.buy_cart("ann", (tea, 1), (cup, 1))
    await shop.lapse(cart)
    await shop.sweeper.sweep([shop.id])
    await shop.redis.hset(shop.key("sales"), cup.sale, GARBAGE)

    await shop.refused(shop.charge(cart, "p1"), "internal")


async def test_a_room_full_of_payments_refuses_the_next_before_money_moves(
    shop: Shop,
) -> None:
    sale = await shop.open(stock=5)
    held = [await shop.buy(f"u{n}", sale) for n in range(2)]
    shop.payments._waiting_max = 1
    first, second = await asyncio.gather(*map(shop.pay, held), return_exceptions=True)

    assert isinstance(first, Order)
    assert isinstance(second, CommandError)
    assert (second.code, first.status) == ("unavailable", "paid")
    assert await shop.redis.hlen(shop.key("payments")) == 1
