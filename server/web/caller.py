"""Identifies the sender of an HTTP request by bearer token, or by the pages' sign-in cookie."""

from aiohttp import web

from server.access.auth import BadToken, Identity, TokenVerifier, session_token
from server.access.origin import is_own_origin
from server.protocol.codes import CommandError

VERIFIER: web.AppKey[TokenVerifier] = web.AppKey("verifier", TokenVerifier)
PUBLIC_URL: web.AppKey[str] = web.AppKey("public_url", str)

_READS = ("GET", "HEAD")
_CALLER = web.RequestKey("caller", Identity)


def caller(request: web.Request) -> Identity:
    """Return the identity of the sender. Raises CommandError `bad_token` if there is none.

    Browsers attach the cookie to requests from any site. So for changes it counts only if a page of
    this server sent the request. The token is verified once for a request.
    """
    known = request.get(_CALLER)
    if known is None:
        known = request[_CALLER] = _verified(request)
    return known


def token_of(request: web.Request) -> str:
    """Return the token in the request, unverified; empty if it has none. Raises CommandError
    `forbidden` for a change by cookie from elsewhere."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = session_token(request.headers.getall("Cookie", ())) or ""
        if token and request.method not in _READS and not _is_own_page(request):
            raise CommandError("forbidden", "Changes by cookie must come from this server's pages.")
    return token.strip()


def _verified(request: web.Request) -> Identity:
    token = token_of(request)
    if not token:
        raise CommandError("bad_token", "Send a token: `Authorization: Bearer <JWT>`.")
    try:
        return request.app[VERIFIER].verify(token)
    except BadToken as exc:
        raise CommandError("bad_token", str(exc)) from None


def _is_own_page(request: web.Request) -> bool:
    public_url = request.app.get(PUBLIC_URL, "")
    return is_own_origin(request.headers.get("Origin", ""), request.host, public_url)
