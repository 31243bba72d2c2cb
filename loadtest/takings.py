"""Adds up paid orders, money and sales of a run, from the books."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from loadtest.tally import Told
from loadtest.truth import Books
from server.protocol.currencies import in_units


@dataclass
class Takings:
    """Of all rooms: `orders` that are paid and `gmv`, their totals in minor units by currency."""

    orders: int = 0
    gmv: Counter[str] = field(default_factory=Counter)
    _sales: list[dict[str, Any]] = field(default_factory=list)

    def add(self, room: str, books: Books, told: Iterable[Told]) -> None:
        """Add one room's books, and the replies that buyers got."""
        for order in books.orders:
            if order["status"] == "paid":
                self.orders += 1
                self.gmv[order.get("currency", "")] += order.get("total", 0)
        asked: Counter[str] = Counter()
        given: Counter[str] = Counter()
        for one in told:
            if one.room == room:
                asked[one.sale] += 1
                given[one.sale] += one.said == "ok"
        for sale in books.sales:
            name = sale["sale"]
            self._sales.append(
                {
                    "room": room,
                    "sku": sale.get("sku", name),
                    "allocated": sale["allocated"],
                    "asked": asked[name],
                    "got": given[name],
                    "sold": sale["sold"],
                }
            )

    def sales(self) -> list[dict[str, Any]]:
        """Every sale, the one that most people wanted first."""
        return sorted(self._sales, key=lambda sale: (-sale["asked"], -sale["allocated"]))

    def per_hour(self, seconds: float, currency: str) -> tuple[float, float]:
        """Orders, and minor units paid in `currency`, an hour at the rate of these seconds."""
        if seconds <= 0:
            return 0.0, 0.0
        return self.orders * 3600 / seconds, self.gmv[currency] * 3600 / seconds

    def in_words(self, seconds: float) -> str:
        """A sentence for the report; empty if nothing was sold."""
        if not self.orders:
            return ""
        orders = self.orders * 3600 / max(1.0, seconds)
        money = ", ".join(f"{in_units(n, c):,f} {c}" for c, n in self.gmv.items())
        return (
            f"{self.orders:,} orders were paid, {money} in {seconds:.0f} s of selling: "
            f"{orders:,.0f} orders an hour."
        )
