"""Serves over HTTP what hosts learn, and what the operator reads of searches."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.background.clock import unix_ms
from server.features.insights.host_advice import AdviceView, HostAdvice
from server.features.insights.host_insights import HostInsights
from server.features.insights.numbers import InsightsView
from server.features.insights.sought import DaySearches, Sought
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.errors import json_response
from server.web.paging import OFFSETS, cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import Route

_MS_MAX = 4_102_444_800_000


class SearchesQuery(Input, frozen=True):
    """Which day: that of a time (Unix ms; 0: today); with `empty` = 1 what found nothing; `limit`
    after the `cursor` of an earlier page."""

    at: Annotated[int, Meta(ge=0, le=_MS_MAX)] = 0
    empty: Annotated[int, Meta(ge=0, le=1)] = 1
    cursor: Annotated[str, cursor_to(OFFSETS)] = ""
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class InsightRoutes:
    """The routes of hosts, and of the operator."""

    def __init__(self, insights: HostInsights, advice: HostAdvice, sought: Sought) -> None:
        self._insights = insights
        self._advice = advice
        self._sought = sought

    def routes(self) -> list[Route]:
        """Every route with its types."""
        host = "/v1/hosts/{host}"
        return [
            Route(
                "GET", f"{host}/insights", "Read what brought people to a host, by week.",
                self.of_host, Role.HOST, result=InsightsView,
                bound="the 50 notes and searches that brought most, and 50 that found nothing",
            ),
            Route(
                "GET", f"{host}/advice", "Read advice to a host before a stream.",
                self.advice, Role.HOST, result=AdviceView,
                bound="at most eight lines",
            ),
            Route(
                "GET", "/v1/ops/searches", "Read what was searched for on a day.", self.day,
                Role.ADMIN, result=DaySearches, query=SearchesQuery,
            ),
        ]  # fmt: skip

    async def of_host(self, request: web.Request) -> web.Response:
        """Notes and searches that brought people, what these bought, and what nobody found: the
        week that is on beside the one before by then, and four whole weeks."""
        view = await self._insights.of_host(request.match_info["host"], unix_ms())
        return json_response(view)

    async def advice(self, request: web.Request) -> web.Response:
        """Answer with when to begin, what to show, which notes to write, whom to tell: each with
        numbers."""
        return json_response(await self._advice.of_host(request.match_info["host"], unix_ms()))

    async def day(self, request: web.Request) -> web.Response:
        """`?at=&empty=1&cursor=&limit=50`: the searches of a day, without anybody's name."""
        asked = query_of(request, SearchesQuery)
        page = await self._sought.day(
            asked.at or unix_ms(), int(asked.cursor or 0), asked.limit, empty=bool(asked.empty)
        )
        return json_response(with_cursor(request, page))
