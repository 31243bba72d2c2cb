"""The aiohttp application: answers all requests on the port except WebSockets."""

import re
from collections.abc import Iterable, Sequence

from aiohttp import web

from server.access.auth import TokenVerifier
from server.rooms.dispatch import Dispatch
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.web.asyncapi import Vocabulary
from server.web.body import BODY_BYTES_MAX
from server.web.caller import PUBLIC_URL, SCOPES, VERIFIER, keys_looked_for
from server.web.cross_origin import CrossOrigin
from server.web.declared import with_declared_answer
from server.web.errors import errors_as_json
from server.web.etags import with_etags
from server.web.guard import Guard
from server.web.health import Health
from server.web.idempotency import Idempotency
from server.web.known_input import must_refuse_unknown_fields, with_known_input
from server.web.members_only import members_only
from server.web.opened import Opened
from server.web.page_heads import PageHeads
from server.web.pages import add_pages
from server.web.rates import Rates, tell
from server.web.request_ids import name_requests, tell_name
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
    words: Vocabulary,
    cross_origin: CrossOrigin,
    opened: Opened,
    heads: PageHeads,
) -> web.Application:
    """Make the application with all routes; the caller runs it. Raises ValueError, naming the
    route, for one that would ignore what it does not know."""
    rates = Rates(settings, metrics, routes)
    app = web.Application(
        middlewares=[
            name_requests,
            *([keys_looked_for] if settings.jwt.algorithm != "HS256" else []),
            rates.middleware,
            errors_as_json,
            with_etags,
            members_only(dispatch),
        ],
        client_max_size=BODY_BYTES_MAX,
    )
    app.on_response_prepare.append(tell)
    app.on_response_prepare.append(tell_name)
    app[VERIFIER] = verifier
    app[PUBLIC_URL] = settings.server.public_url
    app[SCOPES] = {(route.method, route.path): route.scope for route in routes}
    health.add_to(app)
    add_pages(app, opened, heads)
    described = with_descriptions([*routes, *Sessions(settings, verifier).routes()], words)
    must_refuse_unknown_fields(described)
    at = {path: app.router.add_resource(_with_any_ids(path)) for path in _paths(described)}
    for route in map(idempotency.kept, described):
        declared = route._replace(handler=with_declared_answer(route))
        known = route._replace(handler=with_known_input(declared))
        at[route.path].add_route(route.method, guard.guarded(known))
    cross_origin.add_to(app, at)
    app.router.add_get(WEBSOCKET, upgrade)
    return app


def _paths(routes: Sequence[Route]) -> Iterable[str]:
    """Return each path once, in order: aiohttp tries one after the other at each request."""
    return dict.fromkeys(route.path for route in routes)


def _with_any_ids(path: str) -> str:
    """Return a route's path with ids that match any valid id; aiohttp's default excludes braces."""
    return re.sub(r"\{(\w+)\}", r"{\1:[^/]+}", path)
