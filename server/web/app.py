"""The aiohttp application: answers all requests on the port except WebSockets."""

import re
from collections.abc import Sequence

from aiohttp import web

from server.access.auth import TokenVerifier
from server.protocol.message import Command
from server.rooms.dispatch import Dispatch
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.web.body import BODY_BYTES_MAX
from server.web.caller import PUBLIC_URL, VERIFIER
from server.web.cross_origin import CrossOrigin
from server.web.errors import errors_as_json
from server.web.guard import Guard
from server.web.health import Health
from server.web.idempotency import Idempotency
from server.web.known_input import must_refuse_unknown_fields, with_known_input
from server.web.members_only import members_only
from server.web.pages import add_pages
from server.web.rates import Rates, tell
from server.web.route import WEBSOCKET, Route
from server.web.self_description import with_descriptions
from server.web.session import Sessions
from server.web.upgrade import upgrade


def make_app(
    settings: Settings,
    verifier: TokenVerifier,
    routes: Sequence[Route],
    health: Health,
    guard: Guard,
    idempotency: Idempotency,
    dispatch: Dispatch,
    metrics: Metrics,
    commands: Sequence[type[Command]],
    cross_origin: CrossOrigin,
) -> web.Application:
    """Make the application with all routes; the caller runs it. Raises ValueError, naming the
    route, for one that would ignore what it does not know."""
    rates = Rates(settings, metrics, routes)
    app = web.Application(
        middlewares=[rates.middleware, errors_as_json, members_only(dispatch)],
        client_max_size=BODY_BYTES_MAX,
    )
    app.on_response_prepare.append(tell)
    cross_origin.add_to(app)
    app[VERIFIER] = verifier
    app[PUBLIC_URL] = settings.server.public_url
    health.add_to(app)
    add_pages(app)
    described = with_descriptions([*routes, *Sessions(settings, verifier).routes()], commands)
    must_refuse_unknown_fields(described)
    for route in map(idempotency.kept, described):
        known = route._replace(handler=with_known_input(route))
        app.router.add_route(route.method, _with_any_ids(route.path), guard.guarded(known))
    app.router.add_get(WEBSOCKET, upgrade)
    return app


def _with_any_ids(path: str) -> str:
    """Return a route's path with ids that match any valid id; aiohttp's default excludes braces."""
    return re.sub(r"\{(\w+)\}", r"{\1:[^/]+}", path)
