"""Adds up what notes and searches brought to a host: who came, and what they bought."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import MsgspecError, msgpack
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.insights.numbers import (
    BoughtGoods,
    BroughtRow,
    Buyer,
    ComparedWeeks,
    WeekNumbers,
)
from server.features.insights.projection import SOURCES
from server.features.insights.search_marks import query_in
from server.features.insights.tables import ARRIVALS
from server.features.insights.weeks import Span, Weeks
from server.features.orders.messages import Order
from server.features.purchases.customers import sold_by
from server.features.purchases.tables import PURCHASES

ORDERS_MAX = 20_000
"""Orders from notes and searches that are added up, the newest."""
NAMED_MAX = 5
"""Goods, and buyers, that a row names."""
Source = tuple[str, str]
"""Its kind, and the note or the query."""
_ORDER = msgpack.Decoder(Order)


class _Bought(NamedTuple):
    """A sold order; `order` is None if it can't be read."""

    source: Source
    user: str
    name: str
    created: int
    currency: str
    total: int
    back: int
    order: Order | None


class Brought:
    """Counts the people and orders that each source brought in each span of time."""

    def __init__(self, weeks: Weeks) -> None:
        self._weeks = weeks
        self._spans: list[Span] = [weeks.now, weeks.by_then, *weeks.before]
        self._numbers: dict[Source, list[WeekNumbers]] = {}
        self._orders: dict[Source, list[_Bought]] = defaultdict(list)
        self.people: Counter[Source] = Counter()
        """Different people who came from it in all the weeks."""

    async def read(self, connection: AsyncConnection, host: str, key: bytes) -> None:
        """Add up a host's arrivals and orders. `key` reads the marks of searches."""
        for n, span in enumerate(self._spans):
            for source, guest, count in await _arrivals(connection, host, span):
                numbers = self._of(source)[n]
                if guest:
                    numbers.guests = count
                else:
                    numbers.people = count
        for source, guest, count in await _arrivals(connection, host, self._weeks.all):
            if not guest:
                self.people[source] = count
        for bought in await _orders(connection, host, self._weeks.all, key):
            self._orders[bought.source].append(bought)
        for source, orders in self._orders.items():
            for numbers, span in zip(self._of(source), self._spans, strict=True):
                _add_orders(numbers, [o for o in orders if span.starts <= o.created < span.ends])

    def note_opened(self, n: int, note: str, people: int) -> None:
        """Say how many opened a note, in the time of this number."""
        self._of(("note", note))[n].opened = people

    @property
    def spans(self) -> Sequence[Span]:
        """The times: the week that is on, the one before by then, and earlier ones."""
        return self._spans

    def of_kind(self, kind: str) -> list[Source]:
        """The sources of a kind, those first that brought most."""
        found = [source for source in self._numbers if source[0] == kind]
        return sorted(found, key=self._rank)

    def row(self, source: Source, title: str, author: str = "") -> BroughtRow:
        """Return what a source brought, with what was bought and by whom."""
        orders = self._orders.get(source, [])
        now, by_then, *before = self._of(source)
        return BroughtRow(
            ref=source[1] if source[0] == "note" else "", title=title, author=author,
            now=now, by_then=by_then, before=before,
            bought=_goods(orders), buyers=_buyers(orders),
        )  # fmt: skip

    def together(self, sources: Iterable[Source]) -> ComparedWeeks:
        """The sums of several sources; a person who came from two of them counts twice."""
        totals = [WeekNumbers(paid={}, back={}) for _ in self._spans]
        for source in sources:
            for total, numbers in zip(totals, self._of(source), strict=True):
                for name in ("opened", "people", "guests", "buyers", "orders"):
                    setattr(total, name, getattr(total, name) + getattr(numbers, name))
                for mine, other in ((total.paid, numbers.paid), (total.back, numbers.back)):
                    for currency, amount in other.items():
                        mine[currency] = mine.get(currency, 0) + amount
        now, by_then, *before = totals
        return ComparedWeeks(now=now, by_then=by_then, before=before)

    def _of(self, source: Source) -> list[WeekNumbers]:
        if source not in self._numbers:
            self._numbers[source] = [WeekNumbers(paid={}, back={}) for _ in self._spans]
        return self._numbers[source]

    def _rank(self, source: Source) -> tuple[Any, ...]:
        def sums(of: Callable[[WeekNumbers], int]) -> tuple[int, int]:
            now, _, *before = map(of, self._of(source))
            return -now, -sum(before)

        orders, people = sums(lambda each: each.orders), sums(lambda each: each.people)
        opened = sums(lambda each: each.opened)
        return orders[0], people[0], orders[1], people[1], *opened, source


async def _arrivals(
    connection: AsyncConnection, host: str, span: Span
) -> list[tuple[Source, bool, int]]:
    """source, whether guests, and how many different ones came in a time."""
    columns = ARRIVALS.c
    key = columns.kind, columns.ref, columns.guest
    asked = (
        select(*key, func.count(columns.user.distinct()).label("people"))
        .where(columns.host == host, columns.kind.in_(SOURCES))
        .where(columns.at >= span.starts, columns.at < span.ends)
        .group_by(*key)
    )
    rows = await connection.execute(asked)
    return [((row.kind, row.ref), row.guest, int(row.people)) for row in rows]


async def _orders(connection: AsyncConnection, host: str, span: Span, key: bytes) -> list[_Bought]:
    columns = PURCHASES.c
    asked = (
        select(PURCHASES)
        .where(*sold_by(host), columns.source.in_(SOURCES))
        .where(columns.created >= span.starts, columns.created < span.ends)
        .order_by(columns.created.desc())
        .limit(ORDERS_MAX)
    )
    return [
        _Bought(
            (row.source, query_in(row.source_id, key, row.user).query)
            if row.source == "search" else (row.source, row.source_id),
            row.user, row.name, row.created, row.currency, row.total, row.back, _order(row.body),
        )
        for row in await connection.execute(asked)
    ]  # fmt: skip


def _order(body: bytes) -> Order | None:
    try:
        return _ORDER.decode(body)
    except (MsgspecError, UnicodeDecodeError):
        return None


def _add_orders(numbers: WeekNumbers, orders: Sequence[_Bought]) -> None:
    numbers.orders = len(orders)
    numbers.buyers = len({order.user for order in orders})
    for order in orders:
        for amounts, amount in ((numbers.paid, order.total), (numbers.back, order.back)):
            if amount:
                amounts[order.currency] = amounts.get(order.currency, 0) + amount


def _goods(orders: Iterable[_Bought]) -> list[BoughtGoods]:
    titles: dict[str, str] = {}
    units, returned = Counter[str](), Counter[str]()
    for order in (each.order for each in orders if each.order):
        for line in order.lines:
            titles.setdefault(line.sku, line.title)
            units[line.sku] += line.qty
            returned[line.sku] += line.qty if order.status == "returned" else line.returned
    most = sorted(units, key=lambda sku: (-units[sku], sku))[:NAMED_MAX]
    return [BoughtGoods(sku, titles[sku], units[sku], returned[sku]) for sku in most]


def _buyers(orders: Iterable[_Bought]) -> list[Buyer]:
    names: dict[str, str] = {}
    counts = Counter[str]()
    for order in orders:  # the newest name first
        names.setdefault(order.user, order.name)
        counts[order.user] += 1
    most = sorted(counts, key=lambda user: (-counts[user], user))[:NAMED_MAX]
    return [Buyer(user, names[user], counts[user]) for user in most]


def shown_searches(
    brought: Brought, texts: Mapping[str, str], people_min: int
) -> tuple[list[Source], list[Source]]:
    """The searches that a host may read, and the others."""
    shown, few = list[Source](), list[Source]()
    for source in brought.of_kind("search"):
        is_known = source[1] in texts and brought.people[source] >= people_min
        (shown if is_known else few).append(source)
    return shown, few
