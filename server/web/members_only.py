"""Restricts HTTP requests about a room to the users who may enter it."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from server.rooms.dispatch import Dispatch
from server.web.caller import caller
from server.web.route import WEBSOCKET

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


def members_only(dispatch: Dispatch) -> Middleware:
    """Guard every route under /v1 that names a room, including future ones.

    Not the WebSocket's: the join asks the same, after it has the token that the client sends in it.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handle) -> web.StreamResponse:
        room_id = request.match_info.get("room", "")
        resource = request.match_info.route.resource
        is_rest = request.path.startswith("/v1/") and (
            resource is None or resource.canonical != WEBSOCKET
        )
        if room_id and is_rest and await dispatch.is_gated(room_id):
            await dispatch.must_be_let_in(caller(request), room_id)
        return await handler(request)

    return guard
