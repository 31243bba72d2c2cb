"""The tables: by time of the first order, source, product, pin, coupon and minute."""

from bisect import bisect_right
from itertools import pairwise

from server.features.asks.facts import AskedProduct
from server.features.figures.reckoning.models import (
    CouponRow,
    FirstOrders,
    MinuteRow,
    PinRow,
    ProductRow,
    SourceRow,
)
from server.features.figures.reckoning.sold import FromSource, SoldProduct
from server.features.figures.reckoning.sums import add, of_all, share
from server.features.figures.reckoning.taken import Taken
from server.features.visits.facts import Attended, SourceKey
from server.rooms.tally import FOREVER

MINUTES_MAX = 1440
PINS_MAX = 1000
SOURCE_IDS_MAX = 100
FIRST_ORDER_MINUTES = (0, 1, 3, 5, 10, 20, 30, 60)
"""Lower bounds of the histogram's rows."""


class Rows:
    """Makes each table of docs/metrics.md."""

    def __init__(self, taken: Taken, attended: Attended, now_ms: int) -> None:
        self._taken = taken
        self._sold, self._asks = taken.sold, taken.asks
        self._pins = self._all_pins(attended, now_ms)

    def first_orders(self) -> list[FirstOrders]:
        """The histogram."""
        bounds = [minutes * 60_000 for minutes in FIRST_ORDER_MINUTES]
        rows = [
            FirstOrders(low, below, 0)
            for low, below in pairwise([*bounds, None])
            if low is not None
        ]
        for time in self._taken.first_order_times():
            rows[bisect_right(bounds, time) - 1].buyers += 1
        return rows

    # Sources

    def sources(self) -> list[SourceRow]:
        """By kind of source."""
        sold, came = self._sold.sources, self._taken.visits.sources
        kinds: dict[str, list[SourceKey]] = {}
        for source in sorted(sold.keys() | came.keys()):
            kinds.setdefault(source[0], []).append(source)
        return sorted((self._source((kind, ""), of) for kind, of in kinds.items()), key=_by_orders)

    def source_ids(self) -> list[SourceRow]:
        """By source, of those that have an id."""
        sold, came = self._sold.sources, self._taken.visits.sources
        rows = [self._source(source, [source]) for source in sold.keys() | came.keys() if source[1]]
        return sorted(rows, key=_by_orders)[:SOURCE_IDS_MAX]

    def _source(self, name: SourceKey, sources: list[SourceKey]) -> SourceRow:
        came = self._taken.visits.sources
        parts = [self._sold.sources.get(source, FromSource()) for source in sources]
        users = set().union(*(part.users for part in parts), *(came.get(s, ()) for s in sources))
        buyers = len(set().union(*(part.buyers for part in parts)))
        row = SourceRow(
            kind=name[0],
            id=name[1],
            orders=sum(part.orders for part in parts),
            gmv={},
            viewers=len(users),
            buyers=buyers,
            conversion=share(buyers, len(users)),
        )
        for part in parts:
            for currency, amount in part.gmv.items():
                add(row.gmv, currency, amount)
        row.gmv = of_all(row.gmv, row.gmv)
        return row

    # Pins and products

    def _all_pins(self, attended: Attended, now_ms: int) -> list[PinRow]:
        rows = []
        taken = self._taken
        sold_in = dict(zip(taken.shelf.pins, taken.pins.sold, strict=True))
        during = taken.shelf.during(taken.stream)
        for (pinned, (start, end)), viewers in zip(during, attended.by_pin, strict=True):
            sold = sold_in[pinned]
            to_ms = None if end == FOREVER else end
            row = PinRow(
                sku=pinned.sku,
                title=self._title(pinned.sku),
                from_ms=start,
                to_ms=to_ms,
                ms=max(0, (now_ms if to_ms is None else to_ms) - start),
                units=sold.units,
                gmv=of_all(sold.gmv, sold.gmv),
                other_units=sold.other_units,
                other_gmv=of_all(sold.other_gmv, sold.other_gmv),
                viewers=viewers,
                asks=self._asks.of_pin.get(pinned, 0),
            )
            rows.append(row)
        return rows

    def newest_pins(self) -> list[PinRow]:
        """Return a row for each pin and its sales."""
        return self._pins[-PINS_MAX:]

    def products(self) -> list[ProductRow]:
        """By sku."""
        pinned: dict[str, tuple[int, int]] = {}
        for pin in self._pins:
            ms, units = pinned.get(pin.sku, (0, 0))
            pinned[pin.sku] = ms + pin.ms, units + pin.units
        skus = self._sold.products.keys() | self._asks.products.keys() | pinned.keys()
        skus |= {sku for sku, users in self._sold.unmet.items() if users}
        rows = [self._product(sku, *pinned.get(sku, (0, 0))) for sku in skus]
        return sorted(rows, key=lambda row: (-row.units, -row.asks, -row.pinned_ms, row.sku))

    def _product(self, sku: str, pinned_ms: int, units_pinned: int) -> ProductRow:
        sold = self._sold.products.get(sku) or SoldProduct()
        asked = self._asks.products.get(sku) or AskedProduct()
        converted = sum(
            1 for user, at in asked.first_asked.items() if sold.last_bought.get(user, -1) >= at
        )
        return ProductRow(
            sku=sku,
            title=self._title(sku),
            asks=asked.asks,
            asks_unpinned=asked.unpinned,
            askers=len(asked.first_asked),
            asker_conversion=share(converted, len(asked.first_asked)),
            pinned_ms=pinned_ms,
            units=sold.units,
            units_pinned=units_pinned,
            units_replay=sold.replay,
            gmv=of_all(sold.gmv, sold.gmv),
            units_returned=sold.returned,
            gmv_returned=of_all(sold.gmv_returned, sold.gmv),
            return_rate=share(sold.returned, sold.units),
            unmet=self._unmet(sku, sold, asked),
        )

    def _unmet(self, sku: str, sold: SoldProduct, asked: AskedProduct) -> int:
        """Return how many wanted more than there was; of what ran out, also who asked in vain."""
        refused = self._sold.unmet.get(sku)
        if not refused:
            return 0
        return len(refused | (asked.first_asked.keys() - sold.last_bought.keys()))

    def _title(self, sku: str) -> str:
        sold = self._sold.products.get(sku)
        return self._taken.shelf.titles.get(sku) or (sold.title if sold else "") or sku

    # Coupons and minutes

    def coupons(self) -> list[CouponRow]:
        """By coupon, in the order they were opened. Copies: the fold goes on counting."""
        return [
            CouponRow(
                coupon=row.coupon,
                title=row.title,
                quota=row.quota,
                claimed=row.claimed,
                used=row.used,
                cost=dict(row.cost),
            )
            for row in self._sold.coupons.values()
        ]

    def minutes(self) -> list[MinuteRow]:
        """By minute, oldest first."""
        sold, asks = self._sold.minutes, self._asks.asks_at
        rows = []
        for minute in sorted(sold.keys() | asks.keys())[-MINUTES_MAX:]:
            orders, gmv = sold.get(minute, (0, {}))
            rows.append(
                MinuteRow(
                    minute_ms=minute, orders=orders, gmv=of_all(gmv, gmv), asks=asks.get(minute, 0)
                )
            )
        return rows


def _by_orders(row: SourceRow) -> tuple[int, int, str, str]:
    return -row.orders, -row.viewers, row.kind, row.id
