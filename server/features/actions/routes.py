"""The log of who did what, over HTTP."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.features.actions.actions import PAGE_MAX, Actions, ActionsPage
from server.features.actions.moderation_log import Logging, LogPage, ModerationLog, Wanted
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.paging import cursor_to, old_cursor_to, one_place, with_cursor
from server.web.query import query_of
from server.web.route import Route

_PLACE = r"[0-9]{1,15}-[0-9]{1,19}"


class ActionsQuery(Input, frozen=True):
    """Which acts, the newest first: `limit` after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(_PLACE)] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX
    before: Annotated[str, old_cursor_to(_PLACE)] = ""


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
        """`?cursor=&limit=200`: a page of the log, the newest first; see ActionsPage."""
        room_id = request.match_info["room"]
        asked = query_of(request, ActionsQuery)
        place = one_place(asked.cursor, asked.before, "before")
        page = await self._actions.page(room_id, place, asked.limit)
        return json_response(with_cursor(request, page))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """The whole log as CSV, the newest first; times in UTC."""
        room_id = request.match_info["room"]
        return await csv_response(request, f"actions-{room_id}", self._actions.csv(room_id))


_MS_MAX = 10**14
_ROOM = r"^[A-Za-z0-9_.:@-]{0,64}$(?!\n)"


class WantedQuery(Input, frozen=True):
    """Which acts: those of which all of these hold; `from_ms` and `to_ms` are Unix ms."""

    by: Annotated[str, Meta(max_length=64, description="the id of a user who did it")] = ""
    user: Annotated[str, Meta(max_length=64, description="the id of a user it was done to")] = ""
    room: Annotated[str, Meta(pattern=_ROOM, description="the id of a room")] = ""
    what: Annotated[
        str, Meta(pattern=r"^[a-z_]{0,32}$(?!\n)", description="a kind of act, as mute or ban")
    ] = ""
    from_ms: Annotated[int, Meta(ge=0, le=_MS_MAX)] = 0
    to_ms: Annotated[int, Meta(ge=0, le=_MS_MAX)] = 0


class LogQuery(WantedQuery, frozen=True):
    """The same, and which part of them: the newest `limit` after an earlier page's `cursor`."""

    cursor: Annotated[str, cursor_to(r"[0-9]{1,15}-[a-zA-Z0-9-]{1,64}")] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = 100


class LogRoutes:
    """Routes under /v1/actions, for the operator."""

    def __init__(self, log: ModerationLog, logging: Logging) -> None:
        self._log = log
        self._logging = logging

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, admin = "/v1/actions", Role.ADMIN
        said = "Read who moderated what in all rooms."
        return [
            Route("GET", path, said, self.page, admin, result=LogPage, query=LogQuery),
            Route(
                "GET", f"{path}.csv", "Download who moderated what in all rooms.", self.csv,
                admin, query=WantedQuery,
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?by=&user=&room=&what=&from_ms=&to_ms=&cursor=&limit=100`: the newest first, see
        LogPage. Acts in rooms come as soon as the archive has copied them."""
        asked = query_of(request, LogQuery)
        await self._logging.copy_if_possible()
        page = await self._log.page(_wanted(asked), asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """All of them as CSV, the newest first; times in UTC."""
        wanted = _wanted(query_of(request, WantedQuery))
        await self._logging.copy_if_possible()
        return await csv_response(request, "moderation", self._log.csv(wanted))


def _wanted(asked: WantedQuery) -> Wanted:
    return Wanted(asked.by, asked.what, asked.room, asked.user, asked.from_ms, asked.to_ms)
