"""Restricts HTTP requests about a room to the users who may enter it.

Whoever is banned from all rooms may still read what is in no room, and has /v1/me.
"""

import contextlib
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

from server.access.auth import Identity
from server.protocol.codes import CommandError
from server.rooms.dispatch import Dispatch
from server.web.caller import caller
from server.web.route import READS, WEBSOCKET

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OWN = ("/v1/me/", "/v1/session/")
"""What is a user's own, whatever they may not do in rooms."""


class _NobodyKnown(Exception):
    """The request has no good token."""


def _known_caller(request: web.Request) -> Identity:
    try:
        return caller(request)
    except CommandError:
        raise _NobodyKnown from None


def _changes_something(request: web.Request) -> bool:
    return request.method not in READS and not f"{request.path}/".startswith(_OWN)


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
        if is_rest and (room_id or _changes_something(request)):
            with contextlib.suppress(_NobodyKnown):
                dispatch.must_not_be_banned(_known_caller(request), room_id)
        if room_id and is_rest and await dispatch.is_gated(room_id):
            await dispatch.must_be_let_in(caller(request), room_id)
        return await handler(request)

    return guard
