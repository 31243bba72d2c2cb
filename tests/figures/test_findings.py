"""Each finding appears at its threshold and not one step before it."""

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from server.features.figures.reckoning.findings import find
from server.features.figures.reckoning.models import (
    Compared,
    Figures,
    FirstOrders,
    ProductRow,
    SourceRow,
)
from tests.figures.evening import MINUTE, START, at, figures
from tests.figures.metrics_page import codes


def quiet(**numbers: Any) -> Figures:
    """An hour's stream that has ended, about which there is nothing to say but what these do."""
    made = figures(ledger=[], facts=[])
    changed = replace(made.numbers, **numbers)
    return replace(made, started_ms=START, ended_ms=at(60), numbers=changed)


def product(**changes: Any) -> Figures:
    """A stream with one product."""
    row = ProductRow(
        sku="mug", title="Mug", asks=0, asks_unpinned=0, askers=0, asker_conversion=None,
        pinned_ms=0, units=0, units_pinned=0, units_replay=0, gmv={}, units_returned=0,
        gmv_returned={}, return_rate=None,
    )  # fmt: skip
    return replace(quiet(), products=[replace(row, **changes)])


def usual(number: str, median: float, streams: int = 3, **numbers: Any) -> Figures:
    """A stream beside earlier ones."""
    return replace(quiet(**numbers), compared={number: Compared(median, streams, None)})


def late(late_buyers: int, buyers: int) -> Figures:
    """A stream with so many first orders, of which some came after five minutes exactly."""
    rows = [
        FirstOrders(3 * MINUTE, 5 * MINUTE, buyers - late_buyers),
        FirstOrders(5 * MINUTE, 10 * MINUTE, late_buyers),
    ]
    return replace(quiet(first_order_count=buyers), first_orders=rows)


def source(viewers: int, buyers: int, overall: float, kind: str = "search") -> Figures:
    """A stream with one source."""
    row = SourceRow(
        kind=kind,
        orders=buyers,
        gmv={},
        viewers=viewers,
        buyers=buyers,
        conversion=buyers / viewers,
    )
    return replace(quiet(conversion=overall), sources=[row])


def pinned(units: int, rest: int, minutes: float) -> Figures:
    """A product that sold so many in so many pinned minutes of sixty, and others in the rest."""
    ms = int(minutes * MINUTE)
    return product(units=units + rest, units_pinned=units, pinned_ms=ms)


def live(made: Figures) -> Figures:
    """The same before it has ended."""
    return replace(made, ended_ms=None)


def returns(orders: int, returned: int, median: float, streams: int = 3) -> Figures:
    statuses = {"returned": returned}
    rate = returned / orders
    return usual(
        "return_rate", median, streams, orders=orders, orders_by_status=statuses, return_rate=rate
    )


def viewers(n: int, conversion: float, median: float, streams: int = 3) -> Figures:
    return usual("conversion", median, streams, viewers=n, conversion=conversion)


CASES: list[tuple[str, Callable[[], Figures], list[Callable[[], Figures]]]] = [
    (
        "asked_unpinned",
        lambda: product(asks=20, asks_unpinned=10),
        [
            lambda: product(asks=9, asks_unpinned=9),
            lambda: product(asks=21, asks_unpinned=10),
        ],
    ),
    (
        "pin_sold",
        lambda: pinned(10, 30, 6),  # 10 in 6 minutes; 30 in 54 are a third of that a minute
        [
            lambda: pinned(9, 0, 6),
            lambda: pinned(10, 31, 6),
            lambda: pinned(10, 0, 0.99),
            lambda: pinned(10, 0, 59.1),
        ],
    ),
    ("unmet", lambda: product(unmet=3), [lambda: product(unmet=2)]),
    ("first_orders_late", lambda: late(15, 20), [lambda: late(14, 19), lambda: late(14, 20)]),
    (
        "coupons_unused",
        lambda: quiet(coupons_claimed=20, coupons_used=10),
        [
            lambda: quiet(coupons_claimed=19, coupons_used=0),
            lambda: quiet(coupons_claimed=20, coupons_used=11),
        ],
    ),
    (
        "returns_high",
        lambda: returns(20, 4, 0.1),
        [
            lambda: returns(19, 4, 0.1),
            lambda: returns(20, 2, 0.05),
            lambda: returns(20, 4, 0.101),
            lambda: returns(20, 4, 0.1, streams=2),
            lambda: returns(20, 4, 0),
        ],
    ),
    (
        "conversion_high",
        lambda: viewers(50, 0.2, 0.1),
        [
            lambda: viewers(49, 0.2, 0.1),
            lambda: viewers(50, 0.19, 0.1),
            lambda: viewers(50, 0.2, 0.1, streams=2),
            lambda: viewers(50, 0.2, 0),
        ],
    ),
    (
        "conversion_low",
        lambda: viewers(50, 0.1, 0.2),
        [
            lambda: viewers(49, 0.1, 0.2),
            lambda: viewers(50, 0.11, 0.2),
            lambda: viewers(50, 0.1, 0.2, streams=2),
            lambda: live(viewers(50, 0.1, 0.2)),
        ],
    ),
    (
        "reserved_absent",
        lambda: quiet(reserved=20, reserved_came=10),
        [
            lambda: quiet(reserved=19, reserved_came=0),
            lambda: quiet(reserved=20, reserved_came=11),
            lambda: live(quiet(reserved=20, reserved_came=10)),
        ],
    ),
    (
        "questions_open",
        lambda: quiet(questions=9, questions_answered=4),
        [lambda: quiet(questions=9, questions_answered=5)],
    ),
    (
        "fans_carry",
        lambda: quiet(orders=20, fan_orders=14),
        [lambda: quiet(orders=19, fan_orders=19), lambda: quiet(orders=20, fan_orders=13)],
    ),
    (
        "source_best",
        lambda: source(30, 6, 0.1),
        [
            lambda: source(29, 6, 0.1),
            lambda: source(30, 4, 0.05),
            lambda: source(30, 6, 0.101),
            lambda: source(30, 6, 0.1, kind=""),
        ],
    ),
]


@pytest.mark.parametrize(("code", "there", "absent"), CASES, ids=[case[0] for case in CASES])
def test_a_finding_appears_at_its_threshold_and_not_before(
    code: str, there: Callable[[], Figures], absent: list[Callable[[], Figures]]
) -> None:
    assert [finding.code for finding in find(there())] == [code]
    assert [find(make()) for make in absent] == [[] for _ in absent]


def test_each_finding_of_the_page_is_tested_and_no_other() -> None:
    assert [case[0] for case in CASES] == codes()


def test_findings_are_said_in_plain_words() -> None:
    def said(made: Figures) -> str:
        return find(made)[0].text

    assert said(product(asks=87, asks_unpinned=87)) == (
        "The link of Mug was asked for 87 times while it was not pinned."
    )
    assert said(pinned(40, 2, 6)) == "Mug sold 40 in the 6 minutes it was pinned and 2 in the rest."
    assert said(product(unmet=43)) == "43 more people wanted Mug than there was for."
    assert said(late(75, 100)) == "75 of 100 first orders came after 5 minutes or more."
    assert said(quiet(coupons_claimed=120, coupons_used=60)) == (
        "60 of the 120 coupons that were claimed were not used."
    )
    assert said(returns(25, 5, 0.1)) == (
        "20.0 % of the orders were returned; your usual is 10.0 %."
    )


def test_only_the_three_products_asked_for_most_are_named() -> None:
    made = product(asks=10, asks_unpinned=10)
    rows = [replace(made.products[0], sku=f"p{n}", asks=n, asks_unpinned=n) for n in range(10, 15)]
    named = find(replace(made, products=rows))
    assert [finding.params["sku"] for finding in named] == ["p14", "p13", "p12"]


def test_an_evening_of_few_cases_gives_no_findings() -> None:
    assert figures().findings == []
