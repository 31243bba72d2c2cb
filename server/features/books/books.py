"""Adds up a room's ledger. Pure: entries in, books out.

This module implements every rule of the orders a second time, independently of the scripts, so
that `audit` can compare the two.
"""

from collections import Counter
from typing import Any

from server.features.books.auction_books import AuctionBooks
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
    ("paid", "paid"): (("sold", "left"), -1),
    ("returned", "returned"): (None, 0),
}
"""A step to the status that an order had already is about a part of it: units that came back, or
money that the provider gave back by itself."""
_FROZEN = (
    "user", "total", "currency", "created", "source", "claim", "coupon", "off", "group",
    "replay", "practice", "auction",
)  # fmt: skip
_LINE = ("sale", "sku", "title", "qty", "price", "merchant", "goods")


class Books:
    """The state computed from a ledger; `wrong` lists each entry that broke a rule."""

    def __init__(self) -> None:
        self.entries = 0
        self.orders: dict[str, dict[str, Any]] = {}
        self.sales: dict[str, Counter[str]] = {}
        self.closed: set[str] = set()
        self.given: Counter[str] = Counter()
        """sale -> units that a merchant sent to it; of any other sale nothing is here."""
        self.home: Counter[str] = Counter()
        """sale -> units of it that went back to their merchant."""
        self.moved: Counter[tuple[str, str]] = Counter()
        """(sale, other sale) -> units that came from the other, minus those that went there."""
        self.unmet: dict[str, set[str]] = {}
        """sku -> who wanted more of it than there was, and was not served since."""
        self.held_of: set[tuple[str, str]] = set()
        """(sku, user) of all orders that there were."""
        self.bought: Counter[tuple[str, str]] = Counter()
        self.payments: dict[str, dict[str, Any]] = {}
        self.cases: dict[str, dict[str, Any]] = {}
        self.unasked: Counter[str] = Counter()
        """order -> money that went back unasked, which its next line has to say."""
        self.stats: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.coupons = CouponBooks(self.wrong)
        self.auctions = AuctionBooks(self.wrong)
        self.announced: dict[str, str] = {}
        self.called_off: dict[str, str] = {}
        self.places_lost: int | None = None
        """How many had reserved a place in the room when it was cancelled."""

    def add_line(self, number: int, entry: Line) -> None:
        """Add one entry."""
        if number != self.entries + 1:
            self.wrong.append(f"entry {self.entries + 1} is missing: {number} comes next")
        self.entries = number
        self._add(number, entry)

    def _add(self, number: int, entry: Line) -> None:
        match entry["k"]:
            case "order":
                self._order(number, entry)
            case "sale":
                self._sale(number, entry)
            case "payment":
                self._payment(number, entry)
            case "case":
                self._case(number, entry["case"])
            case "coupon" | "auction" | "bid" as kind:
                (self.coupons if kind == "coupon" else self.auctions).add_line(number, entry)
            case "announced":
                self._announced(number, entry, self.announced, "the start")
            case "called_off":
                self._announced(number, entry, self.called_off, "the cancelling")
            case "cancelled":
                self._cancelled(number, entry)
            case "unmet":
                self._unmet(number, entry)

    def _unmet(self, number: int, entry: Line) -> None:
        """Add who wanted more of a sku, or was served."""
        sku, served = entry["sku"], entry["what"] == "served"
        wanting = self.unmet.setdefault(sku, set())
        for user in entry["users"]:
            if (user in wanting) != served or (served and (sku, user) not in self.held_of):
                was = "not served" if served else "counted before"
                self.wrong.append(f"entry {number}: {user}, who wanted {sku}, was {was}")
        self.stats[f"unmet:{sku}"] += -len(entry["users"]) if served else len(entry["users"])
        (wanting.difference_update if served else wanting.update)(entry["users"])

    def _sale(self, number: int, entry: Line) -> None:
        name = entry["sale"]
        sale = self.sales.setdefault(name, Counter())
        if entry["what"] == "closed":
            self.closed.add(name)
            return
        sale["allocated"] += entry["add"]
        sale["left"] += entry["add"]
        if other := entry.get("moved"):
            self._moved(number, name, other, entry["add"])
        elif "transfer" in entry:
            self.given[name] += entry["add"]
        elif name in self.given:
            self.home[name] += entry.get("home", 0)
            if entry.get("home", 0) != -entry["add"]:
                self.wrong.append(
                    f"entry {number}: {entry['add']} units of the merchant's sale {name} came from "
                    "nowhere, or went there"
                )

    def _moved(self, number: int, sale: str, other: str, add: int) -> None:
        """Units left a sale for another, or came: each of the two has a line of it."""
        self.moved[sale, other] += add
        if sale in self.given or other in self.given:
            self.given[sale] += add
        if self.sales[sale]["left"] < 0:
            self.wrong.append(f"entry {number}: more units left sale {sale} than it had")

    def moves_that_differ(self) -> list[tuple[str, str]]:
        """Pairs of sales of which one gave units and the other did not get as many."""
        return [(a, b) for a, b in self.moved if self.moved[a, b] != -self.moved[b, a]]

    def _order(self, number: int, entry: Line) -> None:
        order, was = entry["order"], entry.get("was")
        before = self.orders.get(order["order"])
        if (before and before["status"]) != was:
            self.wrong.append(f"entry {number}: order {order['order']} was not {was}")
        if before and any(before.get(field) != order.get(field) for field in _FROZEN):
            self.wrong.append(f"entry {number}: order {order['order']} changed what is frozen")
        if before and _bought(before) != _bought(order):
            self.wrong.append(f"entry {number}: order {order['order']} changed its lines")
        step = _STEPS.get((was, order["status"]))
        if step is None:
            self.wrong.append(f"entry {number}: {was} -> {order['status']} is no step")
            return
        if was:
            self._count({**order, "status": was}, -1)
        else:
            self.held_of.update((line["sku"], order["user"]) for line in order["lines"])
        self._count(order, 1)
        self.orders[order["order"]] = order
        self._move(number, before, order, step, entry.get("restock"))
        self._owe(number, before, order)
        self._sent(number, before or {}, order)
        self.coupons.order(number, order, was, entry["at"])
        if was is None:
            self.auctions.order(number, order)

    def _move(
        self,
        number: int,
        before: dict[str, Any] | None,
        order: dict[str, Any],
        step: tuple[tuple[str, str] | None, int],
        restock: bool | None,
    ) -> None:
        moves, live = step
        came_back, were_back = _units_back(order), _units_back(before) if before else {}
        for line in order["lines"]:
            sale, qty = self.sales[line["sale"]], line["qty"]
            if before and before["status"] == "paid":
                qty = came_back[line["sale"]] - were_back[line["sale"]]
                if qty < 0 or came_back[line["sale"]] > line["qty"]:
                    self.wrong.append(f"entry {number}: too many of {line['sku']} came back")
            if moves:
                source, target = moves if restock is not False else ("sold", "")
                sale[source] -= qty
                sale[target or "allocated"] += qty if target else -qty
            self.bought[line["sale"], order["user"]] += live * qty
            if min(sale["left"], sale["held"], sale["sold"]) < 0:
                self.wrong.append(f"entry {number}: sale {line['sale']} went below zero")
            if sale["left"] + sale["held"] + sale["sold"] != sale["allocated"]:
                self.wrong.append(f"entry {number}: sale {line['sale']} does not add up")

    def _owe(self, number: int, before: dict[str, Any] | None, order: dict[str, Any]) -> None:
        """Check how much of an order's total has gone back, or is to go."""
        had, unasked = money_back(before or {}), self.unasked.pop(order["order"], 0)
        if unasked:
            right = had + unasked
        elif order["status"] in ("paid", "returned"):
            right = max(had, _worth_back(order))
        else:
            right = had
        if money_back(order) != right or right > order["total"]:
            self.wrong.append(
                f"entry {number}: of order {order['order']} {right} of {order['total']} went back, "
                f"not {money_back(order)}"
            )

    def _sent(self, number: int, before: dict[str, Any], order: dict[str, Any]) -> None:
        """Check that no unit is sent twice, and that what was sent stays sent."""
        parcels, had = order.get("parcels", []), before.get("parcels", [])
        for old, new in zip(had, parcels, strict=False):
            frozen = (old["lines"], old["sent"], old.get("delivered") or new.get("delivered"))
            if (new.get("lines"), new.get("sent"), new.get("delivered")) != frozen:
                self.wrong.append(f"entry {number}: a parcel of order {order['order']} changed")
        units: Counter[str] = Counter()
        for parcel in parcels:
            for line in parcel["lines"]:
                units[line["sale"]] += line["qty"]
        bought = {line["sale"]: line["qty"] for line in order["lines"]}
        if len(parcels) < len(had) or any(n > bought.get(sale, 0) for sale, n in units.items()):
            self.wrong.append(
                f"entry {number}: more of order {order['order']} was sent than bought"
            )
        if len(parcels) > len(had) and order["status"] != "paid":
            self.wrong.append(f"entry {number}: order {order['order']} was sent unpaid")

    def _payment(self, number: int, entry: Line) -> None:
        payment, was = entry["payment"], entry.get("was")
        before = self.payments.get(payment["payment"])
        if (before and before["status"]) != was:
            self.wrong.append(f"entry {number}: payment {payment['payment']} was not {was}")
        field = f":{payment['currency']}"
        if was is None:
            self.stats["charged" + field] += payment["amount"]
        due, back = due_and_back(payment)
        due_before, back_before = due_and_back(before) if before else (0, 0)
        self.stats["refund_due" + field] += due - due_before
        self.stats["refunded" + field] += back - back_before
        if back < back_before or due + back > payment["amount"]:
            self.wrong.append(
                f"entry {number}: of payment {payment['payment']} of {payment['amount']} "
                f"{back} went back and {due} are due"
            )
        if sum(payment.get("refunds", {}).values()) not in (back, 0):
            self.wrong.append(f"entry {number}: the refunds of {payment['payment']} don't add up")
        if unasked := entry.get("unasked", 0):
            self._unasked(number, payment, unasked, back - back_before)
        self.payments[payment["payment"]] = payment

    def _unasked(self, number: int, payment: dict[str, Any], unasked: int, given: int) -> None:
        order = self.orders.get(payment["order"], {})
        if order.get("payment") == payment["payment"]:
            self.unasked[payment["order"]] += unasked
        if unasked > given:
            self.wrong.append(f"entry {number}: more was given back unasked than in all")

    def _case(self, number: int, case: dict[str, Any]) -> None:
        if case["order"] not in self.orders:
            self.wrong.append(f"entry {number}: case {case['case']} is about no order")
        if self.cases.setdefault(case["case"], case) != case:
            self.wrong.append(f"entry {number}: case {case['case']} was noted before")

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


def _bought(order: dict[str, Any]) -> list[tuple[Any, ...]]:
    """An order's lines without what came back of them."""
    return [tuple(line.get(name) for name in _LINE) for line in order["lines"]]


def _units_back(order: dict[str, Any]) -> dict[str, int]:
    """sale -> how many units of it have come back. Orders that were returned before lines said it
    came back whole."""
    whole = order["status"] == "returned"
    return {
        line["sale"]: line.get("returned", line["qty"] if whole else 0) for line in order["lines"]
    }


def money_back(order: dict[str, Any]) -> int:
    """Return how much of an order's total went back, or is to go."""
    return int(order.get("back", order["total"] if order.get("status") == "returned" else 0))


def _worth_back(order: dict[str, Any]) -> int:
    """Return what the buyer paid for the units that came back: their price less their part of
    `off`."""
    units = _units_back(order)
    full = sum(line["qty"] * line["price"] for line in order["lines"])
    part = sum(units[line["sale"]] * line["price"] for line in order["lines"])
    if part == full:
        return int(order["total"]) if any(units.values()) else 0
    return int(part - order.get("off", 0) * part // full)


def due_and_back(payment: dict[str, Any]) -> tuple[int, int]:
    """Of a payment, what is to be given back, and what was; once it was all or nothing."""
    amount, status = payment["amount"], payment["status"]
    due = payment.get("due", amount if status == "refund_due" else 0)
    return due, payment.get("back", amount if status == "refunded" else 0)
