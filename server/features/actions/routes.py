"""The log of who did what, over HTTP."""

import re

from aiohttp import web

from server.features.actions.actions import PAGE_MAX, Actions, ActionsPage
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.route import Route, number

_PLACE = re.compile(r"\d{1,15}-\d{1,19}")


class ActionRoutes:
    """Routes under /v1/rooms/{room} that read the log of acts."""

    def __init__(self, actions: Actions) -> None:
        self._actions = actions

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, host = "/v1/rooms/{room}/actions", Role.HOST
        return [
            Route("GET", path, "Read who did what.", self.page, host, result=ActionsPage),
            Route("GET", f"{path}.csv", "Download who did what.", self.csv, host),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """`?before=&limit=200`: a page of the log, the newest first; see ActionsPage."""
        room_id = request.match_info["room"]
        before = request.query.get("before", "")
        if before and not _PLACE.fullmatch(before):
            raise CommandError("bad_message", "`before` must be the `next` of an earlier page.")
        count = min(max(1, number(request, "limit", PAGE_MAX)), PAGE_MAX)
        return json_response(await self._actions.page(room_id, before, count))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """The whole log as CSV, the newest first; times in UTC."""
        room_id = request.match_info["room"]
        return await csv_response(request, f"actions-{room_id}", self._actions.csv(room_id))
