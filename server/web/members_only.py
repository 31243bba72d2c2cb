"""Fan groups over HTTP: whatever is read of one, or done in one, is for those who may come in."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from server.auth import Identity
from server.rooms.community.group_ids import is_group
from server.web.caller import caller

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


def members_only(must_be_let_in: Callable[[Identity, str], Awaitable[None]]) -> Middleware:
    """Guards every route under /v1 that names a room, those to come too."""

    @web.middleware
    async def guard(request: web.Request, handler: Handle) -> web.StreamResponse:
        room_id = request.match_info.get("room", "")
        if is_group(room_id) and request.path.startswith("/v1/"):
            await must_be_let_in(caller(request), room_id)
        return await handler(request)

    return guard
