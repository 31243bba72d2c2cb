"""Nobody is paid what a row that is set aside may take back, and the audit says that it is."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import insert, update
from typer.testing import CliRunner, Result

from server.cli.main import app
from server.features.accounts.leaving import OpenDisputes
from server.features.accounts.payout_ports import SandboxPort
from server.features.accounts.payouts import Payouts
from server.features.accounts.projection import AccountProjection
from server.features.accounts.releases import Releases
from server.features.archive.archiver import Archiver
from server.features.archive.tables import PROJECTIONS, SET_ASIDE, WHOLE
from server.features.audits.all_rooms import AllRooms
from server.features.purchases.projection import PurchaseProjection
from server.features.sales.price_history import PriceHistory
from server.house import HOUSE, keys_under, store_on
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.projection import Projection
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from tests.conftest import MakeSettings
from tests.orders.shop import Shop
from tests.records.test_accounts import CUP, LATER, TEA, agree, differences, held, market_in
from tests.records.test_set_aside import Mistaken
from tests.stored import entries


class Till:
    """Two rooms of the host `h`, one of whose ledgers has a row that accounts can't fold."""

    def __init__(self, store: RoomStore, records: Database, settings: Settings) -> None:
        self.store, self.records, self.settings = store, records, settings
        self.bad: set[int] = set()
        self.accounts = Mistaken(AccountProjection(), lambda _, entry: entry.ms in self.bad)
        self.metrics = Metrics()
        projections: list[Projection] = [PurchaseProjection(), self.accounts]
        self.archiver = Archiver(
            store, records, settings, "w1", HOUSE.streams, projections, self.metrics
        )
        self.payouts = Payouts(records, SandboxPort(records))

    async def room(self, name: str) -> Shop:
        shop = await market_in(self.store, self.settings, name)
        await agree(shop, tea=TEA, cup=CUP)
        return shop

    async def copy(self) -> None:
        while (await self.archiver.copy_all())[1]:
            pass

    async def last_line(self, shop: Shop) -> int:
        [(place, _)] = entries(await shop.redis.xrevrange(shop.key("ledger"), count=1))
        return int(place.partition(b"-")[0])

    async def release(self) -> int:
        return await Releases(self.records, 0).release(LATER)

    async def pay_out(self, batch: str) -> set[str]:
        made = await self.payouts.make(batch, by="root")
        await self.payouts.send()
        return {payout.owner for payout in made.payouts}


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(records={"url": records_url}, orders={"fair_window_ms": 0})


@pytest.fixture
async def till(records_settings: Settings, records: Database) -> AsyncIterator[Till]:
    redis = connect(records_settings.redis.url, records_settings.redis)
    store = store_on(redis, keys_under(records_settings.redis.key_prefix))
    yield Till(store, records, records_settings)
    await redis.aclose()


async def test_no_money_leaves_while_a_return_is_set_aside(till: Till) -> None:
    bad, good = await till.room("bad"), await till.room("good")
    tea = await bad.open(10, price=1999)
    order = await bad.pay(await bad.buy("ann", tea, 2))
    await bad.pay(await bad.buy("ben", tea, 1))
    cup = await good.open(10, sku="cup", price=925)
    await good.pay(await good.buy("cai", cup, 1))
    await till.copy()
    await bad.take_back(order, returned={tea.sale: 1})
    till.bad = {await till.last_line(bad)}
    await bad.pay(await bad.buy("dan", tea, 1))
    await till.copy()

    # The row lacks, the later ones are there; the audit names the row, and what its money is.
    found = await differences(till.store, till.records)
    assert list(found) == ["bad"]
    [line] = till.bad
    assert f"ledger {line}-0 is set aside: `accounts` can't fold it" in found["bad"][0]
    assert any(f"ledger line {line} move 0 CNY" in each for each in found["bad"])
    # The order of the other room is released; those of this one wait, and so do payouts to all
    # whose money it moved: they may have to give it back.
    assert await till.release() == 1
    assert {owner.rpartition("/")[0] for owner, _ in await held(till.records)} >= {"merchant/m1"}
    assert await till.pay_out("b1") == {"merchant/m2"}

    # Once it can be folded all is as if it had always been, and money goes on.
    till.bad = set()
    await till.archiver.retrying.tend()
    assert await differences(till.store, till.records) == {}
    assert await till.release() == 3
    assert await till.pay_out("b2") == {"host/h", "merchant/m1"}
    assert await differences(till.store, till.records) == {}


async def test_who_was_paid_before_a_row_was_set_aside_is_paid_no_more_until_it_is_folded(
    till: Till,
) -> None:
    shop = await till.room("r1")
    tea = await shop.open(10, price=1999)
    one = await shop.pay(await shop.buy("ann", tea, 1))
    await till.copy()
    assert await till.release() == 1
    await shop.take_back(one)
    till.bad = {await till.last_line(shop)}
    await till.copy()
    assert await till.pay_out("b1") == set()
    till.bad = set()
    await till.archiver.retrying.retry()
    assert await till.pay_out("b2") == set()  # nothing is left of it
    assert await differences(till.store, till.records) == {}


async def test_the_audit_goes_on_where_the_row_can_not_even_be_counted(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = await till.room("r1")
    tea = await shop.open(10, price=1999)
    await shop.pay(await shop.buy("ann", tea, 1))
    till.bad = {await till.last_line(shop)}
    await till.copy()

    async def fails(*_: Any) -> list[str]:
        raise ValueError("the count has the same mistake")

    monkeypatch.setattr("server.features.audits.all_rooms.audit_accounts", fails)
    [found] = [each async for each in AllRooms(till.store, till.records).found()]
    assert found.unread == ""
    assert [each for each in found.differences if "set aside" in each] == found.differences[:1]


async def test_a_room_with_a_row_aside_is_not_deleted(till: Till) -> None:
    shop = await till.room("r1")
    await shop.open(10)
    till.bad = {await till.last_line(shop)}
    await till.copy()
    keep = till.archiver.retrying.keep
    assert await keep(till.store, "r1") == (
        "1 of its rows are set aside (`liveroom records aside r1`)"
    )
    assert await keep(till.store, "r2") == ""
    async with till.records.writing() as connection:
        await till.archiver.delete(connection, "r1")
    assert await keep(till.store, "r1") == ""


async def test_a_price_that_may_be_missing_is_not_called_the_lowest(till: Till) -> None:
    shop = await till.room("r1")
    await shop.open(10, price=1999)
    await till.copy()

    async def host_of(_: str) -> str:
        return "h"

    prices = PriceHistory(till.records, host_of, lambda: LATER)
    assert await prices.lowest("r1", "tea") == {}
    async with till.records.writing() as connection:
        row = {"life": 1, "projection": "prices", "stream": "ledger", "ms": 1, "n": 0, "why": "",
               "since": 0, "tried": 0}  # fmt: skip
        await connection.execute(SET_ASIDE.insert().values(row))
    assert await prices.lowest("r1", "tea") is None


@pytest.mark.blocking_allowed  # the command runs a loop of its own, in a thread
async def test_an_operator_sees_what_is_set_aside_and_folds_it_again(
    till: Till, records_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def count() -> float | None:
        return till.metrics.registry.get_sample_value("liveroom_records_set_aside")

    async def liveroom(*arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(arguments))

    shop = await till.room("r1")
    await shop.open(10)
    till.bad = {await till.last_line(shop)}
    with caplog.at_level(logging.ERROR):
        await till.copy()
    assert "`r1 ledger" in caplog.text
    assert "the row is set aside, for `accounts` can't fold it (BadRow" in caplog.text
    assert count() == 0
    await till.archiver._round()
    assert count() == 1

    redis = till.settings.redis
    monkeypatch.setenv("LIVEROOM_REDIS_KEY_PREFIX", redis.key_prefix)
    monkeypatch.setenv("LIVEROOM_REDIS_URL", redis.url)
    monkeypatch.setenv("LIVEROOM_RECORDS_URL", records_url)
    listed = await liveroom("records", "aside")
    assert listed.exit_code == 1, listed.output
    assert "r1: ledger" in listed.stdout
    assert "1 rows are set aside. Mend the cause, then: liveroom records retry" in listed.stdout
    assert "1 rows are set aside" in (await liveroom("records", "status")).stdout
    retried = await liveroom("records", "retry", "r1")
    assert (retried.exit_code, retried.stdout) == (
        0, "1 rows are folded now, 0 are still set aside.\n",
    ), retried.output + repr(retried.exception)  # fmt: skip
    assert (await liveroom("records", "aside", "r1")).stdout == "No row is set aside.\n"
    till.bad = set()
    await till.archiver._round()
    assert count() == 0


async def test_nobody_is_paid_and_no_room_is_deleted_while_the_accounts_are_counted_again(
    till: Till,
) -> None:
    shop = await till.room("r1")
    tea = await shop.open(10, price=1999)
    await shop.pay(await shop.buy("ann", tea, 1))
    await till.copy()
    assert await till.release() == 1
    disputes = OpenDisputes(till.records)
    assert await disputes.keep(till.store, "r1") == ""
    async with till.records.writing() as connection:  # as a server of another version does first
        await connection.execute(
            insert(PROJECTIONS).values(name="accounts", version=AccountProjection.version, life=0)
        )

    with pytest.raises(CommandError, match="being counted again") as refused:
        await till.pay_out("b1")
    assert (refused.value.code, refused.value.retry_ms) == ("unavailable", 60_000)
    assert await disputes.keep(till.store, "r1") == "its money is being counted again"

    async with till.records.writing() as connection:
        await connection.execute(
            update(PROJECTIONS).where(PROJECTIONS.c.name == "accounts").values(life=WHOLE)
        )
    assert await till.pay_out("b1") == {"host/h", "merchant/m1"}
