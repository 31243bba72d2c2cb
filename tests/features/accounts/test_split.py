"""Shares add up to the minor unit, whatever comes back in whichever parts."""

from collections import Counter
from fractions import Fraction
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from server.features.accounts.split import (
    LineSplit,
    Part,
    Rates,
    apportion,
    before_step,
    split_back,
    split_line,
    split_order,
)
from server.features.orders.messages import Line, Order
from server.features.terms.messages import Terms


class Sold(NamedTuple):
    """An order and the terms of its lines."""

    order: Order
    rates: list[Rates]


@st.composite
def terms(draw: st.DrawFn) -> Rates:
    if draw(st.booleans()):
        return None
    fee = draw(st.integers(0, 10_000))
    return Terms(
        merchant=draw(st.sampled_from(["", "m1"])),
        goods="",
        fee=fee,
        commission=draw(st.integers(0, 10_000 - fee)),
        coupon=draw(st.sampled_from(["host", "merchant", "platform"])),
    )


@st.composite
def sold(draw: st.DrawFn) -> Sold:
    lines = [
        Line(f"s{n}", "sku", "t", draw(st.integers(1, 5)), draw(st.integers(0, 1000)))
        for n in range(draw(st.integers(1, 4)))
    ]
    full = sum(line.qty * line.price for line in lines)
    off = draw(st.integers(0, full))
    order = Order(
        "o", "r", "u", "n", "paid", lines, full - off, "CNY", 0, 0, 0, off=off
    )  # fmt: skip
    return Sold(order, [draw(terms()) for _ in lines])


def worth_back(order: Order) -> int:
    """What the units that came back are worth, as docs/orders.md has it."""
    full = sum(line.qty * line.price for line in order.lines)
    value = sum(line.returned * line.price for line in order.lines)
    return order.total if value == full else value - (full - order.total) * value // full


def give_units_back(order: Order, n: int, units: int) -> Order:
    lines = list(order.lines)
    lines[n] = replace(lines[n], returned=min(lines[n].qty, lines[n].returned + units))
    after = replace(order, lines=lines)
    whole = all(line.returned == line.qty for line in lines)
    back = max(order.back, worth_back(after))
    return replace(after, back=back, status="returned" if whole else "paid")


def parts_of(splits: list[LineSplit]) -> Counter[tuple[int, str, str]]:
    found: Counter[tuple[int, str, str]] = Counter()
    for n, split in enumerate(splits):
        assert sum(part.amount for part in split.parts) == split.paid
        for part in split.parts:
            found[n, part.of, part.what] = part.amount
    return found


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_a_sum_is_divided_whole_and_each_share_is_within_a_unit(
    total: int, weights: list[int]
) -> None:
    whole = sum(weights)
    shares = apportion(total, weights)
    if whole:
        assert sum(shares) == total
        assert all(
            abs(share - Fraction(total * weight, whole)) < 1
            for share, weight in zip(shares, weights, strict=True)
        )
    else:
        assert not any(shares)


@given(sold())
def test_the_parts_of_an_order_add_up_and_only_the_bearer_bears(sold: Sold) -> None:
    splits = split_order(sold.order, sold.rates)
    parts_of(splits)
    assert sum(split.paid for split in splits) == sold.order.total
    for split, line, rates in zip(splits, sold.order.lines, sold.rates, strict=True):
        worth = line.qty * line.price
        off = worth - split.paid
        own = {of: sum(p.amount for p in split.parts if p.of == of and p.what != "coupon")
               for of in ("host", "merchant", "platform")}  # fmt: skip
        borne = {p.of: -p.amount for p in split.parts if p.what == "coupon"}
        assert sum(own.values()) == split.base == worth - off + sum(borne.values())
        if rates is None or not rates.merchant:
            assert not borne
            assert own["merchant"] == 0
        elif rates.coupon == "merchant":
            assert not borne
        else:
            assert borne == ({rates.coupon: off} if off else {})
        if rates:
            assert abs(own["platform"] - Fraction(split.base * rates.fee, 10_000)) < 1


@given(
    sold(),
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(0, 500)), max_size=8),
)
def test_parts_that_come_back_add_up_to_the_whole(
    sold: Sold, steps: list[tuple[int, int, int]]
) -> None:
    """Units come back in any parts, and the provider gives money back unasked in between."""
    splits = split_order(sold.order, sold.rates)
    whole = parts_of(splits)
    order, gone = sold.order, Counter[tuple[int, str, str]]()
    finish = [(n, line.qty, 0) for n, line in enumerate(order.lines)]
    for n, units, more in [*steps, *finish]:
        if order.status == "returned":
            break
        unasked = min(more, order.total - order.back)
        for after in (
            replace(order, back=order.back + unasked),
            give_units_back(replace(order, back=order.back + unasked), n % len(order.lines), units),
        ):
            taken = {
                line.sale: line.returned - old.returned
                for line, old in zip(after.lines, order.lines, strict=True)
            }
            assert before_step(after, after.back - order.back, taken) == order
            was, now = (parts_of(split_back(splits, each)) for each in (order, after))
            now.subtract(was)
            assert sum(now.values()) == after.back - order.back
            gone.update(now)
            order = after
        exact = split_back(splits, order)
        assert sum(each.paid for each in exact) == order.back
    assert order.status == "returned"
    assert {k: v for k, v in gone.items() if v} == {k: v for k, v in whole.items() if v}


@given(sold())
def test_an_order_that_came_back_whole_before_lines_said_so_leaves_nothing(sold: Sold) -> None:
    splits = split_order(sold.order, sold.rates)
    returned = replace(sold.order, status="returned")
    before = before_step(returned, None, {})
    assert parts_of(split_back(splits, returned)) == parts_of(splits)
    assert not any(parts_of(split_back(splits, before)).values())


@pytest.mark.parametrize(
    ("bearer", "expected"),
    [
        ("merchant", [("merchant", "sale", 693), ("host", "commission", 180),
                      ("platform", "fee", 27)]),
        ("host", [("merchant", "sale", 770), ("host", "commission", 200), ("platform", "fee", 30),
                  ("host", "coupon", -100)]),
        ("platform", [("merchant", "sale", 770), ("host", "commission", 200),
                      ("platform", "fee", 30), ("platform", "coupon", -100)]),
    ],
)  # fmt: skip
def test_a_line_of_ten_with_one_off_by_who_bears_it(
    bearer: str, expected: list[tuple[str, str, int]]
) -> None:
    rates = Terms(merchant="m", goods="g", commission=2000, fee=300, coupon=bearer)  # type: ignore[arg-type]  # a parameter is any text
    assert list(split_line(1000, 100, rates).parts) == [Part(*each) for each in expected]
