"""Checks the split of every order: the host's statement against the orders.

Hosts of a rehearsal sell their own goods. So of each paid line the host has what the buyer paid,
less the platform's fee, which is one share for all (docs/money.md). The fee of a running server is
not told to hosts: if the tester does not name it, it is read off the largest line, and every other
line has to agree with it.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from io import StringIO
from typing import Any, NamedTuple

WHOLE_BPS = 10_000
UNTOLD = -1
"""The platform's share of a server that nobody told it of."""
_HALF = Fraction(1, 2)
SHARED = frozenset({"paid", "returned"})
"""States of an order that was paid and shared."""

Order = Mapping[str, Any]


class Entry(NamedTuple):
    """A line of a host's statement about an order: `amount` is the host's share of `base`."""

    order: str
    event: str
    amount: int
    base: int


def entries_in(table: str, room: str) -> list[Entry]:
    """The entries of a room's orders in a statement as CSV. Raises ValueError if it is none."""
    rows = csv.DictReader(StringIO(table.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")))
    wanted = {"room", "order", "event", "amount", "base"}
    if not wanted <= set(rows.fieldnames or ()):
        raise ValueError(f"The statement has the columns {rows.fieldnames}, and needs {wanted}.")
    return [
        Entry(row["order"], row["event"], int(row["amount"]), int(row["base"]))
        for row in rows
        if row["room"] == room and row["event"] in SHARED
    ]


def wrong_splits(
    orders: Sequence[Order], entries: Sequence[Entry], platform_fee: int = UNTOLD
) -> list[str]:
    """Return a sentence about each order whose money is not where it belongs."""
    of: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        of[entry.order].append(entry)
    known = {order["order"] for order in orders}
    strangers = [f"{name} is in the statement and no order" for name in of if name not in known]
    fees = _fees_bps(entries) if platform_fee == UNTOLD else [platform_fee]
    mistakes = (_mistakes(orders, of, fee) for fee in fees)
    return strangers + min(mistakes, key=len)


def _fees_bps(entries: Iterable[Entry]) -> list[int]:
    """The platform's shares in basis points with which the largest paid line agrees."""
    paid = (it for it in entries if it.event == "paid" and it.base > 0)
    largest = max(paid, key=lambda it: it.base, default=None)
    if largest is None:
        return [0]
    near = (largest.base - largest.amount) * WHOLE_BPS // largest.base
    around = (fee for fee in range(near - 1, near + 3) if 0 <= fee <= WHOLE_BPS)
    return [fee for fee in around if _is_share(largest, _kept(fee))] or [near]


def _kept(fee_bps: int) -> Fraction:
    return Fraction(WHOLE_BPS - fee_bps, WHOLE_BPS)


def _is_share(entry: Entry, kept: Fraction) -> bool:
    """Of two parts each is rounded to the nearest."""
    return abs(entry.amount - entry.base * kept) <= _HALF


def _mistakes(orders: Sequence[Order], of: Mapping[str, Sequence[Entry]], fee: int) -> list[str]:
    """The mistakes if the platform's share is this one."""
    told = ((order, _wrong(order, of.get(order["order"], ()), _kept(fee))) for order in orders)
    return [f"{order['order']}, {order['status']}: {words}" for order, words in told if words]


def _wrong(order: Order, entries: Sequence[Entry], kept: Fraction) -> str:
    """Return the mistake in an order's entries; empty if there is none."""
    if order["status"] not in SHARED or order.get("practice"):
        return f"it moved {len(entries)} entries" if entries else ""
    paid = [entry for entry in entries if entry.event == "paid"]
    base, total = sum(entry.base for entry in paid), order["total"]
    if base != total:
        return f"{total} were paid, and shared were {base}"
    for entry in paid:
        if not _is_share(entry, kept):
            return f"of {entry.base} the host got {entry.amount}, not {float(kept):.2%}"
    back = total if order["status"] == "returned" else order.get("back", 0)
    got, has = (sum(it.amount for it in some) for some in (paid, entries))
    stays = got * Fraction(total - back, total or 1)
    if abs(has - stays) > max(1, len(paid)) * _HALF or (back == total and has):
        return f"{total - back} stayed, of which the host has {has}"
    return ""
