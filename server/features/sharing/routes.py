"""The calendar's file of a stream, over HTTP."""

from typing import Any
from urllib.parse import quote

from aiohttp import web

from server.background.clock import unix_ms
from server.features.sharing.calendar import calendar_of
from server.protocol.codes import CommandError
from server.rooms.directory import Directory
from server.web.page_heads import own_address
from server.web.route import Route


class SharingRoutes:
    """One route, for everybody who may read the room."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                *("GET", "/v1/rooms/{room}/calendar.ics"),
                "Read a stream's start, for a calendar.",
                self.calendar,
                media="text/calendar",
            )
        ]

    async def calendar(self, request: web.Request) -> web.Response:
        """The start of a stream as an iCalendar file, with a reminder ten minutes before."""
        view: Any = await self._directory.read(request.match_info["room"])
        if not view.scheduled:
            raise CommandError(
                "not_found",
                "This stream has no time yet, so no calendar can show it; reserve to be told.",
            )
        url = f"{own_address(request)}/watch/{quote(view.room)}?from=reservation"
        text = calendar_of(view, url, unix_ms(), is_cancelled=view.cancelled)
        name = quote(f"{view.room}.ics")
        return web.Response(
            text=text,
            content_type="text/calendar",
            charset="utf-8",
            headers={"Content-Disposition": f"inline; filename*=UTF-8''{name}"},
        )
