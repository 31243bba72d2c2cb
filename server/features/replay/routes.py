"""The replay of a room over HTTP: all of it in pages, or what was shown at one moment."""

from aiohttp import web

from server.features.replay.entries import MINUTE_MS, with_entries
from server.features.replay.moment import Moment
from server.features.replay.replay import PAGE_MAX, ReplayPage, Replays
from server.protocol.codes import CommandError
from server.web.errors import json_response
from server.web.route import Route, number

_MS_DIGITS_MAX = 12


class ReplayRoutes:
    """Routes under /v1/rooms/{room}/replay, for everybody who may read the room."""

    def __init__(self, replays: Replays) -> None:
        self._replays = replays

    def routes(self) -> list[Route]:
        """Every route with its types."""
        replay, book = "/v1/rooms/{room}/replay", self._replays.book
        page, then = with_entries(ReplayPage, book), with_entries(Moment, book)
        return [
            Route("GET", replay, "Read what was shown, in order.", self.page, result=page),
            Route("GET", f"{replay}/at", "Read what was shown then.", self.at, result=then),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """`?after=&limit=500`: a page of the replay; see ReplayPage."""
        count = max(1, number(request, "limit", PAGE_MAX))
        after = request.query.get("after", "")
        return json_response(await self._replays.page(request.match_info["room"], after, count))

    async def at(self, request: web.Request) -> web.Response:
        """`?minute=12` or `?ms=720000`: what was shown so long after the start; see Moment."""
        return json_response(await self._replays.at(request.match_info["room"], _offset(request)))


def _offset(request: web.Request) -> int:
    """How long after the start, in ms."""
    if "ms" not in request.query:
        if "minute" not in request.query:
            raise CommandError("bad_message", "Say when: `?minute=12`, or `?ms=720000`.")
        return number(request, "minute", 0) * MINUTE_MS
    raw = request.query["ms"]
    if not raw.isascii() or not raw.isdigit() or len(raw) > _MS_DIGITS_MAX:
        raise CommandError("bad_message", "`ms` must be whole milliseconds since the start.")
    return int(raw)
