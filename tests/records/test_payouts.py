"""Payouts: each moves its money once, whoever dies; corrections add up to zero or are refused."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from server.features.accounts.balances import balances_of
from server.features.accounts.corrections import Corrections
from server.features.accounts.journal import Move
from server.features.accounts.payout_ports import FilePort, Outcome, SandboxPort, Transfer
from server.features.accounts.payouts import Payouts
from server.features.accounts.tables import EVENTS, JOURNAL, PAYOUTS
from server.protocol.codes import CommandError
from server.records.database import Database

CNY = "CNY"


async def owe(records: Database, **available: int) -> None:
    """Let hosts have so much available."""
    for host, amount in available.items():
        moves = [Move(f"host/{host}/available", CNY, amount),
                 Move("platform/corrections", CNY, -amount)]  # fmt: skip
        await Corrections(records).correct(f"owe-{host}", moves, by="root", reason="a test")


async def held(records: Database) -> dict[str, int]:
    async with records.reading() as connection:
        found = await balances_of(connection)
    return {account: n for (account, _), n in found.items() if n and "corrections" not in account}


async def journal(records: Database) -> list[Any]:
    async with records.reading() as connection:
        return [
            (await connection.execute(select(table))).all() for table in (EVENTS, JOURNAL, PAYOUTS)
        ]


async def refused(records: Database, attempt: Any, code: str) -> None:
    before = await journal(records)
    with pytest.raises(CommandError) as caught:
        await attempt
    assert caught.value.code == code
    assert await journal(records) == before


class Dies(BaseException):
    """The process is killed."""


class DiesAfterSending(SandboxPort):
    """The money moves, and the process that asked never hears of it."""

    async def send(self, transfer: Transfer) -> Outcome:
        await super().send(transfer)
        raise Dies


async def test_who_dies_between_sending_and_noting_pays_once(records: Database) -> None:
    await owe(records, ann=500, ben=700)
    bank = SandboxPort(records)
    made = await Payouts(records, bank).make("b1", by="root")
    with pytest.raises(Dies):
        await Payouts(records, DiesAfterSending(records)).send()
    assert (await held(records)).keys() == {"host/ann/paying", "host/ben/paying"}
    assert sum((await bank.paid()).values()) in (500, 700)

    payouts = Payouts(records, bank)
    await asyncio.gather(payouts.send(), Payouts(records, bank).send())  # and two at once
    await payouts.send()

    assert await bank.paid() == {p.payout: p.amount for p in made.payouts}
    assert await held(records) == {"payouts/sent": 1200}
    assert {p.state for p in (await payouts.batch("b1")).payouts} == {"sent"}


async def test_the_same_key_makes_one_batch_even_at_once(records: Database) -> None:
    await owe(records, ann=500, ben=700)
    payouts = Payouts(records, FilePort())
    one, two = await asyncio.gather(
        payouts.make("b1", by="root", least=600), payouts.make("b1", by="root", least=600)
    )
    assert one == two
    assert [(p.owner, p.amount) for p in one.payouts] == [("host/ben", 700)]
    await refused(records, payouts.make("b1", by="root", least=1), "key_reused")
    assert await held(records) == {"host/ann/available": 500, "host/ben/paying": 700}
    rest, others = await asyncio.gather(
        payouts.make("b2", by="root"), payouts.make("b3", by="root")
    )
    assert sorted(p.owner for p in (*rest.payouts, *others.payouts)) == ["host/ann"]


async def test_a_payout_that_fails_is_available_again_and_stops_no_other(
    records: Database,
) -> None:
    await owe(records, **{"ann": 500, "ben.fails": 700})
    payouts = Payouts(records, SandboxPort(records))
    await payouts.make("b1", by="root")
    assert await payouts.send() == 2
    assert await held(records) == {"payouts/sent": 500, "host/ben.fails/available": 700}
    page = await payouts.page("host/ben.fails", "failed", "", 10)
    assert [p.reason for p in page.payouts] == [
        "The sandbox pays no owner whose id ends in `.fails`."
    ]
    again = await payouts.make("b2", by="root")
    assert [(p.owner, p.amount) for p in again.payouts] == [("host/ben.fails", 700)]


async def test_a_port_that_raises_leaves_its_payout_and_stops_no_other(records: Database) -> None:
    await owe(records, ann=500, ben=700)

    class Moody(SandboxPort):
        async def send(self, transfer: Transfer) -> Outcome:
            if transfer.owner == "host/ann":
                raise OSError("the bank is closed")
            return await super().send(transfer)

    await Payouts(records, SandboxPort(records)).make("b1", by="root")
    with pytest.raises(OSError, match="closed"):
        await Payouts(records, Moody(records)).send()
    assert await held(records) == {"host/ann/paying": 500, "payouts/sent": 700}


async def test_a_file_is_for_a_bank_and_the_operator_says_what_became_of_it(
    records: Database,
) -> None:
    await owe(records, **{"=ann": 500, "ben": 700})
    payouts = Payouts(records, FilePort())
    ann, ben = (await payouts.make("b1", by="root")).payouts
    if ann.owner != "host/=ann":
        ann, ben = ben, ann
    await payouts.send()
    file = "".join([piece async for piece in payouts.csv("b1")])
    assert f"{ben.payout},host/ben,CNY,700,7.00,handed_over" in file
    sent, failed = Outcome("sent"), Outcome("failed", "no such account")
    for _ in range(2):
        await payouts.note(ann.payout, sent, of=("handed_over",))
        await payouts.note(ben.payout, failed, of=("handed_over", "sent"))
    assert await held(records) == {"payouts/sent": 500, "host/ben/available": 700}
    await refused(records, payouts.note(ben.payout, sent, of=("handed_over",)), "conflict")
    await refused(records, payouts.note("p0", sent, of=("handed_over",)), "not_found")
    await payouts.note(ann.payout, failed, of=("handed_over", "sent"))  # it came back days later
    assert await held(records) == {"host/=ann/available": 500, "host/ben/available": 700}


async def test_corrections_that_make_money_or_touch_payouts_are_refused(
    records: Database,
) -> None:
    book = Corrections(records)
    ann, fees = "host/ann/available", "platform/fees"
    for code, *moves in (
        ("conflict", (ann, CNY, 5), (fees, CNY, -4)),
        ("conflict", (ann, CNY, 5), (fees, "EUR", -5)),
        ("bad_message", ("host/ann/paying", CNY, 5), (fees, CNY, -5)),
        ("bad_message", ("nobody", CNY, 5), (fees, CNY, -5)),
        ("bad_message", (ann, CNY, 0), (fees, CNY, 0)),
    ):
        entries = [Move(*move) for move in moves]
        await refused(records, book.correct("k", entries, by="root", reason="why"), code)


async def test_a_correction_is_taken_back_once_by_its_reversal(records: Database) -> None:
    book = Corrections(records)
    moves = [Move("host/ann/available", CNY, 5), Move("platform/fees", CNY, -5)]
    made = await book.correct("k", moves, by="root", reason="a mistake")
    assert await book.correct("k", moves, by="root", reason="a mistake") == made
    await refused(records, book.correct("k", moves[::-1], by="r", reason="no"), "key_reused")

    back = await book.reverse("r", made.event, by="root", reason="it was none")
    assert await book.reverse("r", made.event, by="root", reason="it was none") == back
    assert await held(records) == {}
    await refused(records, book.reverse("s", made.event, by="root", reason="x"), "conflict")
    await refused(records, book.reverse("s", 999, by="root", reason="x"), "not_found")
    await owe(records, ann=500)
    await Payouts(records, FilePort()).make("b1", by="root")
    payout = back.event + 2
    await refused(records, book.reverse("s", payout, by="root", reason="x"), "conflict")
    again = await book.reverse("t", back.event, by="root", reason="it was one after all")
    assert [entry.amount for entry in again.entries] == [5, -5]
