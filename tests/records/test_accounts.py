"""Accounts of an evening: what each order moved, when it can be paid out, and that it adds up."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Table, delete, func, select, update

from server.features.accounts.balances import balances_of
from server.features.accounts.corrections import Corrections
from server.features.accounts.journal import Move
from server.features.accounts.leaving import carry_forward, forget_owner
from server.features.accounts.payout_ports import SandboxPort
from server.features.accounts.payouts import Payouts
from server.features.accounts.projection import AccountProjection
from server.features.accounts.releases import Releases
from server.features.accounts.statements import Span, Statements
from server.features.accounts.tables import ENTRIES, JOURNAL, JOURNAL_SUMS, ORDERS, SUMS
from server.features.archive.folding import Folding
from server.features.archive.rebuilding import rebuild
from server.features.archive.tables import PROJECTIONS, ROOMS
from server.features.audits.all_rooms import AllRooms
from server.features.terms.messages import Terms
from server.house import keys_under, store_on
from server.records.database import Database
from server.records.forgotten import pseudonym_of
from server.records.projection import RoomHead
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from tests.conftest import MakeSettings
from tests.orders.sharing import GRANTED
from tests.orders.shop import Shop, shop_on
from tests.records.evening import copy_all

LATER = 10**14
"""A time at which every return window is over."""
ALL = Span(0, LATER + 1)
TEA = Terms(merchant="m1", goods="g1", commission=2000, fee=333, coupon="merchant")
CUP = Terms(merchant="m2", goods="g2", commission=1111, fee=500, coupon="platform")


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    """Nothing waits for a draw; the platform takes two percent of a host's own goods."""
    return make_settings(
        records={"url": records_url}, orders={"fair_window_ms": 0},
        accounts={"platform_fee_bps": 200},
    )  # fmt: skip


@pytest.fixture
async def store(records_settings: Settings) -> AsyncIterator[RoomStore]:
    """The rooms of this test."""
    redis = connect(records_settings.redis.url, records_settings.redis)
    yield store_on(redis, keys_under(records_settings.redis.key_prefix))
    await redis.aclose()


async def market_in(store: RoomStore, settings: Settings, room: str) -> Shop:
    """A live room whose merchants grant all that is asked for."""
    shop = shop_on(store, settings, room, GRANTED)
    await shop.build()
    return shop


async def agree(shop: Shop, **terms: Terms) -> None:
    for sku, each in terms.items():
        await shop.redis.hset(shop.key("terms"), sku, shop.packed(each))


async def evening(shop: Shop) -> None:
    """Everything that money does: coupons, returns in parts, late and double payments, refunds that
    the provider makes by itself, an order that costs nothing."""
    await agree(shop, tea=TEA, cup=CUP)
    tea, cup = await shop.open(100, price=1999), await shop.open(100, sku="cup", price=707)
    wine = await shop.open(100, sku="wine", price=5001)
    off = await shop.give_out()
    free = await shop.open(10, sku="cup", price=0)
    for n, user in enumerate(("ann", "ben", "cai")):
        claim = await shop.claim(user, off)
        cart = await shop.buy_cart(user, (tea, 3), (cup, 2), key=f"c{n}", claim=claim.claim)
        await shop.pay(cart)
        if n > 0:
            await shop.take_back(cart, returned={tea.sale: 1})
        if n > 1:
            await shop.refunds.refunded(shop.id, payment_of(await shop.own(user)), 400, "gift")
            await shop.take_back(cart, returned={tea.sale: 2, cup.sale: 1})
            await shop.take_back(cart)
    await shop.take_back(await shop.pay(await shop.buy("dan", free, 1)))
    await shop.pay(await shop.buy("dan", wine, 2))
    late = await shop.buy("eve", wine, 1)
    await shop.cancel(late)
    await shop.charge(late, "late-1")
    twice = await shop.pay(await shop.buy("eve", tea, 1))
    await shop.charge(twice, "twice-2")
    await shop.refunds.sweep(shop.id)
    await shop.buy("eve", tea, 1)
    assert await shop.audit() == []


def payment_of(orders: list[Any]) -> str:
    return f"sandbox-{orders[0].order}"


async def archived(store: RoomStore, records: Database, settings: Settings, *rooms: str) -> None:
    for room in rooms:
        await evening(await market_in(store, settings, room))
    await copy_all(store, records, settings)


async def differences(store: RoomStore, records: Database) -> dict[str, list[str]]:
    rooms = AllRooms(store, records)
    found = [each async for each in rooms.found()]
    assert [each.unread for each in found] == [""] * len(found)
    # These merchants' units come from nowhere: tests/records/market.py is about units.
    told = {
        each.room: money
        for each in found
        if (money := [d for d in each.differences if not d.startswith("units of sale")])
    }
    return told | ({"accounts": wrong} if (wrong := await rooms.journal()) else {})


async def held(records: Database, *accounts: str) -> dict[tuple[str, str], int]:
    async with records.reading() as connection:
        found = await balances_of(connection, *accounts)
    return {place: amount for place, amount in found.items() if amount}


async def test_every_line_moves_money_and_makes_none(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await archived(store, records, records_settings, "r1")
    async with records.reading() as connection:
        e = ENTRIES.c
        for groups in ((e.line, e.currency), (e.line, e.sku)):
            sums = select(func.sum(e.amount)).group_by(*groups)
            assert {int(n) for n in (await connection.scalars(sums)).all()} == {0}
    now = await held(records)
    for currency in ("CNY", "EUR"):
        assert sum(n for (_, each), n in now.items() if each == currency) == 0
    stats = await shop_stats(store)
    assert -now["buyers/money", "CNY"] == stats["charged:CNY"] - stats.get("refunded:CNY", 0)
    assert now.get(("buyers/refunds", "CNY"), 0) == stats.get("refund_due:CNY", 0)
    assert await differences(store, records) == {}


async def shop_stats(store: RoomStore) -> dict[str, int]:
    found = await store.redis.hgetall(store.keys.room("r1", "stats"))
    return {name.decode(): int(value) for name, value in found.items()}


async def tables(records: Database) -> dict[str, list[tuple[Any, ...]]]:
    """What follows from ledgers, row by row."""
    found = {}
    async with records.reading() as connection:
        for table in (ORDERS, ENTRIES, SUMS):
            asked = select(table).order_by(*table.primary_key.columns)
            found[table.name] = [tuple(row) for row in await connection.execute(asked)]
    return found


async def fold_all_again(records: Database) -> None:
    """As a server does that brings another version of the projection."""
    async with records.writing() as connection:
        await connection.execute(
            update(PROJECTIONS).where(PROJECTIONS.c.name == "accounts").values(version=0)
        )
    await rebuild(records, [AccountProjection()])


async def settled(store: RoomStore, records: Database, settings: Settings) -> Payouts:
    """An evening whose money was paid out, and of which more came back after that."""
    shop = await market_in(store, settings, "r1")
    await evening(shop)
    await copy_all(store, records, settings)
    payouts = Payouts(records, SandboxPort(records))
    assert await Releases(records, 0, at_once=2).release(LATER) == 2
    while await Releases(records, 0, at_once=2).release(LATER):
        pass
    await payouts.make("b1", by="root")
    await payouts.send()
    paid = [order for order in await shop.own("ann") if order.status == "paid"]
    await shop.take_back(paid[0], returned={paid[0].lines[0].sale: 2})
    await shop.pay(await shop.buy("fay", await shop.open(9)))
    await copy_all(store, records, settings)
    return payouts


async def test_folding_again_gives_the_same_and_releases_and_payouts_stay(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await settled(store, records, records_settings)
    before, money = await tables(records), await held(records)
    await fold_all_again(records)
    assert await tables(records) == before
    assert await held(records) == money
    assert await differences(store, records) == {}


async def test_what_comes_back_after_the_payout_is_a_debt_that_the_next_payout_nets(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    payouts = await settled(store, records, records_settings)
    first = {p.owner: p.amount for p in (await payouts.batch("b1")).payouts if p.currency == "CNY"}
    assert set(first) == {"host/h", "merchant/m1", "merchant/m2"}
    now = await held(records)
    debt = -now["merchant/m1/available", "CNY"]
    assert debt > 0
    [statement] = await Statements(records).of("merchant/m1", ALL)
    assert statement.debt == debt
    assert {p.owner for p in (await payouts.make("b2", by="root")).payouts} == set()

    earned = [Move("merchant/m1/available", "CNY", debt + 70),
              Move("platform/corrections", "CNY", -debt - 70)]  # fmt: skip
    await Corrections(records).correct("k", earned, by="root", reason="as if it were earned")
    [payout] = (await payouts.make("b3", by="root")).payouts
    assert (payout.owner, payout.amount) == ("merchant/m1", 70)


async def test_an_order_is_released_once_and_not_while_its_buyer_waits_for_an_answer(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    shop = await market_in(store, records_settings, "r1")
    asked = await shop.pay(await shop.buy("ann", await shop.open(9)))
    await shop.ask_return(asked)
    await copy_all(store, records, records_settings)
    assert await Releases(records, 0).release(LATER) == 0
    await shop.withdraw_return(asked)
    await copy_all(store, records, records_settings)
    assert await Releases(records, LATER).release(LATER) == 0  # the window is not over
    assert await Releases(records, 0).release(LATER) == 1
    assert await Releases(records, 0).release(LATER) == 0
    fee = round(asked.total * 200 / 10_000)
    assert await held(records) == {
        ("buyers/money", "CNY"): -asked.total,
        ("host/h/available", "CNY"): asked.total - fee,
        ("platform/fees", "CNY"): fee,
    }
    assert await differences(store, records) == {}


async def test_money_waits_until_the_goods_have_arrived_for_as_long(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    """The window is 1 s long here, and a parcel of which nobody says more arrives after 10 s."""
    shop = await market_in(store, records_settings, "r1")
    order = await shop.pay(await shop.buy("ann", await shop.open(9)))
    releases = Releases(records, 1000, 10_000)
    sent = await shop.send(order)
    await copy_all(store, records, records_settings)
    assert await releases.release(sent.updated + 10_900) == 0
    delivered = await shop.deliver(order)
    await copy_all(store, records, records_settings)
    assert await releases.release(delivered.updated + 900) == 0
    assert await releases.release(delivered.updated + 1100) == 1
    assert await differences(store, records) == {}


async def test_a_practice_moves_nothing(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    shop = await market_in(store, records_settings, "r1")
    await store.redis.hset(shop.key("room"), "practice", 1)
    await shop.pay(await shop.buy("ann", await shop.open(9)))
    await copy_all(store, records, records_settings)
    assert await tables(records) == {
        "account_orders": [],
        "account_entries": [],
        "account_sums": [],
    }
    assert await differences(store, records) == {}


async def test_a_ledger_read_entry_by_entry_gives_the_same(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await archived(store, records, records_settings, "r1")
    before = await tables(records)
    projection = AccountProjection()

    class OneByOne(AccountProjection):
        async def add(self, connection: Any, room: RoomHead, stream: str, entries: Any) -> None:
            for entry in entries:
                await projection.add(connection, room, stream, [entry])

    async with records.writing() as connection:
        head = RoomHead(*(await connection.execute(select(ROOMS))).one())
        await projection.clear(connection, head.life)
        await Folding().again(connection, OneByOne(), head)
    assert await tables(records) == before


CHANGES: dict[str, tuple[Table, dict[str, Any], str]] = {
    "an entry": (ENTRIES, {"amount": ENTRIES.c.amount + 1}, "and the ledger gives"),
    "a sum": (SUMS, {"amount": SUMS.c.amount - 1}, "and its ledger gives"),
    "an account": (ENTRIES, {"account": "host/thief/pending"}, "host/thief/pending"),
    "the journal": (JOURNAL, {"amount": JOURNAL.c.amount + 1}, "not to 0"),
    "its sums": (JOURNAL_SUMS, {"amount": JOURNAL_SUMS.c.amount + 1}, "add up to"),
}


async def test_a_changed_fen_is_found_and_told_in_a_sentence(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await settled(store, records, records_settings)
    for what, (table, values, told) in CHANGES.items():
        async with records.writing() as connection:
            row = (await connection.execute(select(table).limit(1))).mappings().one()
            key = [column == row[column.name] for column in table.primary_key.columns]
            await connection.execute(update(table).where(*key).values(values))
        found = await differences(store, records)
        assert any(told in each for lines in found.values() for each in lines), (what, found)
        async with records.writing() as connection:
            await connection.execute(update(table).where(*key).values(dict(row)))
    async with records.writing() as connection:
        kept = [dict(row) for row in (await connection.execute(select(ENTRIES))).mappings()]
        await connection.execute(delete(ENTRIES).where(ENTRIES.c.line == kept[0]["line"]))
    assert "r1" in await differences(store, records)


async def test_a_deleted_room_leaves_its_sums_and_no_order(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    await settled(store, records, records_settings)
    before = Counter[tuple[str, str]]()
    for (account, currency), amount in (await held(records)).items():
        before[account.replace("/pending", "/available"), currency] += amount
    async with records.writing() as connection:
        life = await connection.scalar(select(ROOMS.c.life))
        await carry_forward(connection, "r1")
        await AccountProjection().clear(connection, life)
    assert await held(records) == {place: n for place, n in before.items() if n}
    rooms = AllRooms(store, records)
    assert await rooms.journal() == []


async def test_a_forgotten_host_keeps_the_money_under_the_pseudonym_and_is_paid_no_more(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    payouts, gone = await settled(store, records, records_settings), "gone-0123456789ab"
    moves = [Move("host/h/available", "CNY", 9000), Move("platform/corrections", "CNY", -9000)]
    await Corrections(records).correct("k", moves, by="h", reason="so that there is something")
    before = {
        (account.replace("host/h/", f"host/{gone}/"), currency): amount
        for (account, currency), amount in (await held(records)).items()
    }
    async with records.writing() as connection:
        await pseudonym_of(connection, "h", gone, 1)
        await forget_owner(connection, "h")
        await connection.execute(update(ROOMS).values(host=gone, host_name=gone))
    await fold_all_again(records)
    assert await held(records) == before
    assert before[f"host/{gone}/available", "CNY"] > 0
    assert [p.owner for p in (await payouts.make("b2", by="root")).payouts] == []
    assert await AllRooms(store, records).journal() == []


async def test_statements_are_those_of_the_ledger_counted_by_hand(
    store: RoomStore, records: Database, records_settings: Settings
) -> None:
    """Counted from the ledger alone, by other code than the server's: each fully paid line by its
    rates, rounded half by the greatest remainder; what came back whole is left out."""
    shop = await market_in(store, records_settings, "r1")
    await agree(shop, tea=TEA, cup=CUP)
    tea, cup = await shop.open(100, price=1999), await shop.open(100, sku="cup", price=707)
    wine = await shop.open(100, sku="wine", price=5001)
    coupon = await shop.give_out()
    claim = await shop.claim("ann", coupon)
    await shop.pay(await shop.buy_cart("ann", (tea, 3), (cup, 2), key="a", claim=claim.claim))
    part = await shop.pay(await shop.buy_cart("ben", (tea, 4), (cup, 1), key="b"))
    await shop.take_back(part, returned={tea.sale: 1})
    whole = await shop.pay(await shop.buy("cai", tea, 2))
    await shop.take_back(whole)
    await shop.pay(await shop.buy("dan", wine, 2))
    await copy_all(store, records, records_settings)

    due = by_hand(await shop.ledger())
    for owner in ("host/h", "merchant/m1", "merchant/m2"):
        statements = await Statements(records).of(owner, ALL)
        found = {each.currency: each.closing.pending for each in statements}
        assert {c: n for c, n in found.items() if n} == due[owner]
        for each in statements:
            assert sum(one.amount for one in each.sums) == each.closing.pending
    fees = {c: n for (a, c), n in (await held(records)).items() if a == "platform/fees"}
    assert fees == due["platform"]


def by_hand(ledger: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """owner -> currency -> what it is owed, for orders of which whole units came back, if any."""
    terms: dict[str, list[Any]] = {}
    last: dict[str, dict[str, Any]] = {}
    for line in ledger:
        if line["k"] == "order":
            last[line["order"]["order"]] = line["order"]
            terms.setdefault(line["order"]["order"], line.get("terms") or [])
    due: dict[str, Counter[str]] = {
        owner: Counter() for owner in ("host/h", "merchant/m1", "merchant/m2", "platform")
    }
    for id_, order in last.items():
        if order["status"] != "paid":
            continue
        worth = [line["qty"] * line["price"] for line in order["lines"]]
        off = _cut(order.get("off", 0), worth)
        for line, full, less, each in zip(order["lines"], worth, off, terms[id_], strict=True):
            merchant = each["merchant"] and f"merchant/{each['merchant']}"
            base = full if each.get("coupon") == "platform" else full - less
            rates = [10_000 - each["fee"] - each.get("commission", 0), each.get("commission", 0),
                     each["fee"]]  # fmt: skip
            kept = line["qty"] - line.get("returned", 0)
            back = _cut_of(_cut(base, rates), line["qty"] - kept, line["qty"])
            for owner, amount, gone in zip(
                (merchant or "host/h", "host/h", "platform"), _cut(base, rates), back, strict=True
            ):
                due[owner][order["currency"]] += amount - gone
    return {owner: {c: n for c, n in found.items() if n} for owner, found in due.items()}


def _cut(total: int, weights: list[int]) -> list[int]:
    shares = [total * each // sum(weights) for each in weights]
    rest = sorted(range(len(weights)), key=lambda n: -(total * weights[n] % sum(weights)))
    for n in rest[: total - sum(shares)]:
        shares[n] += 1
    return shares


def _cut_of(shares: list[int], part: int, whole: int) -> list[int]:
    """A part of shares: their sum is the part of their sum, which is whole here."""
    total, exact = sum(shares) * part, [each * part for each in shares]
    assert total % whole == 0
    down = [each // whole for each in exact]
    rest = sorted(range(len(shares)), key=lambda n: -(exact[n] % whole))
    for n in rest[: total // whole - sum(down)]:
        down[n] += 1
    return down
