"""Who sends an HTTP request: a bearer token, or the cookie of somebody signed in on our pages."""

from aiohttp import web

from server.access.auth import BadToken, Identity, TokenVerifier, session_token
from server.access.origin import is_own_origin
from server.protocol.codes import CommandError

VERIFIER: web.AppKey[TokenVerifier] = web.AppKey("verifier", TokenVerifier)
PUBLIC_URL: web.AppKey[str] = web.AppKey("public_url", str)

_READS = ("GET", "HEAD")


def caller(request: web.Request) -> Identity:
    """The identity behind a request. CommandError `bad_token` if there is none.

    A cookie comes along with whatever a browser sends, so it counts for changes only if a page of
    this very server sent them.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        token = session_token(request.headers.getall("Cookie", ())) or ""
        if token and request.method not in _READS and not _is_own_page(request):
            raise CommandError("forbidden", "Changes by cookie must come from this server's pages.")
    if not token:
        raise CommandError("bad_token", "Send a token: `Authorization: Bearer <JWT>`.")
    try:
        return request.app[VERIFIER].verify(token.strip())
    except BadToken as exc:
        raise CommandError("bad_token", str(exc)) from None


def _is_own_page(request: web.Request) -> bool:
    public_url = request.app.get(PUBLIC_URL, "")
    return is_own_origin(request.headers.get("Origin", ""), request.host, public_url)
