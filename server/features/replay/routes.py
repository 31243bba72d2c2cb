"""The replay of a room over HTTP: all of it in pages, or what was shown at one moment."""

from typing import Annotated

from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from server.features.replay.entries import MINUTE_MS, with_entries
from server.features.replay.moment import Moment
from server.features.replay.replay import PAGE_MAX, ReplayPage, Replays
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.web.errors import json_response
from server.web.paging import cursor_to, old_cursor_to, one_place, with_cursor
from server.web.query import query_of
from server.web.route import Route

_MS_MAX = 10**12 - 1
_MINUTES_MAX = 1_000_000
_PLACE = r"(?s:.{1,100})"


class ReplayQuery(Input, frozen=True):
    """Which part of a replay: `limit` entries after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(_PLACE)] = ""
    limit: Annotated[int, Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX
    after: Annotated[str, old_cursor_to(_PLACE)] = ""


class MomentQuery(Input, frozen=True):
    """Names a moment by the time since the start, in one of two units."""

    minute: Annotated[int, Meta(ge=0, le=_MINUTES_MAX)] | UnsetType = UNSET
    ms: Annotated[int, Meta(ge=0, le=_MS_MAX)] | UnsetType = UNSET


class ReplayRoutes:
    """Routes under /v1/rooms/{room}/replay, for everybody who may read the room."""

    def __init__(self, replays: Replays) -> None:
        self._replays = replays

    def routes(self) -> list[Route]:
        """Every route with its types."""
        replay, book = "/v1/rooms/{room}/replay", self._replays.book
        page, then = with_entries(ReplayPage, book), with_entries(Moment, book)
        return [
            Route(
                "GET",
                replay,
                "Read what was shown, in order.",
                self.page,
                result=page,
                query=ReplayQuery,
            ),
            Route(
                "GET",
                f"{replay}/at",
                "Read what was shown then.",
                self.at,
                result=then,
                bound="what one room shows at a moment",
                query=MomentQuery,
            ),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=500`: a page of the replay; see ReplayPage."""
        asked, room_id = query_of(request, ReplayQuery), request.match_info["room"]
        place = one_place(asked.cursor, asked.after, "after")
        page = await self._replays.page(room_id, place, asked.limit)
        return json_response(with_cursor(request, page))

    async def at(self, request: web.Request) -> web.Response:
        """`?minute=12` or `?ms=720000`: what was shown so long after the start; see Moment."""
        return json_response(await self._replays.at(request.match_info["room"], _offset(request)))


def _offset(request: web.Request) -> int:
    """Return how long after the start, in ms."""
    asked = query_of(request, MomentQuery)
    if (asked.minute is UNSET) == (asked.ms is UNSET):
        raise CommandError("bad_message", "Say when, once: `?minute=12`, or `?ms=720000`.")
    return asked.ms or (asked.minute or 0) * MINUTE_MS
