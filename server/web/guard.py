"""Enforces each route's least role, so that handlers need not check it."""

from collections.abc import Callable

from aiohttp import web

from server.access.auth import Identity
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.rooms.directory import Directory
from server.rooms.dispatch import as_in, holds
from server.web.caller import caller
from server.web.route import Handler, Route


class Guard:
    """Lets callers through who hold a route's least role in its room, or are the host it names."""

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
            if not await self._may(who, least, request, route.about):
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
        if least.at_least(Role.MODERATOR) and (room_id := request.match_info.get("room")):
            host = await self._directory.host_of(room_id)
            if holds(who, least, room_id, host):
                return True
            return (
                least is Role.MODERATOR
                and as_in(who, host).role is Role.VIEWER
                and who.may_enter(room_id)
                and await self._directory.is_moderator(room_id, who.user)
            )
        if least is Role.HOST and "host" in request.match_info:
            host = request.match_info["host"]
            if about is not None:
                return holds(who, least, about(host), host)
            return who.role is Role.ADMIN or (who.role is Role.HOST and who.user == host)
        return who.role.at_least(least)


def _whom(least: Role, request: web.Request) -> str:
    if "room" in request.match_info:
        return f"the {least} of this room"
    if "host" in request.match_info:
        return "this host"
    return f"a {least}"
