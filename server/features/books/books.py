"""Adds up a room's ledger. Pure: entries in, books out.

This module implements every rule of the orders a second time, independently of the scripts, so
that `audit` can compare the two.
"""

from collections import Counter
from typing import Any

from server.features.books.coupon_books import CouponBooks
from server.features.ledger.ledger import Line

# (status before, after) -> (moves between a sale's counters, change of the buyer's live units)
_STEPS: dict[tuple[str | None, str], tuple[tuple[str, str] | None, int]] = {
    (None, "held"): (("left", "held"), 1),
    ("held", "paid"): (("held", "sold"), 0),
    ("held", "cancelled"): (("held", "left"), -1),
    ("held", "expired"): (("held", "left"), -1),
    ("expired", "paid"): (("left", "sold"), 1),
    ("expired", "refund_due"): (None, 0),
    ("refund_due", "refunded"): (None, 0),
    ("paid", "returned"): (("sold", "left"), -1),
}
_FROZEN = (
    "user", "lines", "total", "currency", "created", "source", "claim", "coupon", "off", "group",
    "replay", "practice",
)  # fmt: skip


class Books:
    """The state computed from a ledger; `wrong` lists each entry that broke a rule."""

    def __init__(self) -> None:
        self.entries = 0
        self.orders: dict[str, dict[str, Any]] = {}
        self.sales: dict[str, Counter[str]] = {}
        self.closed: set[str] = set()
        self.bought: Counter[tuple[str, str]] = Counter()
        self.payments: dict[str, dict[str, Any]] = {}
        self.stats: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.coupons = CouponBooks(self.wrong)
        self.announced: dict[str, str] = {}
        self.called_off: dict[str, str] = {}
        self.places_lost: int | None = None
        """How many had reserved a place in the room when it was cancelled."""

    def add_line(self, number: int, entry: Line) -> None:
        """Add one entry."""
        if number != self.entries + 1:
            self.wrong.append(f"entry {self.entries + 1} is missing: {number} comes next")
        self.entries = number
        match entry["k"]:
            case "order":
                self._order(number, entry)
            case "sale":
                self._sale(entry)
            case "payment":
                self._payment(number, entry)
            case "coupon":
                self.coupons.add_line(number, entry)
            case "announced":
                self._announced(number, entry, self.announced, "the start")
            case "called_off":
                self._announced(number, entry, self.called_off, "the cancelling")
            case "cancelled":
                self._cancelled(number, entry)

    def _sale(self, entry: Line) -> None:
        sale = self.sales.setdefault(entry["sale"], Counter())
        if entry["what"] == "closed":
            self.closed.add(entry["sale"])
        else:
            sale["allocated"] += entry["add"]
            sale["left"] += entry["add"]

    def _order(self, number: int, entry: Line) -> None:
        order, was = entry["order"], entry.get("was")
        before = self.orders.get(order["order"])
        if (before and before["status"]) != was:
            self.wrong.append(f"entry {number}: order {order['order']} was not {was}")
        if before and any(before.get(field) != order.get(field) for field in _FROZEN):
            self.wrong.append(f"entry {number}: order {order['order']} changed what is frozen")
        step = _STEPS.get((was, order["status"]))
        if step is None:
            self.wrong.append(f"entry {number}: {was} -> {order['status']} is no step")
            return
        if was:
            self._count({**order, "status": was}, -1)
        self._count(order, 1)
        self.orders[order["order"]] = order
        self._move(number, order, step, entry.get("restock"))
        self.coupons.order(number, order, was, entry["at"])

    def _move(
        self,
        number: int,
        order: dict[str, Any],
        step: tuple[tuple[str, str] | None, int],
        restock: bool | None,
    ) -> None:
        moves, live = step
        for line in order["lines"]:
            sale, qty = self.sales[line["sale"]], line["qty"]
            if moves:
                source, target = moves if restock is not False else ("sold", "")
                sale[source] -= qty
                sale[target or "allocated"] += qty if target else -qty
            self.bought[line["sale"], order["user"]] += live * qty
            if min(sale["left"], sale["held"], sale["sold"]) < 0:
                self.wrong.append(f"entry {number}: sale {line['sale']} went below zero")
            if sale["left"] + sale["held"] + sale["sold"] != sale["allocated"]:
                self.wrong.append(f"entry {number}: sale {line['sale']} does not add up")

    def _payment(self, number: int, entry: Line) -> None:
        payment, was = entry["payment"], entry.get("was")
        before = self.payments.get(payment["payment"])
        if (before and before["status"]) != was:
            self.wrong.append(f"entry {number}: payment {payment['payment']} was not {was}")
        field = f":{payment['currency']}"
        if was is None:
            self.stats["charged" + field] += payment["amount"]
        elif was == "refund_due":
            self.stats["refund_due" + field] -= payment["amount"]
        if payment["status"] != "applied":
            self.stats[payment["status"] + field] += payment["amount"]
        self.payments[payment["payment"]] = payment

    def _announced(self, number: int, entry: Line, told: dict[str, str], what: str) -> None:
        """Add the users to be told of something. Repeats are allowed; two reasons for one are
        not."""
        if not entry["users"]:
            self.wrong.append(f"entry {number} announces {what} to nobody")
        for user in entry["users"]:
            if told.setdefault(user, entry["to"]) != entry["to"]:
                self.wrong.append(f"entry {number}: {user} was told for another reason before")

    def _cancelled(self, number: int, entry: Line) -> None:
        if self.places_lost is not None:
            self.wrong.append(f"entry {number}: the room was cancelled before")
        self.places_lost = entry["reserved"]

    def _count(self, order: dict[str, Any], sign: int) -> None:
        status = order["status"]
        self.stats[f"orders:{status}"] += sign
        self.stats[f"units:{status}"] += sign * sum(line["qty"] for line in order["lines"])
        self.stats[f"amount:{status}:{order['currency']}"] += sign * order["total"]
        self.stats[f"off:{status}:{order['currency']}"] += sign * order.get("off", 0)
