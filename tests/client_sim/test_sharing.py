"""Two implementations of the sharing, neither of which knows the other, agree on any order."""

from collections import Counter
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client_sim.client.wire import Message
from client_sim.sharing import Rates, due_back, largest_remainder, net_shares
from server.features.accounts.split import split_back, split_order
from server.features.orders.messages import Order
from server.features.terms.messages import Terms

LINES = st.lists(
    st.tuples(st.integers(1, 5), st.integers(0, 20_000), st.integers(0, 5)), min_size=1, max_size=4
)
RATES = st.tuples(
    st.sampled_from(["", "m1", "m2"]),
    st.integers(0, 7000),
    st.integers(0, 3000),
    st.sampled_from(["host", "merchant", "platform"]),
)


def order_of(lines: list[tuple[int, int, int]], off_permille: int, status: str) -> Message:
    worth = sum(qty * price for qty, price, _ in lines)
    order = {
        "order": "o1", "room": "r1", "user": "u", "name": "U", "status": status, "currency": "CNY",
        "total": worth - worth * off_permille // 1000, "created": 0, "updated": 0, "hold_until": 0,
        "lines": [
            {"sale": f"s{n}", "sku": "x", "title": "X", "qty": qty, "price": price,
             "returned": min(qty, back)}
            for n, (qty, price, back) in enumerate(lines)
        ],
    }  # fmt: skip
    return order | {"back": due_back(order)}


@given(
    LINES, st.lists(RATES, min_size=4, max_size=4), st.integers(0, 900),
    st.sampled_from(["paid", "returned"]),
)  # fmt: skip
def test_the_simulator_and_the_server_share_an_order_alike(
    lines: list[tuple[int, int, int]],
    rates: list[tuple[str, int, int, str]],
    off_permille: int,
    status: str,
) -> None:
    order = order_of(lines, off_permille, status)
    ours = [Rates(*rate) if rate[0] else Rates(fee=rate[2]) for rate in rates[: len(lines)]]
    theirs = msgspec.convert(
        [
            {"merchant": it.merchant, "goods": "g", "commission": it.commission, "fee": it.fee}
            | {"coupon": it.bearer}
            for it in ours
        ],
        list[Terms],
    )
    shared = msgspec.convert(order, Order)

    told: Counter[tuple[str, str]] = Counter()
    splits = split_order(shared, theirs)
    for sign, some in ((1, splits), (-1, split_back(splits, shared))):
        for split, terms in zip(some, theirs, strict=True):
            for part in split.parts:
                of = f"merchant/{terms.merchant}" if part.of == "merchant" else part.of
                told[of, part.what] += sign * part.amount

    net = net_shares(order, ours)
    assert {s: n for s, n in net.items() if n} == {s: n for s, n in told.items() if n}
    assert sum(net.values()) == order["total"] - order["back"]


def test_fractions_that_make_no_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="no whole number"):
        largest_remainder([Fraction(1, 2)])
