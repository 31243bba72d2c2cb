"""Restricts HTTP requests about a room to the users who may enter it."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from server.rooms.dispatch import Dispatch
from server.web.caller import caller

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


def members_only(dispatch: Dispatch) -> Middleware:
    """Guard every route under /v1 that names a room, including future ones."""

    @web.middleware
    async def guard(request: web.Request, handler: Handle) -> web.StreamResponse:
        room_id = request.match_info.get("room", "")
        if room_id and request.path.startswith("/v1/") and dispatch.is_gated(room_id):
            await dispatch.must_be_let_in(caller(request), room_id)
        return await handler(request)

    return guard
