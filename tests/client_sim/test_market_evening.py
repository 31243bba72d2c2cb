"""Two hosts sell the goods of three merchants on one evening, and every fen is where it belongs."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from client_sim.checks import MARKET
from client_sim.client.wire import Message
from client_sim.crowd import Crowd
from client_sim.market import Market, units_of
from client_sim.rest import Rest
from client_sim.script import Script, read_script
from client_sim.sharing import net_shares, shares_of_lines
from server.protocol.roles import Role
from server.settings import Settings
from tests.client_sim.conftest import Played, token
from tests.client_sim.test_crowd import plan
from tests.client_sim.test_script import SCRIPTS
from tests.conftest import MakeSettings
from tests.running import running

HOSTS = ("buyer-an", "buyer-bo")
MERCHANTS = ("qingyao", "shancha", "mianma")
OWNERS = (*(f"host/{each}" for each in HOSTS), *(f"merchant/{each}" for each in MERCHANTS))
ALL = "from_ms=1&to_ms=100000000000000"


class Sold(NamedTuple):
    """An order that was shared: who hosted it, and the order as its buyer knows it."""

    host: str
    order: Message
    market: Market


@pytest.fixture
def evening() -> Script:
    """The evening with merchants that comes along, at four times its pace."""
    return read_script(SCRIPTS / "market.toml").faster(4)


@pytest.fixture
def market_settings(make_settings: MakeSettings) -> Settings:
    """The platform takes an odd share, so that it has to be rounded."""
    return make_settings(
        edge={"commands_per_s": 200}, accounts={"platform_fee_bps": 177},
        records={"archive_interval_s": 0.1},
    )  # fmt: skip


@pytest.mark.long("plays an evening of two rooms")
async def test_statements_of_two_hosts_and_three_merchants_agree_with_what_buyers_know(
    market_settings: Settings, evening: Script, played: Played
) -> None:
    played.evenings = len(HOSTS)
    async with running(market_settings, "w1") as worker:
        crowds = [
            Crowd(
                plan(
                    worker.url, room=f"room-{host}", viewers=20, seed=n + 1, script=evening,
                    seconds=evening.seconds, host_token=token(host, Role.HOST),
                )
            )
            for n, host in enumerate(HOSTS)
        ]  # fmt: skip
        reckonings = await asyncio.gather(*(crowd.play_evening() for crowd in crowds))
        for crowd in crowds:
            assert crowd.findings.passed, {k: v for k, v in crowd.findings.sentences.items() if v}
            assert crowd.notes == []
            assert {name for name in MARKET if not crowd.findings.looked[name]} == set()
        sold = [
            Sold(host, order, crowd.market)
            for host, crowd, reckoning in zip(HOSTS, crowds, reckonings, strict=True)
            for order in reckoning.orders.values()
            if order["status"] in ("paid", "returned") and crowd.market is not None
        ]
        assert_much_happened([each.order for each in sold])
        async with Rest(worker.url, token("auditor", Role.ADMIN)) as office:
            await assert_accounts(office, sold)
            for owner in OWNERS:
                await assert_statement(office, owner, sold)
            await assert_units(office, sold)


def assert_much_happened(orders: list[Message]) -> None:
    """What would make the figures simple must not be all there was."""
    requests = [order["request"] for order in orders if order.get("request")]
    assert {each["status"] for each in requests} >= {"accepted", "declined"}
    assert any(each["reason"] == "not_as_shown" for each in requests)
    assert any(order["status"] == "returned" for order in orders)
    assert any(line.get("returned") for order in orders for line in order["lines"])
    assert any(order.get("off") and order.get("back") for order in orders)
    assert any(order.get("parcels") for order in orders)
    assert len({line.get("merchant", "") for o in orders for line in o["lines"]}) == 4


def of_accounts(sold: list[Sold]) -> Iterator[tuple[str, str, int, int]]:
    """(account, kind of share, minor units when it was paid, what is left of it) of each share."""
    for host, order, market in sold:
        rates = market.rates_of(order)
        assert rates is not None
        paid: Counter[Any] = Counter()
        for shares in shares_of_lines(order, rates):
            paid.update(shares)
        for share, left in net_shares(order, rates).items():
            of = f"host/{host}" if share.of == "host" else share.of
            account = f"{of}/pending"
            if of == "platform":
                account = {"fee": "platform/fees", "coupon": "platform/coupons"}[share.what]
            yield account, share.what, paid[share], left


async def assert_accounts(office: Rest, sold: list[Sold]) -> None:
    """Every account of the house holds what the orders say, and nothing else holds anything."""
    due: Counter[str] = Counter()
    for account, _, _, left in of_accounts(sold):
        due[account] += left
    due["buyers/money"] = -sum(
        order["total"] - order.get("back", 0) for _, order, _ in sold if order["status"] == "paid"
    )
    told: dict[str, int] = {}
    for _ in range(100):  # what is due to buyers goes back in its own time
        page = await office.read("accounts")
        told = {each["account"]: each["amount"] for each in page["accounts"] if each["amount"]}
        if told == dict(due):
            break
        await asyncio.sleep(0.1)
    assert told == {account: amount for account, amount in due.items() if amount}
    assert sum(told.values()) == 0


async def assert_statement(office: Rest, owner: str, sold: list[Sold]) -> None:
    """The statement of an evening has these sums, and adds up to what is pending."""
    kind, _, name = owner.partition("/")
    due: Counter[tuple[str, str]] = Counter()
    for account, what, paid, left in of_accounts(sold):
        if account == f"{owner}/pending":
            due["paid", what] += paid
            due["returned", what] += left - paid
    [told] = await office.read_list(f"{kind}s/{name}/statements?{ALL}")
    sums = {(each["event"], each["what"]): each["amount"] for each in told["sums"]}
    assert {place: n for place, n in sums.items() if n} == {p: n for p, n in due.items() if n}
    assert told["opening"] == {"pending": 0, "held": 0, "available": 0, "paying": 0}
    assert told["closing"] == {"pending": sum(due.values()), "held": 0, "available": 0, "paying": 0}


async def assert_units(office: Rest, sold: list[Sold]) -> None:
    """Each unit that a merchant received is at one place, and those of buyers are sold."""
    bought: Counter[tuple[str, str]] = Counter()
    back: Counter[tuple[str, str]] = Counter()
    for _, order, _ in sold:
        for line in order["lines"]:
            if merchant := line.get("merchant"):
                name = merchant, line["sku"].removeprefix(f"{merchant}:")
                gone = line["qty"] if order["status"] == "returned" else line.get("returned", 0)
                bought[name] += line["qty"] - gone
                back[name] += gone
    units = await units_of(office, sold[0].market.merchants)
    received = {
        (it["merchant"], variant["sku"]): variant["stock"]
        for it in sold[0].market.merchants
        for goods in it["goods"]
        for variant in goods["variants"]
    }
    for name, at in units.items():
        assert at["stock"] + at["allotted"] + at["sold"] + at["returned"] == received[name]
        assert at["sold"] == bought[name]
        assert at["returned"] <= back[name]  # others are for sale again
    assert sum(at["returned"] for at in units.values()) > 0
