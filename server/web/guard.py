"""Enforces each route's least role, so that handlers need not check it."""

from collections.abc import Callable

from aiohttp import web

from server.access.auth import Identity
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.rooms.directory import Directory
from server.rooms.dispatch import holds
from server.web.caller import caller
from server.web.route import Admits, Handler, Route

_SOME_ROOMS = (
    "This token is for some rooms only, and this is about all of them; use a token without `rooms`."
)


class Guard:
    """Lets callers through who hold a route's least role in its room, are the host or merchant it
    names, or whom the route itself admits."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def guarded(self, route: Route) -> Handler:
        """Put the check of the caller in front of the route's handler."""
        if "{room}" in route.path:
            route = route._replace(handler=self._in_a_room_that_is_here(route.handler))
        if route.least is None:
            return route.handler
        least = route.least

        async def ask(request: web.Request) -> web.StreamResponse:
            who = caller(request)
            if who.lacks(route.scope):
                what = f"`{route.method} {route.path}`"
                raise CommandError(
                    "forbidden", f"This token has no scope `{route.scope}`, which {what} needs."
                )
            if who.rooms is not None and _is_of_all_rooms(route):
                raise CommandError("forbidden", _SOME_ROOMS)
            if not await self._may(who, least, request, route.about) and not (
                route.admits is not None and await _is_admitted(who, request, route.admits)
            ):
                raise CommandError(
                    "forbidden", f"`{route.method} {route.path}` is for {_whom(least, request)}."
                )
            return await route.handler(request)

        return ask

    def _in_a_room_that_is_here(self, handler: Handler) -> Handler:
        """Bring the room back first if it left Redis: not all of it is read by scripts."""

        async def ask(request: web.Request) -> web.StreamResponse:
            await self._directory.must_be_here(request.match_info["room"])
            return await handler(request)

        return ask

    async def _may(
        self,
        who: Identity,
        least: Role,
        request: web.Request,
        about: Callable[[str], str] | None,
    ) -> bool:
        room_id = request.match_info.get("room")
        if least is Role.MODERATOR and room_id:
            return await self._directory.is_staff(who, room_id)
        if least.at_least(Role.HOST) and room_id:
            return holds(who, least, room_id, await self._directory.host_of(room_id))
        if least is Role.HOST and "host" in request.match_info:
            host = request.match_info["host"]
            if about is not None:
                return holds(who, least, about(host), host)
            return who.role is Role.ADMIN or (who.role is Role.HOST and who.user == host)
        if least is Role.MERCHANT and "merchant" in request.match_info:
            return _is_merchant(who, request.match_info["merchant"])
        # What only admins may and names no room is about all of them.
        is_for_all = least is not Role.ADMIN or who.rooms is None
        return is_for_all and who.role.at_least(least)


def _is_of_all_rooms(route: Route) -> bool:
    """Whether the route tells of a host what may lie in any of the host's rooms."""
    of_host = "{host}" in route.path and "{room}" not in route.path
    return of_host and route.about is None and not route.sifts


def _is_merchant(who: Identity, merchant: str) -> bool:
    """Whether the caller is this merchant: by a token of one, or as the host of that id."""
    own = who.role in (Role.MERCHANT, Role.HOST) and who.user == merchant
    return who.rooms is None and (own or who.role is Role.ADMIN)


async def _is_admitted(who: Identity, request: web.Request, admits: Admits) -> bool:
    """Whether the route admits the caller. A token for some rooms is good for nothing else."""
    return who.rooms is None and await admits(who, request)


def _whom(least: Role, request: web.Request) -> str:
    if "room" in request.match_info:
        return f"the {least} of this room"
    if "host" in request.match_info:
        return "this host"
    if least is Role.MERCHANT and "merchant" in request.match_info:
        return "this merchant and its members, with a token that is not for some rooms only"
    if least is Role.ADMIN:
        return "an admin, with a token that is not for some rooms only"
    return f"a {least}"
