"""Shares the money of an order's lines. Pure, in whole minor units.

A line is worth its units times their price. The discount of a coupon spreads over all lines by
their worth, as it does when units come back (docs/orders.md). Who owns the goods takes in what the
buyer paid, and what another bears of the discount: of this sum the platform gets its fee and the
host the commission, both in basis points, and the owner the rest. Whoever else bears a discount has
it taken off. So the parts of a line always add up to what its buyer paid.

Shares are rounded by largest remainder: each is less than one minor unit from its exact value. What
goes back is computed for all that went back so far, and a step gives back the difference; so parts
that follow each other add up, and an order that came back whole leaves nothing.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from msgspec.structs import replace

from server.features.orders.messages import Order
from server.features.terms.messages import Terms

WHOLE_BPS = 10_000

Rates = Terms | None
"""The terms of a line; None: the host owns the goods, and nobody takes a fee."""


class Part(NamedTuple):
    """Money of one line, and what it is: `sale`, `commission`, `fee` or `coupon`.

    `of` is `host` (of the room), `merchant` (of the terms) or `platform`. Below zero it is borne.
    """

    of: str
    what: str
    amount: int


class LineSplit(NamedTuple):
    """How one line is shared. The parts add up to `paid`; `base` is what fee and commission are
    shares of."""

    paid: int
    base: int
    parts: tuple[Part, ...]


def apportion(total: int, weights: Sequence[int]) -> list[int]:
    """Divide a sum in proportion to weights by largest remainder; of equal ones the first wins.

    The weights are not negative; where all are 0, so is the total.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    return _rounded([total * weight // whole for weight in weights], total,
                    [total * weight % whole for weight in weights])  # fmt: skip


def _rounded(floors: list[int], total: int, rests: Sequence[int | Fraction]) -> list[int]:
    missing = total - sum(floors)
    if missing:
        for n in sorted(range(len(floors)), key=lambda n: (-rests[n], n))[:missing]:
            floors[n] += 1
    return floors


def split_order(order: Order, rates: Sequence[Rates]) -> list[LineSplit]:
    """Return how each line of an order is shared when it is paid; `rates` has each line's terms."""
    worth = [line.qty * line.price for line in order.lines]
    off = apportion(sum(worth) - order.total, worth)
    return [
        split_line(full, less, each) for full, less, each in zip(worth, off, rates, strict=True)
    ]


def split_line(worth: int, off: int, terms: Rates) -> LineSplit:
    """Return how a line is shared of which a coupon took `off`."""
    paid = worth - off
    if terms is None:
        return LineSplit(paid, paid, (Part("host", "sale", paid),) if paid else ())
    owner = "merchant" if terms.merchant else "host"
    bearer = terms.coupon if terms.merchant else "host"
    base = paid if bearer == owner else worth
    kept = WHOLE_BPS - terms.fee - terms.commission
    sale, commission, fee = apportion(base, [kept, terms.commission, terms.fee])
    parts = [Part(owner, "sale", sale), Part("host", "commission", commission),
             Part("platform", "fee", fee)]  # fmt: skip
    if base != paid:
        parts.append(Part(bearer, "coupon", -off))
    return LineSplit(paid, base, tuple(part for part in parts if part.amount))


def paid_back(paid: Sequence[int], order: Order) -> list[int]:
    """Return how much of what was `paid` for each line has gone back, or is to go.

    It adds up to the order's `back`. Units that came back count with what was paid for them; what
    the provider gave back besides spreads over what is left of the lines."""
    back = order.back if order.status != "returned" else order.total
    of_units = [
        Fraction(each * (line.qty if order.status == "returned" else line.returned), line.qty)
        for each, line in zip(paid, order.lines, strict=True)
    ]
    more, left = back - sum(of_units), sum(paid) - sum(of_units)
    if more >= 0:
        exact = [
            part + (more * (each - part) / left if left else 0)
            for each, part in zip(paid, of_units, strict=True)
        ]
    else:  # it was rounded down by less than a minor unit
        exact = [part * back / sum(of_units) for part in of_units]
    floors = [int(part) for part in exact]
    return _rounded(floors, back, [part - int(part) for part in exact])


def left_of(order: Order) -> int:
    """Return how much of an order's total has not gone back."""
    return 0 if order.status == "returned" else order.total - order.back


def split_back(splits: Sequence[LineSplit], order: Order) -> list[LineSplit]:
    """Return what of each line's shares has gone back so far, as shares above zero.

    Lines that cost nothing go back by their units.
    """
    backs = paid_back([split.paid for split in splits], order)
    found = []
    for split, line, back in zip(splits, order.lines, backs, strict=True):
        units = line.qty if order.status == "returned" else line.returned
        gone = Fraction(back, split.paid) if split.paid else Fraction(units, line.qty)
        exact = [part.amount * gone for part in split.parts]
        floors = [amount.__floor__() for amount in exact]
        amounts = _rounded(floors, back, [a - f for a, f in zip(exact, floors, strict=True)])
        parts = tuple(
            part._replace(amount=amount) for part, amount in zip(split.parts, amounts, strict=True)
        )
        found.append(LineSplit(back, int(split.base * gone), parts))
    return found


def before_step(order: Order, back: int | None, taken: Mapping[str, int]) -> Order:
    """Return an order as it was before a step within `paid`, or to `returned`.

    `back` is the money that the step made due, `taken` the units of each sale that it took back.
    Both are absent in steps from before orders could come back in parts: these returned the whole.
    """
    returned = [0 if back is None else line.returned - taken.get(line.sale, 0)
                for line in order.lines]  # fmt: skip
    lines = [
        replace(line, returned=units) for line, units in zip(order.lines, returned, strict=True)
    ]
    before = 0 if back is None else order.back - back
    return replace(order, status="paid", lines=lines, back=before)
