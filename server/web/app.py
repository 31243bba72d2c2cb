"""The aiohttp application: everything on the port that is no WebSocket."""

from aiohttp import web

from server.access.auth import TokenVerifier
from server.rooms.dispatch import Dispatch
from server.settings import Settings
from server.web.body import BODY_BYTES_MAX
from server.web.caller import VERIFIER
from server.web.errors import errors_as_json, json_response
from server.web.guard import Guard
from server.web.health import Health
from server.web.members_only import members_only
from server.web.openapi import document
from server.web.pages import add_pages
from server.web.route import Route


def make_app(
    settings: Settings,
    verifier: TokenVerifier,
    routes: list[Route],
    health: Health,
    guard: Guard,
    dispatch: Dispatch,
) -> web.Application:
    """The application with all routes; the caller runs it."""
    app = web.Application(
        middlewares=[errors_as_json, members_only(dispatch)],
        client_max_size=BODY_BYTES_MAX,
    )
    app[VERIFIER] = verifier
    health.add_to(app)
    add_pages(app, settings, verifier)
    for route in routes:
        app.router.add_route(route.method, route.path, guard.guarded(route))
    openapi = document(routes)

    async def describe(_: web.Request) -> web.Response:
        return json_response(openapi)

    app.router.add_get("/v1/openapi.json", describe)
    app.router.add_get("/v1/rooms/{room}/ws", _upgrade_required)
    return app


async def _upgrade_required(_: web.Request) -> web.Response:
    """A plain request for the socket, or an upgrade on a connection that spoke HTTP before."""
    response = web.Response(
        status=426,
        text="This is a WebSocket: connect with an upgrade request on a new connection.\n",
        headers={"Upgrade": "websocket", "Connection": "close, Upgrade"},
    )
    response.force_close()
    return response
