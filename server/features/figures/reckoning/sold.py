"""Folds the ledger: orders, money, coupons, buyers, and the times of purchases."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from server.features.figures.reckoning.models import Amounts, CouponRow
from server.features.figures.reckoning.sums import add
from server.features.orders.messages import OrderStatus
from server.features.visits.facts import SourceKey, source_of
from server.rooms.tally import Take, Tallies, Tally

Dict = dict[str, Any]
STATUSES: tuple[str, ...] = get_args(OrderStatus)
MINUTE_MS = 60_000


class SoldOrder(NamedTuple):
    """One sold order of a user."""

    created: int
    total: int
    currency: str


class SoldLine(NamedTuple):
    """One line of a sold order; `amount` is qty × price."""

    created: int
    sku: str
    qty: int
    amount: int
    currency: str


class FromSource:
    """The sales of one source."""

    __slots__ = ("buyers", "gmv", "orders", "users")

    def __init__(self) -> None:
        self.orders = 0
        self.gmv: Amounts = {}
        self.buyers: set[str] = set()
        self.users: set[str] = set()
        """With an order, sold or not."""


class SoldProduct:
    """The sales of one sku."""

    __slots__ = ("gmv", "gmv_returned", "last_bought", "replay", "returned", "title", "units")

    def __init__(self) -> None:
        self.title = ""
        self.units = self.replay = self.returned = 0
        self.gmv: Amounts = {}
        self.gmv_returned: Amounts = {}
        self.last_bought: dict[str, int] = {}
        """user -> when they placed their last sold order of it."""


class Sold(Tally):
    """The sums over a room's ledger. Orders placed before `since_ms` are skipped."""

    def __init__(self, room: Tallies) -> None:
        super().__init__(room)
        self._since_ms = room.since_ms
        self.by_status: Counter[str] = Counter()
        self.orders: Counter[str] = Counter()
        """Sold orders by currency."""
        self.gross: Amounts = {}
        self.returned: Amounts = {}
        self.off: Amounts = {}
        self.units = 0
        self.replay_orders = self.group_orders = 0
        self.replay_gmv: Amounts = {}
        self.group_gmv: Amounts = {}
        self.orders_of: dict[str, list[SoldOrder]] = {}
        self.first_placed: dict[str, int] = {}
        """user -> when they placed their first sold order."""
        self.first_paid: dict[str, int] = {}
        self.users: set[str] = set()
        """Return the users who placed an order, sold or not."""
        self.sources: dict[SourceKey, FromSource] = {}
        self.products: dict[str, SoldProduct] = {}
        self.unmet: dict[str, set[str]] = {}
        """sku -> who wanted more of it than there was, and had no order of it held since."""
        self.minutes: dict[int, tuple[int, Amounts]] = {}
        self.order_lines: list[SoldLine] = []
        self.coupons: dict[str, CouponRow] = {}

    def lines(self) -> Mapping[str, Take]:
        return {"order": self._order, "coupon": self._coupon, "unmet": self._unmet}

    def _unmet(self, line: Dict) -> None:
        """Users wanted more of a sku than there was, or were served since."""
        users = self.unmet.setdefault(line["sku"], set())
        if line["what"] == "served":
            users.difference_update(line["users"])
        elif line["at"] >= self._since_ms:
            users.update(line["users"])

    def _order(self, line: Dict) -> None:
        order, was = line["order"], line.get("was")
        if order["created"] < self._since_ms:
            return
        if was:
            self.by_status[was] -= 1
        else:
            self.users.add(order["user"])
            self._source(order).users.add(order["user"])
        self.by_status[order["status"]] += 1
        if order["status"] == "paid" and was != "paid":
            self._sell(order, line["at"])
        elif order["status"] in ("paid", "returned"):
            self._take_back(line, order)

    def _source(self, order: Dict) -> FromSource:
        return self.sources.setdefault(source_of(order), FromSource())

    def _sell(self, order: Dict, paid_at: int) -> None:
        user, created = order["user"], order["created"]
        total, currency = order["total"], order["currency"]
        self.orders[currency] += 1
        add(self.gross, currency, total)
        self.orders_of.setdefault(user, []).append(SoldOrder(created, total, currency))
        self.first_placed[user] = min(created, self.first_placed.get(user, created))
        self.first_paid[user] = min(paid_at, self.first_paid.get(user, paid_at))
        source = self._source(order)
        source.orders += 1
        source.buyers.add(user)
        add(source.gmv, currency, total)
        minute = created - created % MINUTE_MS
        orders, gmv = self.minutes.get(minute, (0, {}))
        add(gmv, currency, total)
        self.minutes[minute] = orders + 1, gmv
        if order.get("replay"):
            self.replay_orders += 1
            add(self.replay_gmv, currency, total)
        if order.get("group"):
            self.group_orders += 1
            add(self.group_gmv, currency, total)
        self._use_coupon(order)
        self._sell_lines(order)

    def _sell_lines(self, order: Dict) -> None:
        created, currency = order["created"], order["currency"]
        for line in order["lines"]:
            qty, amount = line["qty"], line["qty"] * line["price"]
            product = self.products.setdefault(line["sku"], SoldProduct())
            product.title = line["title"]
            product.units += qty
            if order.get("replay"):
                product.replay += qty
            add(product.gmv, currency, amount)
            last = product.last_bought.get(order["user"], created)
            product.last_bought[order["user"]] = max(created, last)
            self.units += qty
            self.order_lines.append(SoldLine(created, line["sku"], qty, amount, currency))

    def _take_back(self, line: Dict, order: Dict) -> None:
        """Units came back, or money alone. Once an order could come back only whole: those lines
        say neither which units nor how much money."""
        if "back" in line:
            money, units = line["back"], line.get("taken", ())
        else:
            money, units = order["total"], order["lines"]
        add(self.returned, order["currency"], money)
        prices = {each["sale"]: each["price"] for each in order["lines"]}
        for each in units:
            product = self.products[each["sku"]]
            product.returned += each["qty"]
            add(product.gmv_returned, order["currency"], each["qty"] * prices[each["sale"]])

    # Coupons

    def _row(self, coupon: str) -> CouponRow:
        row = self.coupons.get(coupon)
        if row is None:
            row = CouponRow(coupon=coupon, title="", quota=0, claimed=0, used=0, cost={})
            self.coupons[coupon] = row
        return row

    def _coupon(self, line: Dict) -> None:
        if line["at"] < self._since_ms:
            return
        row = self._row(line["coupon"])
        if line["what"] == "opened":
            row.title, row.quota = line["terms"]["title"], line["terms"]["quota"]
            add(row.cost, line["terms"]["currency"], 0)
        elif line["what"] == "claimed":
            row.claimed += 1

    def _use_coupon(self, order: Dict) -> None:
        if coupon := order.get("coupon"):
            row = self._row(coupon)
            row.used += 1
            add(row.cost, order["currency"], order["off"])
            add(self.off, order["currency"], order["off"])
