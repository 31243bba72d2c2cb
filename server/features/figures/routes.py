"""Serves what a host steers by over HTTP: a room's figures as JSON and CSV, and all the host's
rooms."""

from collections.abc import AsyncIterator
from functools import lru_cache
from typing import Annotated, Any

from aiohttp import web
from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from server.features.figures.figure_book import FigureBook
from server.features.figures.reckoning.models import Figures
from server.features.figures.reckoning.tables import TABLES, Cell, TableName, table
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.caller import caller
from server.web.csv_response import csv_response
from server.web.csv_rows import rows, text
from server.web.errors import json_response
from server.web.paging import (
    OFFSETS,
    OLD,
    cursor_to,
    offset_in,
    pages_by_cursor,
    with_cursor,
)
from server.web.query import OFFSET_MAX, query_of
from server.web.route import Route

STREAMS_PER_PAGE = 20


class TablesQuery(Input, frozen=True):
    """One table; without `table` all of them."""

    table: TableName | UnsetType = UNSET


class StreamsQuery(Input, frozen=True):
    """Which rooms of a host: `limit` of them after the `cursor` of an earlier page, empty to begin;
    or, as before, after the newest `offset`."""

    cursor: Annotated[str, cursor_to(OFFSETS)] = ""
    limit: Annotated[int, Meta(ge=0, le=STREAMS_PER_PAGE)] = STREAMS_PER_PAGE
    offset: Annotated[int, Meta(ge=0, le=OFFSET_MAX), OLD] = 0


@lru_cache(maxsize=1)  # one type, also if a process has many workers: what describes it is kept
def _page_of(row: type[Struct]) -> Any:
    return defstruct(
        "StreamsPage",
        [("streams", list[row]), ("next", str | None, None)],  # type: ignore[valid-type]
        namespace={"__doc__": "Rooms of a host, and the `cursor` of the page after them."},
    )


class FigureRoutes:
    """The routes about figures (docs/metrics.md)."""

    def __init__(self, book: FigureBook) -> None:
        self._book = book
        self._page = _page_of(book.types.stream_row)

    def routes(self) -> list[Route]:
        """Every route with its types."""
        figures, host = "/v1/rooms/{room}/figures", Role.HOST
        streams = "/v1/hosts/{host}/streams"
        types = self._book.types
        rows = list[types.stream_row]  # type: ignore[name-defined]
        return [
            Route(
                *("GET", figures, "Read the figures.", self.read, host),
                result=types.figures,
                bound="a row a minute, product, showing, coupon and source of one room",
            ),
            Route(
                "GET",
                f"{figures}.csv",
                "Download the figures.",
                self.csv,
                host,
                query=TablesQuery,
            ),
            Route(
                "GET",
                streams,
                "Read a host's rooms.",
                self.streams,
                host,
                result=rows | self._page,
                query=StreamsQuery,
                sifts=True,
            ),
        ]

    async def read(self, request: web.Request) -> web.Response:
        """All figures of a room as of now."""
        return json_response(await self._book.figures_of(request.match_info["room"]))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """All tables one below the other, or `?table=` one of them."""
        wanted = query_of(request, TablesQuery).table or ""
        figures = await self._book.figures_of(request.match_info["room"])
        name = f"figures-{wanted}-{figures.room}" if wanted else f"figures-{figures.room}"
        return await csv_response(request, name, _tables(figures, wanted))

    async def streams(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: the host's rooms, newest first; without `cursor` a list alone."""
        who, host = caller(request), request.match_info["host"]
        asked = query_of(request, StreamsQuery)
        first = offset_in(asked.cursor, asked.offset)
        rows, is_last = await self._book.streams.page(host, first, asked.limit)
        shown = [row for row in rows if who.may_enter(row.room)]
        if not pages_by_cursor(request):
            return json_response(shown)
        page = self._page(shown, None if is_last else str(first + asked.limit))
        return json_response(with_cursor(request, page))


async def _tables(figures: Figures, wanted: str) -> AsyncIterator[str]:
    for name in [wanted] if wanted else TABLES:
        body = rows(tuple(map(_cell, row)) for row in table(figures, name))
        yield body if wanted else f"{name}\r\n{body}\r\n"


def _cell(value: Cell) -> Cell:
    return text(value) if isinstance(value, str) else value
