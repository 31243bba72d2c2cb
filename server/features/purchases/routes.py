"""Orders, revenue and customers over all rooms: for a host, and for the operator."""

import functools
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta

from server.background.clock import DAY_MS, unix_ms
from server.features.purchases.customers import Customers, CustomersPage
from server.features.purchases.host_figures import HostBook, HostFigures
from server.features.purchases.purchases import ChangesPage, Purchases, PurchasesPage
from server.features.purchases.revenue import Revenue, RevenueRow
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.paging import cursor_to, next_of, one_place, with_cursor
from server.web.query import query_of
from server.web.route import Handler, Route

PER_PAGE_MAX = 100
CHANGES_PER_PAGE = 1000
REVENUE_ROWS_MAX = 5000
_PLACE_MAX = 10**15 - 1
_MS_MAX = 10**14
_DAYS_SHOWN_MS = 30 * DAY_MS

Cursor = Annotated[str, cursor_to(r"[0-9]{1,15}-[^\x00-\x1f\x7f]{1,64}")]


class PurchasesQuery(Input, frozen=True):
    """Which part of a list, the newest first: `limit` after the `cursor` of an earlier page."""

    cursor: Cursor = ""
    limit: Annotated[int, Meta(ge=1, le=PER_PAGE_MAX)] = 20


class ReturnsQuery(Input, frozen=True):
    """Bounds a list of orders."""

    limit: Annotated[int, Meta(ge=1, le=PER_PAGE_MAX)] = PER_PAGE_MAX


class ChangesQuery(Input, frozen=True):
    """Which orders, by their last change: `limit` after the `cursor` of an earlier page, empty to
    begin; or those that changed after a place, the `at` of an earlier page."""

    cursor: Annotated[str, cursor_to(r"[0-9]{1,15}")] = ""
    limit: Annotated[int, Meta(ge=1, le=CHANGES_PER_PAGE)] = CHANGES_PER_PAGE
    after: Annotated[int, Meta(ge=0, le=_PLACE_MAX)] = 0


class RevenueQuery(Input, frozen=True):
    """Which days (UTC): those with a time in [from_ms, to_ms); by default the last 30."""

    from_ms: Annotated[int, Meta(ge=0, le=_MS_MAX)] = 0
    to_ms: Annotated[int, Meta(ge=0, le=_MS_MAX)] = 0


class PurchaseRoutes:
    """The routes under /v1/hosts/{host}, and those of the operator."""

    def __init__(
        self, purchases: Purchases, customers: Customers, book: HostBook, revenue: Revenue
    ) -> None:
        self._purchases = purchases
        self._customers = customers
        self._book = book
        self._revenue = revenue

    def routes(self) -> list[Route]:
        """Every route with its types."""
        host, admin = functools.partial(_host_route, "/v1/hosts/{host}"), Role.ADMIN
        return [
            host(
                "orders", "Read the orders of a host's rooms.", self.of_host,
                query=PurchasesQuery, result=PurchasesPage,
            ),
            host(
                "returns", "Read the orders that buyers of a host want to give back.",
                self.to_answer, query=ReturnsQuery, result=PurchasesPage,
                bound="`limit` of them, those due first; what is answered leaves the list",
            ),
            host(
                "revenue", "Read a host's revenue by day.", self.revenue_of_host,
                query=RevenueQuery, result=list[RevenueRow],
                bound="a row a day and currency of the span",
            ),
            host(
                "customers", "Read a host's customers.", self.customers,
                query=PurchasesQuery, result=CustomersPage,
            ),
            host("customers.csv", "Download a host's customers.", self.customers_csv),
            host("figures", "Read a host's figures.", self.figures, result=HostFigures),
            Route(
                "GET", "/v1/orders", "Read the orders of all rooms.", self.changed, admin,
                result=ChangesPage, query=ChangesQuery,
            ),
            Route(
                "GET", "/v1/revenue", "Read the revenue of all hosts by day.", self.revenue, admin,
                result=list[RevenueRow], query=RevenueQuery,
                bound=f"the newest {REVENUE_ROWS_MAX} rows of the span",
            ),
        ]  # fmt: skip

    async def of_host(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: the orders of all rooms of a host, the newest first."""
        asked = query_of(request, PurchasesQuery)
        host = request.match_info["host"]
        page = await self._purchases.of_host(host, asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))

    async def to_answer(self, request: web.Request) -> web.Response:
        """`?limit=100`: open requests, the one to be answered first at the front."""
        limit = query_of(request, ReturnsQuery).limit
        return json_response(await self._purchases.to_answer(request.match_info["host"], limit))

    async def revenue_of_host(self, request: web.Request) -> web.Response:
        """`?from_ms=&to_ms=`: sold orders by day and currency, the newest day first."""
        span = _span(query_of(request, RevenueQuery))
        return json_response(await self._revenue.of_host(request.match_info["host"], *span))

    async def customers(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: users who paid an order, the one who bought last first."""
        asked = query_of(request, PurchasesQuery)
        host = request.match_info["host"]
        page = await self._customers.page(host, asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))

    async def customers_csv(self, request: web.Request) -> web.StreamResponse:
        """All customers as CSV, a row a currency; times in UTC."""
        host = request.match_info["host"]
        return await csv_response(request, f"customers-{host}", self._customers.csv(host))

    async def figures(self, request: web.Request) -> web.Response:
        """Customers, repurchase and lifetime value over all rooms of a host."""
        return json_response(await self._book.figures_of(request.match_info["host"]))

    async def changed(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=`, or `?after=0`: orders of all rooms by their last change; see
        ChangesPage."""
        asked = query_of(request, ChangesQuery)
        after = int(one_place(asked.cursor, str(asked.after or ""), "after") or 0)
        page = await self._purchases.changed(after, asked.limit)
        return json_response(next_of(request, page, "limit"))

    async def revenue(self, request: web.Request) -> web.Response:
        """`?from_ms=&to_ms=`: sold orders by day, currency and host, the newest day first."""
        span = _span(query_of(request, RevenueQuery))
        return json_response(await self._revenue.of_all(*span, REVENUE_ROWS_MAX))


def _host_route(path: str, name: str, summary: str, handler: Handler, **more: Any) -> Route:
    return Route("GET", f"{path}/{name}", summary, handler, Role.HOST, **more)


def _span(asked: RevenueQuery) -> tuple[int, int]:
    to_ms = asked.to_ms or unix_ms() + 1
    return asked.from_ms or max(0, to_ms - _DAYS_SHOWN_MS), to_ms
