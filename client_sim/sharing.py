"""Shares the money of an order, as docs/money.md alone says: a second implementation.

Whole minor units. Exact shares are fractions; they are rounded by largest remainder once a line.
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from client_sim.client.wire import Message

WHOLE_BPS = 10_000


class Rates(NamedTuple):
    """On which terms a line is sold: shares in basis points, and who bears a coupon (`host`,
    `merchant`, `platform`). Without a `merchant` the host owns the goods."""

    merchant: str = ""
    commission: int = 0
    fee: int = 0
    bearer: str = "host"


class Share(NamedTuple):
    """Whose share it is (`host`, `merchant/<id>` or `platform`), and of what kind."""

    of: str
    what: str


def largest_remainder(exact: Sequence[Fraction]) -> list[int]:
    """Round fractions that add up to a whole number; of equal remainders the first gets the unit.

    Raises ValueError if they don't add up to one.
    """
    total = sum(exact, Fraction())
    if total.denominator != 1:
        raise ValueError(f"{exact} add up to {total}, which is no whole number.")
    found = [floor(each) for each in exact]
    by_rest = sorted(range(len(exact)), key=lambda n: found[n] - exact[n])  # sorting is stable
    for n in by_rest[: int(total) - sum(found)]:
        found[n] += 1
    return found


def paid_of_lines(order: Message) -> list[int]:
    """Return what the buyer paid for each line: the discount spreads over all by their price."""
    worth = [line["qty"] * line["price"] for line in order["lines"]]
    off = sum(worth) - int(order["total"])
    less = largest_remainder([Fraction(off * each, sum(worth) or 1) for each in worth])
    return [each - gone for each, gone in zip(worth, less, strict=True)]


def shares_of_lines(order: Message, rates: Sequence[Rates]) -> list[dict[Share, int]]:
    """Return the shares of each line when it is paid; they add up to what was paid for it."""
    found = []
    for line, paid, rate in zip(order["lines"], paid_of_lines(order), rates, strict=True):
        owner = f"merchant/{rate.merchant}" if rate.merchant else "host"
        bearer = {"merchant": owner}.get(rate.bearer, rate.bearer) if rate.merchant else owner
        off = line["qty"] * line["price"] - paid
        base = paid if bearer == owner else paid + off
        kept = WHOLE_BPS - rate.commission - rate.fee
        parts = largest_remainder(
            [Fraction(base * bps, WHOLE_BPS) for bps in (kept, rate.commission, rate.fee)]
        )
        kinds = Share(owner, "sale"), Share("host", "commission"), Share("platform", "fee")
        shares = dict(zip(kinds, parts, strict=True))
        if bearer != owner:
            shares[Share(bearer, "coupon")] = -off
        found.append(shares)
    return found


def due_back(order: Message) -> int:
    """Return how much is due back for the units that came back: rounded up, all together."""
    worth = sum(line["qty"] * line["price"] for line in order["lines"])
    units = sum(_returned(order, line) * line["price"] for line in order["lines"])
    return ceil(Fraction(units * order["total"], worth)) if worth else 0


def net_shares(order: Message, rates: Sequence[Rates]) -> Counter[Share]:
    """Return who has what of an order now, after all that came back."""
    found: Counter[Share] = Counter()
    shares, paid = shares_of_lines(order, rates), paid_of_lines(order)
    for part, whole, back in zip(shares, paid, _back_of_lines(order, paid), strict=True):
        gone = [Fraction(amount * back, whole or 1) for amount in part.values()]
        for share, less in zip(part, largest_remainder(gone), strict=True):
            found[share] += part[share] - less
    return found


def _back_of_lines(order: Message, paid: Sequence[int]) -> list[int]:
    """Spread what went back: by units first, by what was paid for them, and then over the rest."""
    back = due_back(order)
    exact = [
        Fraction(whole * _returned(order, line), line["qty"])
        for whole, line in zip(paid, order["lines"], strict=True)
    ]
    more, left = back - sum(exact), sum(paid) - sum(exact)
    if more < 0:  # the lines were rounded up by more than the whole
        exact = [each * back / sum(exact) for each in exact]
    elif left:
        exact = [
            each + more * (whole - each) / left for each, whole in zip(exact, paid, strict=True)
        ]
    return largest_remainder(exact)


def _returned(order: Message, line: Message) -> int:
    return int(line["qty"] if order["status"] == "returned" else line.get("returned", 0))
