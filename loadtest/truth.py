"""Compares the replies that users got with the server's books: the truth check.

Rules, each with what breaks it:

- every `ok` is in the list of orders exactly once, of that buyer and that sale;
- the server has no order that nobody was given: a refusal consumed nothing;
- what was paid is paid, and no order is in two states;
- units add up: left + held + sold is what was put on sale, never more is held and sold, and the
  orders themselves sum to what the sale says;
- the room's totals are those of its orders;
- each paid order is in the host's statement, with the host's share of it (`loadtest/splits.py`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtest.splits import UNTOLD, Entry, wrong_splits
from loadtest.tally import Told

Order = Mapping[str, Any]
Sale = Mapping[str, Any]

_LIVE = {"held": "held", "paid": "sold", "refund_due": None}
_AFTER = {
    "held": {"held", "paid", "cancelled", "expired", "refund_due", "refunded", "returned"},
    "paid": {"paid", "returned"},
    "cancelled": {"cancelled"},
    "expired": {"expired", "paid", "refund_due", "refunded"},
}
"""For each state that a reply told, the states that the order may have reached meanwhile."""
_EXAMPLES_MAX = 5
SHARED_WRONGLY = "shared_wrongly"
"""The kind that may be a matter of time: the records follow the room."""


@dataclass(frozen=True)
class Books:
    """The server's books of a room, read when the room is at rest.

    `orders` and `sales` are all of them; `stats` holds `orders` and `units` by status. `shares` is
    what the host's statement says of the orders; None: it was not read.
    `platform_fee` is the share in basis points that the platform takes.
    """

    orders: Sequence[Order]
    sales: Sequence[Sale]
    stats: Mapping[str, Any]
    shares: Sequence[Entry] | None = None
    platform_fee: int = UNTOLD


class Findings:
    """The disagreements, by kind: their number, and a few examples."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, list[str]] = defaultdict(list)

    def add(self, kind: str, example: str) -> None:
        """One disagreement."""
        self.counts[kind] += 1
        if len(self.examples[kind]) < _EXAMPLES_MAX:
            self.examples[kind].append(example)

    def merge(self, other: "Findings") -> None:
        """Add the disagreements of another room."""
        self.counts.update(other.counts)
        for kind, examples in other.examples.items():
            self.examples[kind] = [*self.examples[kind], *examples][:_EXAMPLES_MAX]


def check(told: Iterable[Told], books: Books) -> Findings:
    """Compare all that anybody was told with the books."""
    found = Findings()
    by_id: dict[str, Order] = {}
    for order in books.orders:
        if order["order"] in by_id:
            found.add("order_listed_twice", order["order"])
        by_id[order["order"]] = order
    told = list(told)
    _check_told(told, by_id, found)
    _check_untold(told, by_id, found)
    _check_units(books.orders, books.sales, found)
    _check_totals(books, found)
    if books.shares is not None:
        for words in wrong_splits(books.orders, books.shares, books.platform_fee):
            found.add(SHARED_WRONGLY, words)
    return found


def _check_told(told: Sequence[Told], by_id: Mapping[str, Order], found: Findings) -> None:
    given: dict[str, str] = {}
    for one in told:
        if one.said != "ok":
            continue
        if given.setdefault(one.order, one.key) != one.key:
            found.add("order_given_twice", f"{one.order} to {given[one.order]} and {one.key}")
        order = by_id.get(one.order)
        if order is None:
            found.add("order_lost", f"{one.order} was given to {one.key} and is not there")
            continue
        units = {line["sale"]: line["qty"] for line in order["lines"]}
        if order["user"] != one.user or units != {one.sale: one.qty}:
            found.add("order_of_another", f"{one.order}: told {one}, written {dict(order)}")
        if order["status"] not in _AFTER.get(one.status, {one.status}):
            found.add("status_differs", f"{one.order}: {one.status}, written {order['status']}")


def _check_untold(told: Sequence[Told], by_id: Mapping[str, Order], found: Findings) -> None:
    """An order that nobody was told of may only stem from a buy that was never answered."""
    given = {one.order for one in told if one.said == "ok"}
    unknown = Counter((one.user, one.sale) for one in told if one.said == "unknown")
    for order in by_id.values():
        if order["order"] in given:
            continue
        whose = (order["user"], order["lines"][0]["sale"])
        if unknown[whose] > 0:
            unknown[whose] -= 1
        else:
            found.add("refused_but_ordered", f"{order['order']} of {order['user']}")


def _check_units(orders: Sequence[Order], sales: Sequence[Sale], found: Findings) -> None:
    units: Counter[tuple[str, str]] = Counter()
    for order in orders:
        state = _LIVE.get(order["status"])
        for line in order["lines"] if state else ():
            units[line["sale"], str(state)] += line["qty"]
    for sale in sales:
        name, left, held, sold = (sale[key] for key in ("sale", "left", "held", "sold"))
        if left < 0 or held + sold > sale["allocated"]:
            found.add(
                "oversold", f"{name}: {held} held + {sold} sold of {sale['allocated']}, {left} left"
            )
        elif left + held + sold != sale["allocated"]:
            found.add(
                "units_vanished",
                f"{name}: {left} left + {held} held + {sold} sold is not {sale['allocated']}",
            )
        live = units[name, "held"] + units[name, "sold"]
        if live > sale["allocated"]:
            found.add("oversold", f"{name}: orders own {live} of {sale['allocated']} units")
        if live != held + sold or units[name, "sold"] != sold:
            found.add(
                "orders_and_stock_differ",
                f"{name}: orders own {units[name, 'held']} held + {units[name, 'sold']} sold, "
                f"the sale says {held} + {sold}",
            )


def _check_totals(books: Books, found: Findings) -> None:
    orders: Counter[str] = Counter()
    units: Counter[str] = Counter()
    for order in books.orders:
        orders[order["status"]] += 1
        units[order["status"]] += sum(line["qty"] for line in order["lines"])
    for what, counted in (("orders", orders), ("units", units)):
        said = {status: n for status, n in books.stats[what].items() if n}
        if said != counted:
            found.add("totals_differ", f"{what}: {dict(counted)} counted, the totals say {said}")
