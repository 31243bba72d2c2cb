"""Refuses what a request says that its route does not declare: query parameters, and bodies."""

from collections.abc import Iterable

from aiohttp import web

from server.protocol.input import tolerant_in
from server.web.body import must_say_nothing
from server.web.query import query_of, unbounded_in
from server.web.route import Handler, Route


def with_known_input(route: Route) -> Handler:
    """Put the check of the query in front of the route's handler; without a declared body, also
    that none comes. A declared body is decoded by the handler, with `body_of`; one of another type
    (`Route.takes`) is read by it."""

    async def check(request: web.Request) -> web.StreamResponse:
        query_of(request, route.query)
        if route.body is None and not route.takes and request.body_exists:
            await must_say_nothing(request)
        return await route.handler(request)

    return check


def must_refuse_unknown_fields(routes: Iterable[Route]) -> None:
    """Raise ValueError, naming the route, for a declared body or query that ignores some fields,
    and for a query parameter without bounds."""
    for route in routes:
        if unbounded := unbounded_in(route.query):
            raise ValueError(
                f"`{route.method} {route.path}`: `{unbounded[0]}` has no bounds; give it a minimum "
                "and a maximum, a list of values, or a description of its text."
            )
        for kind in (route.query, *([] if route.foreign else [route.body])):
            if kind is not None and (ignoring := tolerant_in(kind)):
                raise ValueError(
                    f"`{route.method} {route.path}` ignores unknown fields in {ignoring[0]}; "
                    "derive it from Input, or say in the route's `foreign` why it must."
                )
