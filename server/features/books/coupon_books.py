"""Adds up the coupons in a room's ledger: their owners, the orders that use them, the money off.

Pure, and written independently of the scripts, like the `books` it belongs to.
"""

from collections import Counter
from typing import Any

from server.features.ledger.ledger import Line

# (status before, after) -> whether the order then uses its claim (True) or gives it back (False)
_USED = {(None, "held"): True, ("expired", "paid"): True,
         ("held", "cancelled"): False, ("held", "expired"): False}  # fmt: skip


class CouponBooks:
    """Coupons and claims computed from the ledger; broken rules are added to `wrong`."""

    def __init__(self, wrong: list[str]) -> None:
        self.terms: dict[str, dict[str, Any]] = {}
        self.closed: set[str] = set()
        self.claims: dict[str, dict[str, Any]] = {}
        self.of: dict[str, list[str]] = {}  # user -> <coupon>/<claim>, oldest first
        self.claimed: Counter[str] = Counter()
        self.used: Counter[str] = Counter()
        self._wrong = wrong

    def add_line(self, number: int, entry: Line) -> None:
        """Add a line about a coupon: opened, closed, or claimed."""
        coupon = entry["coupon"]
        if (coupon in self.terms) == (entry["what"] == "opened"):
            self._wrong.append(f"entry {number}: coupon {coupon} was {entry['what']} out of turn")
            return
        match entry["what"]:
            case "opened":
                self.terms[coupon] = entry["terms"]
            case "closed":
                self.closed.add(coupon)
            case "claimed":
                self._claim(number, entry)

    def _claim(self, number: int, entry: Line) -> None:
        coupon, claim, user, at = (entry[name] for name in ("coupon", "claim", "user", "at"))
        terms, mine = self.terms[coupon], self.of.setdefault(user, [])
        self.claims[claim] = {
            "claim": claim, "coupon": coupon, "user": user, "at": at, "order": "",
        }  # fmt: skip
        mine.append(f"{coupon}/{claim}")
        self.claimed[coupon] += 1
        had = sum(each.startswith(f"{coupon}/") for each in mine)
        if self.claimed[coupon] > terms["quota"] or had > terms["per_user"]:
            self._wrong.append(f"entry {number}: more of coupon {coupon} than may be given out")
        if coupon in self.closed or at < terms["starts"] or _over(terms, at):
            self._wrong.append(f"entry {number}: coupon {coupon} was claimed when it was not open")

    def order(self, number: int, order: dict[str, Any], was: str | None, at: int) -> None:
        """Add a step of an order, which may use a claim or give it back."""
        if was is None:
            self._price(number, order)
        becomes = _USED.get((was, order["status"]))
        claim = self.claims.get(order.get("claim", ""))
        if becomes is None or claim is None:
            return
        before, after = ("", order["order"]) if becomes else (order["order"], "")
        if claim["order"] != before:
            self._wrong.append(
                f"entry {number}: claim {claim['claim']} was in {claim['order'] or 'no order'}, "
                f"not in {before or 'no order'}"
            )
        if becomes and _over(self.terms[claim["coupon"]], at):
            self._wrong.append(f"entry {number}: claim {claim['claim']} was used after its end")
        claim["order"] = after
        self.used[claim["coupon"]] += 1 if becomes else -1

    def _price(self, number: int, order: dict[str, Any]) -> None:
        """Check the price of a new order."""
        full = sum(line["qty"] * line["price"] for line in order["lines"])
        off, expected = order.get("off", 0), 0
        if "claim" in order:
            claim = self.claims.get(order["claim"], {})
            if (claim.get("user"), claim.get("coupon")) != (order["user"], order["coupon"]):
                self._wrong.append(
                    f"entry {number}: order {order['order']} has no claim of its own"
                )
                return
            expected = money_off(self.terms[claim["coupon"]], order)
        if off != expected or (off == 0) == ("claim" in order):
            self._wrong.append(f"entry {number}: {off} off order {order['order']}, not {expected}")
        if order["total"] != full - off:
            self._wrong.append(f"entry {number}: order {order['order']} has a wrong total")


def _over(terms: dict[str, Any], at: int) -> bool:
    return bool(terms["ends"]) and at >= terms["ends"]


def money_off(terms: dict[str, Any], order: dict[str, Any]) -> int:
    """The discount of a coupon with these terms on an order, in minor units; 0 if unusable."""
    meant = [
        line["qty"] * line["price"]
        for line in order["lines"]
        if not terms["skus"] or line["sku"] in terms["skus"]
    ]
    if order["currency"] != terms["currency"] or sum(meant) < terms["floor"]:
        return 0
    if terms["percent"]:
        return int(sum(meant) * terms["percent"] // 100)
    return int(terms["amount"])
