"""Disputes hold the money of their orders until the bank decides, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select, update

from server.features.accounts.corrections import Corrections
from server.features.accounts.journal import Move
from server.features.accounts.leaving import OpenDisputes
from server.features.accounts.payout_ports import SandboxPort
from server.features.accounts.payouts import Payouts
from server.features.accounts.releases import Releases
from server.features.accounts.statements import Statements
from server.features.accounts.tables import ENTRIES, ORDERS
from server.features.orders.messages import Order
from server.house import keys_under, store_on
from server.records.database import Database
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.shop import Shop
from tests.records.evening import copy_all
from tests.records.test_accounts import (
    ALL,
    CUP,
    LATER,
    TEA,
    agree,
    differences,
    fold_all_again,
    held,
    market_in,
    tables,
)

Held = dict[str, int]


class Desk:
    """A room of two merchants, and an operator who copies, releases and pays out."""

    def __init__(self, shop: Shop, records: Database, settings: Settings) -> None:
        self.shop = shop
        self.records = records
        self.settings = settings
        self.payouts = Payouts(records, SandboxPort(records))

    async def cart(self, user: str = "ann") -> Order:
        """A paid order of three teas of m1 and two cups of m2, of 73.47 in all with 5.00 off."""
        tea, cup = self.sales
        claim = await self.shop.claim(user, self.coupon)
        bought = await self.shop.buy_cart(user, (tea, 3), (cup, 2), claim=claim.claim)
        return await self.shop.pay(bought)

    async def build(self) -> None:
        await agree(self.shop, tea=TEA, cup=CUP)
        self.sales = (
            await self.shop.open(100, price=1999), await self.shop.open(100, sku="cup", price=925)
        )  # fmt: skip
        self.coupon = await self.shop.give_out()

    async def copy(self) -> None:
        await copy_all(self.shop.store, self.records, self.settings)

    async def now(self) -> Held:
        """What the accounts hold, after everything was copied, folded again and audited."""
        await self.copy()
        before, money = await tables(self.records), await held(self.records)
        await fold_all_again(self.records)
        assert await tables(self.records) == before
        assert await held(self.records) == money
        assert await differences(self.shop.store, self.records) == {}
        assert await self.shop.audit() == []
        assert sum(money.values()) == 0
        return {account: amount for (account, _), amount in money.items()}

    async def release(self) -> int:
        return await Releases(self.records, 0).release(LATER)

    async def pay_out(self, batch: str) -> dict[str, int]:
        """owner -> what it is paid."""
        made = await self.payouts.make(batch, by="root")
        await self.payouts.send()
        return {payout.owner: payout.amount for payout in made.payouts}


@pytest.fixture
async def desk(
    make_settings: MakeSettings, records_url: str, records: Database
) -> AsyncIterator[Desk]:
    settings = make_settings(records={"url": records_url}, orders={"fair_window_ms": 0})
    redis = connect(settings.redis.url, settings.redis)
    store: RoomStore = store_on(redis, keys_under(settings.redis.key_prefix))
    desk = Desk(await market_in(store, settings, "r1"), records, settings)
    await desk.build()
    yield desk
    await redis.aclose()


def at(stage: str, accounts: Held) -> Held:
    """What owners have at a stage, by owner."""
    return {a.rpartition("/")[0]: n for a, n in accounts.items() if a.endswith(f"/{stage}")}


OWNERS = {"host/h", "merchant/m1", "merchant/m2"}


async def test_a_dispute_holds_the_shares_of_all_owners_until_it_is_won(desk: Desk) -> None:
    order = await desk.cart()
    paid = await desk.now()
    assert at("pending", paid).keys() == OWNERS

    await desk.shop.dispute(order, reason="not mine")
    disputed = await desk.now()
    assert at("held", disputed) == at("pending", paid)
    assert at("pending", disputed) == {}
    assert await desk.release() == 0
    for owner, amount in at("held", disputed).items():
        [statement] = await Statements(desk.records).of(owner, ALL)
        assert (statement.closing.held, statement.closing.pending) == (amount, 0)
        assert sum(each.amount for each in statement.sums) == amount

    await desk.shop.dispute(order, "dispute_won")
    assert await desk.now() == paid
    assert await desk.release() == 1
    assert at("available", await desk.now()) == at("pending", paid)


async def test_a_lost_dispute_takes_the_shares_and_the_money_is_with_the_buyer(desk: Desk) -> None:
    order = await desk.cart()
    await desk.shop.dispute(order)
    await desk.now()
    noted = await desk.shop.dispute(order, "dispute_lost")
    assert (noted.news, noted.taken) == (True, order.total)
    assert await desk.now() == {}
    [statement] = await Statements(desk.records).of("merchant/m1", ALL)
    assert {each.event for each in statement.sums} == {"paid", "disputed", "dispute_lost"}
    [now] = await desk.shop.own("ann")
    assert (now.status, now.back, now.disputed) == ("paid", order.total, 0)


async def test_every_step_counts_once_however_often_and_in_whatever_order_it_is_told(
    desk: Desk,
) -> None:
    order, other = await desk.cart(), await desk.cart("ben")
    paid = await desk.now()
    for _ in range(3):
        await desk.shop.dispute(order)
    once = await desk.now()
    await asyncio.gather(*(desk.shop.dispute(order, "dispute_lost") for _ in range(5)))
    lost = await desk.now()
    for what in ("dispute_lost", "disputed"):
        assert (await desk.shop.dispute(order, what)).news is False
    # Of the other one the bank's decision comes first.
    await desk.shop.dispute(other, "dispute_won", "d2")
    await desk.shop.dispute(other, "disputed", "d2")
    assert await desk.now() == lost
    assert at("held", once) == {
        owner: amount - at("pending", lost)[owner] for owner, amount in at("pending", paid).items()
    }


async def test_a_dispute_after_the_payout_is_a_debt_until_it_is_won(desk: Desk) -> None:
    order = await desk.cart()
    shares = at("pending", await desk.now())
    await desk.release()
    assert await desk.pay_out("b1") == shares
    await desk.shop.dispute(order)
    disputed = await desk.now()
    assert at("held", disputed) == shares
    assert at("available", disputed) == {owner: -amount for owner, amount in shares.items()}
    await desk.cart("ben")
    await desk.copy()
    await desk.release()
    assert await desk.pay_out("b2") == {}  # what comes later nets it first
    await desk.shop.dispute(order, "dispute_won")
    assert at("held", await desk.now()) == {}
    assert await desk.pay_out("b3") == shares  # those of the second order


async def test_a_dispute_that_is_lost_after_the_payout_stays_a_debt_that_is_netted(
    desk: Desk,
) -> None:
    order = await desk.cart()
    shares = at("pending", await desk.now())
    await desk.release()
    await desk.pay_out("b1")
    await desk.shop.dispute(order)
    await desk.shop.dispute(order, "dispute_lost")
    now = await desk.now()
    assert at("available", now) == {owner: -amount for owner, amount in shares.items()}
    assert now.get("buyers/refunds", 0) == now.get("buyers/money", 0) == 0
    [statement] = await Statements(desk.records).of("merchant/m1", ALL)
    assert statement.debt == shares["merchant/m1"]
    earned = [Move("merchant/m1/available", "CNY", statement.debt + 70),
              Move("platform/corrections", "CNY", -statement.debt - 70)]  # fmt: skip
    await Corrections(desk.records).correct("k", earned, by="root", reason="as if it were earned")
    assert await desk.pay_out("b2") == {"merchant/m1": 70}


async def test_what_is_disputed_and_what_comes_back_add_up_in_any_order(desk: Desk) -> None:
    """Units come back and a part is refunded before, while and after the dispute is open."""
    tea, cup = desk.sales
    order = await desk.cart()
    payment = f"sandbox-{order.order}"
    await desk.shop.take_back(order, returned={tea.sale: 1})
    await desk.shop.refunds.refunded("r1", payment, (await desk.shop.own("ann"))[0].back, "r1")
    await desk.shop.refunds.refunded("r1", payment, 400, "gift")
    before = await desk.now()
    await desk.shop.dispute(order)  # of the whole total, though not all of it is left
    disputed = await desk.now()
    assert at("held", disputed) == at("pending", before)
    await desk.shop.take_back(order, returned={cup.sale: 1})
    less = await desk.now()
    assert sum(at("held", less).values()) < sum(at("held", disputed).values())
    assert at("pending", less) == {}
    noted = await desk.shop.dispute(order, "dispute_lost")
    assert noted.taken < order.total
    beyond = order.total - noted.taken
    left = {"platform/disputes": -beyond, "buyers/money": beyond}
    assert await desk.now() == left
    await desk.shop.take_back(order)  # the goods come, and nothing is due for them any more
    await desk.shop.refunds.sweep("r1")
    assert await desk.now() == left


async def test_what_a_bank_takes_beyond_its_payment_is_the_platforms_until_somebody_else_pays_it(
    desk: Desk,
) -> None:
    order = await desk.cart()
    await desk.shop.dispute(order, amount=order.total + 1500)  # with the bank's own fee
    noted = await desk.shop.dispute(order, "dispute_lost", amount=order.total + 1500)
    assert noted.taken == order.total
    assert await desk.now() == {"platform/disputes": -1500, "buyers/money": 1500}
    await desk.shop.dispute(order, "dispute_lost", amount=order.total + 1500)  # told again
    assert await desk.now() == {"platform/disputes": -1500, "buyers/money": 1500}

    moves = [Move("platform/disputes", "CNY", 1500), Move("merchant/m1/available", "CNY", -1500)]
    await Corrections(desk.records).correct("fee", moves, by="root", reason="The bank's fee.")
    assert await desk.now() == {"merchant/m1/available": -1500, "buyers/money": 1500}


async def test_a_whole_return_while_a_dispute_is_open_leaves_nothing_held(desk: Desk) -> None:
    order = await desk.cart()
    await desk.shop.dispute(order)
    await desk.shop.take_back(order)
    now = await desk.now()
    assert at("held", now) == at("pending", now) == {}
    await desk.shop.dispute(order, "dispute_lost")  # it was given back by this, and not twice
    assert await desk.now() == {}
    assert await desk.shop.refunds.sweep("r1") == 0


async def test_two_disputes_of_parts_hold_no_more_than_the_order(desk: Desk) -> None:
    order = await desk.cart()
    paid = at("pending", await desk.now())
    await desk.shop.dispute(order, dispute="d1", amount=3000)
    part = await desk.now()
    assert all(0 < n < paid[owner] for owner, n in at("held", part).items())
    assert {o: at("held", part)[o] + at("pending", part)[o] for o in paid} == paid
    await desk.shop.dispute(order, dispute="d2", amount=order.total)
    assert at("held", await desk.now()) == paid
    await desk.shop.dispute(order, "dispute_lost", "d1", amount=1000)  # of 3000
    await desk.shop.dispute(order, "dispute_won", "d2")
    now = await desk.now()
    assert (now["buyers/money"], at("held", now)) == (1000 - order.total, {})


async def test_a_dispute_and_a_payout_at_once_move_each_fen_once(desk: Desk) -> None:
    order, shares = await desk.cart(), 0
    shares = sum(at("pending", await desk.now()).values())
    await desk.release()
    await desk.shop.dispute(order)
    await asyncio.gather(desk.pay_out("b1"), desk.copy(), desk.pay_out("b2"), desk.release())
    now = await desk.now()
    assert sum(at("held", now).values()) == shares
    assert now.get("payouts/sent", 0) + sum(at("available", now).values()) == 0
    await desk.shop.dispute(order, "dispute_won")
    assert at("held", await desk.now()) == {}


async def test_a_release_that_did_not_hear_of_the_dispute_is_made_good(desk: Desk) -> None:
    """The dispute is in the room's ledger, and the archive has not copied it."""
    order = await desk.cart()
    shares = at("pending", await desk.now())
    await desk.shop.dispute(order)
    assert await desk.release() == 1
    now = await desk.now()
    assert (at("held", now), at("available", now)) == (shares, {})
    await desk.shop.dispute(order, "dispute_lost")
    assert await desk.now() == {}


async def test_who_would_gain_by_a_loss_has_nothing_held(desk: Desk) -> None:
    """A host who bears more of a coupon than the commission brings owes money for the order."""
    await agree(desk.shop, wine=TEA)
    await desk.shop.redis.hset(
        desk.shop.key("terms"), "wine",
        desk.shop.packed({"merchant": "m1", "goods": "g", "commission": 100, "fee": 0,
                          "coupon": "host"}),
    )  # fmt: skip
    wine = await desk.shop.open(9, sku="wine", price=5000)
    coupon = await desk.shop.give_out(currency="EUR")
    claim = await desk.shop.claim("cai", coupon)
    order = await desk.shop.pay(await desk.shop.buy("cai", wine, claim=claim.claim))
    await desk.shop.dispute(order)
    now = await desk.now()
    assert (at("held", now), at("pending", now)) == ({"merchant/m1": 4950}, {"host/h": -450})
    await desk.shop.dispute(order, "dispute_lost")
    assert await desk.now() == {}


async def test_a_changed_fen_of_what_is_held_is_found(desk: Desk) -> None:
    await desk.shop.dispute(await desk.cart())
    await desk.now()
    async with desk.records.writing() as connection:
        e = ENTRIES.c
        await connection.execute(
            update(ENTRIES).where(e.account == "merchant/m1/held").values(amount=e.amount - 1)
        )
    found = await differences(desk.shop.store, desk.records)
    assert any("merchant/m1/held" in line for line in found["r1"])


async def test_a_room_stays_while_one_of_its_orders_is_disputed(desk: Desk) -> None:
    order, disputes = await desk.cart(), OpenDisputes(desk.records)
    await desk.shop.dispute(order)
    await desk.copy()
    assert "1 of its orders are disputed" in await disputes.keep(desk.shop.store, "r1")
    await desk.shop.dispute(order, "dispute_lost")
    await desk.copy()
    assert await disputes.keep(desk.shop.store, "r1") == ""
    async with desk.records.reading() as connection:
        rows: list[Any] = list((await connection.scalars(select(ORDERS.c.held))).all())
    assert rows == [None]
