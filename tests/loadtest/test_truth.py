"""The truth check: what it must catch, and what it must not take for a fault."""

from collections import Counter
from typing import Any

from loadtest.tally import Told
from loadtest.truth import Books, Findings
from loadtest.truth import check as check_books


def told(said: str = "ok", order: str = "o1", status: str = "held", user: str = "ann") -> Told:
    return Told(user, f"{user}:s1", "s1", 1, said, order if said == "ok" else "", status)


def order(
    name: str = "o1", status: str = "held", user: str = "ann", qty: int = 1
) -> dict[str, Any]:
    return {"order": name, "user": user, "status": status, "lines": [{"sale": "s1", "qty": qty}]}


def check(said: list[Told], orders: list[dict[str, Any]], sales: list[dict[str, Any]]) -> Findings:
    """Against books whose totals are those of the orders."""
    statuses = Counter(one["status"] for one in orders)
    units = Counter(one["status"] for one in orders for _ in range(one["lines"][0]["qty"]))
    return check_books(said, Books(orders, sales, {"orders": statuses, "units": units}))


def sale(left: int, held: int, sold: int, allocated: int = 10) -> dict[str, Any]:
    return {"sale": "s1", "left": left, "held": held, "sold": sold, "allocated": allocated}


def test_books_that_agree_are_in_order() -> None:
    found = check(
        [told(), told("err:sold_out", user="bob")], [order(), order("o2", "paid", "eve")],
        [sale(8, 1, 1)],
    )  # fmt: skip

    assert set(found.counts) == {"refused_but_ordered"}, "nobody of ours was told of o2"
    assert not check([told()], [order()], [sale(9, 1, 0)]).counts


def test_an_order_that_was_given_and_is_not_there_is_lost() -> None:
    found = check([told()], [], [sale(10, 0, 0)])

    assert found.counts["order_lost"] == 1
    assert "o1" in found.examples["order_lost"][0]


def test_a_refusal_that_left_an_order_behind_is_caught() -> None:
    found = check([told("err:sold_out")], [order()], [sale(9, 1, 0)])

    assert found.counts["refused_but_ordered"] == 1


def test_an_unanswered_buy_may_have_left_one_order_but_not_two() -> None:
    unanswered = told("unknown")

    assert not check([unanswered], [], [sale(10, 0, 0)]).counts
    assert not check([unanswered], [order()], [sale(9, 1, 0)]).counts
    twice = check([unanswered], [order(), order("o2")], [sale(8, 2, 0)])
    assert twice.counts["refused_but_ordered"] == 1


def test_one_unit_too_many_is_oversold() -> None:
    found = check(
        [told(), told(order="o2", user="bob")], [order(), order("o2", user="bob")],
        [sale(-1, 2, 0, allocated=1)],
    )  # fmt: skip

    assert found.counts["oversold"] == 2, "by the sale's own counters and by the orders"


def test_counters_that_hide_an_oversale_do_not_hide_it_from_the_orders() -> None:
    orders = [order(), order("o2", user="bob")]
    found = check([told(), told(order="o2", user="bob")], orders, [sale(0, 1, 0, allocated=1)])

    assert found.counts["oversold"] == 1
    assert found.counts["orders_and_stock_differ"] == 1


def test_units_that_vanished_are_caught() -> None:
    assert check([told()], [order()], [sale(8, 1, 0)]).counts["units_vanished"] == 1


def test_the_same_order_for_two_buys_is_caught() -> None:
    found = check([told(), told(user="bob")], [order()], [sale(9, 1, 0)])

    assert found.counts["order_given_twice"] == 1
    assert found.counts["order_of_another"] == 1


def test_an_order_moves_on_but_never_back() -> None:
    moved_on = check([told(status="held")], [order(status="expired")], [sale(10, 0, 0)])
    moved_back = check([told(status="paid")], [order(status="held")], [sale(9, 1, 0)])

    assert not moved_on.counts
    assert moved_back.counts["status_differs"] == 1


def test_totals_that_are_not_those_of_the_orders_are_caught() -> None:
    wrong = {"orders": {"held": 2}, "units": {"held": 1, "paid": 0}}
    found = check_books([told()], Books([order()], [sale(9, 1, 0)], wrong))

    assert found.counts["totals_differ"] == 1, "of orders; the units are right"
