"""Identifies the sender of an HTTP request by bearer token, or by the pages' sign-in cookie."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from server.access.auth import BadToken, Identity, TokenVerifier, UnknownKey, session_token
from server.access.origin import is_own_origin
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.web.route import COMMANDS, READS

VERIFIER: web.AppKey[TokenVerifier] = web.AppKey("verifier", TokenVerifier)
SCOPES: web.AppKey[dict[tuple[str, str], str]] = web.AppKey("scopes", dict)
"""The scope that a server's token needs, by method and path."""
PUBLIC_URL: web.AppKey[str] = web.AppKey("public_url", str)

_CALLER = web.RequestKey("caller", Identity)
_REFUSED = web.RequestKey("refused", CommandError)


def caller(request: web.Request) -> Identity:
    """Return the identity of the sender. Raises CommandError `bad_token` if there is none.

    Browsers attach the cookie to requests from any site. So for changes it counts only if a page of
    this server sent the request. The token is verified once for a request.
    """
    known = request.get(_CALLER)
    if known is None:
        known = request[_CALLER] = _within_scope(request, _verified(request))
    return known


def caller_or_guest(request: web.Request) -> Identity | None:
    """Return the identity of the sender, for what everybody may read; None for a guest, also for a
    page with a sign-in that is over. Raises CommandError for a bad token of a client."""
    try:
        return caller(request)
    except CommandError:
        if request.headers.get("Authorization", "").lower().startswith("bearer "):
            raise
        return None


@web.middleware
async def keys_looked_for(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Look for the key of the request's token if it is not known; `caller` then need not wait."""
    if request.path.startswith("/v1/"):  # pages and files ask for no caller
        with contextlib.suppress(CommandError):  # `caller` says it again
            if token := token_of(request):
                await _look_for_key(request, token)
    return await handler(request)


async def _look_for_key(request: web.Request, token: str) -> None:
    try:
        request.app[VERIFIER].verify(token)  # it is remembered for `caller`
    except UnknownKey:
        try:
            await identified(request.app[VERIFIER], token)
        except CommandError as refused:
            request[_REFUSED] = refused
    except BadToken as bad:
        request[_REFUSED] = CommandError("bad_token", str(bad))


async def identified(verifier: TokenVerifier, token: str) -> Identity:
    """Return the identity in a token. Raises CommandError."""
    try:
        return await verifier.identify(token)
    except BadToken as bad:
        raise CommandError("bad_token", str(bad)) from None


def token_of(request: web.Request) -> str:
    """Return the token in the request, unverified; empty if it has none. Raises CommandError
    `forbidden` for a change by cookie from elsewhere."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = session_token(request.headers.getall("Cookie", ())) or ""
        if token and request.method not in READS and not _is_own_page(request):
            raise CommandError("forbidden", "Changes by cookie must come from this server's pages.")
    return token.strip()


def _verified(request: web.Request) -> Identity:
    token = token_of(request)
    if not token:
        raise CommandError("bad_token", "Send a token: `Authorization: Bearer <JWT>`.")
    if (refused := request.get(_REFUSED)) is not None:
        raise refused
    try:
        return request.app[VERIFIER].verify(token)
    except BadToken as exc:
        raise CommandError("bad_token", str(exc)) from None


def _within_scope(request: web.Request, who: Identity) -> Identity:
    """Return the identity it has for this request: a server without the scope is a viewer.

    So it can't read more than anybody on routes that are for everybody; others `guard` refuses.
    Commands are judged one by one (`rooms.dispatch`).
    """
    if who.scopes is None:
        return who
    resource = request.match_info.route.resource
    path = "" if resource is None else resource.canonical
    if path == COMMANDS or not who.lacks(request.app[SCOPES].get((request.method, path), "")):
        return who
    return replace(who, role=Role.VIEWER)


def _is_own_page(request: web.Request) -> bool:
    public_url = request.app.get(PUBLIC_URL, "")
    return is_own_origin(request.headers.get("Origin", ""), request.host, public_url)
