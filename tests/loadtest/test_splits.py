"""The check of the split: what it must catch, and what it must not take for a fault."""

from typing import Any

import pytest

from client_sim.sharing import Rates, Share, net_shares, shares_of_lines
from loadtest.splits import Entry, entries_in, wrong_splits

FEE = 177


def order(name: str, price: int, qty: int = 1, status: str = "paid", **more: Any) -> dict[str, Any]:
    line = {"sale": "s1", "qty": qty, "price": price} | more.pop("line", {})
    fixed = {"order": name, "status": status, "total": qty * price, "lines": [line]}
    return fixed | more


ORDERS = [
    order("o1", 12901),
    order("o2", 3333, 3, line={"returned": 1}, back=3333),
    order("o3", 4999, status="returned"),
    order("o4", 1299, status="cancelled"),
    order("o5", 7),
    order("o6", 10_000, total=8999, off=1001),
]


def entries() -> list[Entry]:
    """What a host's statement says of ORDERS, by the other implementation of the rules."""
    found, rates = [], [Rates(fee=FEE)]
    for each in ORDERS:
        if each["status"] == "cancelled":
            continue
        [shares] = shares_of_lines(each, rates)
        paid = shares[Share("host", "sale")]
        gone = paid - net_shares(each, rates)[Share("host", "sale")]
        found.append(Entry(each["order"], "paid", paid, each["total"]))
        if gone:
            found.append(Entry(each["order"], "returned", -gone, -each.get("back", each["total"])))
    return found


def test_orders_that_are_shared_by_one_fee_are_in_order() -> None:
    assert wrong_splits(ORDERS, entries()) == []
    assert wrong_splits([ORDERS[3]], []) == []


@pytest.mark.parametrize("n", range(len(entries())))
@pytest.mark.parametrize("by", [-1, 1])
def test_one_fen_too_many_or_too_few_are_found(n: int, by: int) -> None:
    told = entries()
    told[n] = told[n]._replace(amount=told[n].amount + by)

    assert wrong_splits(ORDERS, told) != []


def test_a_fen_less_of_each_line_is_found_by_the_fee_that_was_told() -> None:
    told = [each._replace(amount=each.amount - (each.event == "paid")) for each in entries()]

    assert wrong_splits(ORDERS, entries(), FEE) == []
    assert len(wrong_splits(ORDERS, told, FEE)) >= 4


@pytest.mark.parametrize("n", range(len(entries())))
def test_an_entry_that_is_missing_or_doubled_is_found(n: int) -> None:
    told = entries()

    assert wrong_splits(ORDERS, told[:n] + told[n + 1 :]) != []
    assert wrong_splits(ORDERS, [*told, told[n]]) != []


def test_money_of_an_order_that_was_never_paid_is_found() -> None:
    more = [Entry("o4", "paid", 1276, 1299), Entry("o9", "paid", 98, 100)]

    found = wrong_splits(ORDERS, entries() + more)

    assert len(found) == 2


def test_a_statement_is_read_for_one_room() -> None:
    table = "at,event,room,order,amount,base\r\nT,paid,r1,o1,98,100\r\nT,paid,r2,o2,1,1\r\n"

    assert entries_in(table + "T,released,r1,,98,0\r\n", "r1") == [Entry("o1", "paid", 98, 100)]
    with pytest.raises(ValueError, match="columns"):
        entries_in("not,a,statement\r\n", "r1")
