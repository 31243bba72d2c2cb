"""The log of who did what, over HTTP."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.features.actions.actions import PAGE_MAX, Actions, ActionsPage
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.query import query_of
from server.web.route import Route


class ActionsQuery(Input, frozen=True):
    """Which acts: the newest `limit` that came before a place."""

    before: Annotated[
        str,
        Meta(
            pattern=r"^([0-9]{1,15}-[0-9]{1,19})?$(?!\n)",
            description="the `next` of an earlier page",
        ),
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX


class ActionRoutes:
    """Routes under /v1/rooms/{room} that read the log of acts."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, host = "/v1/rooms/{room}/actions", Role.HOST
        return [
            Route(
                "GET",
                path,
                "Read who did what.",
                self.page,
                host,
                result=ActionsPage,
                query=ActionsQuery,
            ),
            Route("GET", f"{path}.csv", "Download who did what.", self.csv, host),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """`?before=&limit=200`: a page of the log, the newest first; see ActionsPage."""
        room_id = request.match_info["room"]
        asked = query_of(request, ActionsQuery)
        return json_response(await self._actions.page(room_id, asked.before, asked.limit))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """The whole log as CSV, the newest first; times in UTC."""
        room_id = request.match_info["room"]
        return await csv_response(request, f"actions-{room_id}", self._actions.csv(room_id))
