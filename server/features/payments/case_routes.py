"""The routes that list cases: for a host, and for the operator."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.features.payments.cases import CaseBook, CasesPage
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import Route

_Cursor = Annotated[str, cursor_to(r"[0-9]{1,15}-[0-9]{1,15}-[^\x00-\x1f\x7f]{1,300}")]


class CasesQuery(Input, frozen=True):
    """Which part of the list, the newest first: `limit` after the `cursor` of an earlier page."""

    cursor: _Cursor = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class CaseRoutes:
    """Lists payments that a person must look into."""

    def __init__(self, cases: CaseBook) -> None:
        self._cases = cases

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                "GET", "/v1/hosts/{host}/cases", "Read the payments of a host to look into.",
                self.of_host, Role.HOST, result=CasesPage, query=CasesQuery,
            ),
            Route(
                "GET", "/v1/cases", "Read the payments of all rooms to look into.", self.of_all,
                Role.ADMIN, result=CasesPage, query=CasesQuery,
            ),
        ]  # fmt: skip

    async def of_host(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: refunds that nobody owed, disputes, declined payments."""
        return await self._page(request, request.match_info["host"])

    async def of_all(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: the same, of all hosts."""
        return await self._page(request, None)

    async def _page(self, request: web.Request, host: str | None) -> web.Response:
        asked = query_of(request, CasesQuery)
        page = await self._cases.page(host, asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))
