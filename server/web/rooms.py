"""REST routes that create, list and read rooms."""

from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.roles import Role
from server.protocol.room import Phase, RoomCreate, RoomView
from server.rooms.directory import Directory
from server.rooms.listing import PAGE_MAX, Order
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import encoded_response, json_response
from server.web.paging import OLD
from server.web.query import OFFSET_MAX, query_of
from server.web.route import Route

CURSOR_CHARS_MAX = 200


class RoomsQuery(Input, frozen=True):
    """Which rooms: `limit` of them, after the first `offset` in this order; or, with `phase` or
    `cursor`, those of a phase after the place that an earlier page named."""

    order: Annotated[Literal["newest", "live_first"], OLD] = "newest"
    offset: Annotated[int, Meta(ge=0, le=OFFSET_MAX), OLD] = 0
    limit: Annotated[int, Meta(ge=0, le=PAGE_MAX)] = PAGE_MAX
    phase: Literal["all", "live", "scheduled", "ended"] = "all"
    cursor: Annotated[
        str,
        Meta(
            max_length=CURSOR_CHARS_MAX,
            pattern=r"^[A-Za-z0-9_-]*$(?!\n)",
            description="the `next` of an earlier page of the same phase, or empty to begin",
        ),
    ] = ""


@lru_cache(maxsize=1)  # one type, also if a process has many workers: what describes it is kept
def _page_of(view: type[RoomView]) -> Any:
    return msgspec.defstruct(
        "RoomsPage",
        [("rooms", list[view]), ("next", str | None, None)],  # type: ignore[valid-type]
        namespace={"__doc__": "A page of rooms, and the cursor of the one after it."},
    )


class RoomRoutes:
    """The routes about rooms as such. `view` is the type of a whole room."""

    def __init__(self, directory: Directory, view: type[RoomView]) -> None:
        self._directory = directory
        self._view = view
        self._page = _page_of(view)

    def routes(self) -> list[Route]:
        """Every route with its types."""
        rooms, view = "/v1/rooms", self._view
        return [
            Route(
                "POST",
                rooms,
                "Create a room.",
                self.create,
                Role.HOST,
                RoomCreate,
                view,
                status=201,
            ),
            Route(
                "GET",
                rooms,
                "List rooms.",
                self.all,
                result=list[view] | self._page,  # type: ignore[valid-type]
                query=RoomsQuery,
            ),
            Route("GET", "/v1/rooms/{room}", "Read a room.", self.read, result=view),
        ]

    async def create(self, request: web.Request) -> web.Response:
        """Create a room; 201 with the snapshot that a viewer would see."""
        view = await self._directory.create(caller(request), await body_of(request, RoomCreate))
        return json_response(view, 201)

    async def all(self, request: web.Request) -> web.Response:
        """Return a page of rooms: `?order=newest&offset=0&limit=100`, without their contents.

        With `order=live_first` the live ones come first, then the next to start. With `phase` or
        `cursor`: `{"rooms", "next"}`, in that order too, page after page.
        """
        page = query_of(request, RoomsQuery)
        if {"phase", "cursor"} & request.query.keys():
            if {"order", "offset"} & request.query.keys():
                raise CommandError(
                    "bad_message",
                    "`order` and `offset` do not go with `phase` and `cursor`: send the one or "
                    "the other.",
                )
            phase: Phase | None = None if page.phase == "all" else page.phase
            return encoded_response(
                await self._directory.page_after_as_json(phase, page.cursor, page.limit)
            )
        raw = await self._directory.page_as_json(Order(page.order), page.offset, page.limit)
        return encoded_response(raw)

    async def read(self, request: web.Request) -> web.Response:
        """Return the snapshot that a joining viewer would see."""
        return json_response(await self._directory.read(request.match_info["room"]))
