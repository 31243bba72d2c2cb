"""Sign-in on the pages: exchanges a token for a cookie, which then identifies the user.

The cookie holds the JWT itself, so there is no session store. Scripts cannot read the cookie
(HttpOnly) and other sites' requests don't carry it (SameSite=Strict). `caller` and the edge accept
it in place of a Bearer token; both check that a change comes from one of our own pages.
"""

import re
import secrets
import time

import jwt
import msgspec
from aiohttp import web

from server.access.auth import (
    SESSION_COOKIE,
    BadToken,
    Identity,
    TokenVerifier,
    mint,
    session_token,
)
from server.access.origin import is_own_origin
from server.background.clock import unix_ms
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.roles import Role
from server.settings import Settings, SettingsError
from server.web.body import Body, body_of
from server.web.caller import identified
from server.web.errors import json_response
from server.web.one_click import is_at_this_machine
from server.web.route import Route

_DEV_TTL_S = 7 * 86_400
_USER = re.compile(r"[A-Za-z0-9_.:@-]{1,64}")


class SignIn(Input, frozen=True):
    """Body of `POST /v1/session`."""

    token: str


class DevSignIn(Input, frozen=True):
    """Body of `POST /v1/session/dev`: the user to sign in as. Without `user`, a new one."""

    role: Role = Role.VIEWER
    name: str = ""
    user: str | None = None


class SignedIn(msgspec.Struct):
    """The user whom a cookie speaks for."""

    user: str
    name: str
    role: Role


class SessionView(msgspec.Struct):
    """Who `you` are by the cookie, None for a guest; `dev`: you may sign in as anybody here; `now`
    is the server's time in Unix ms."""

    you: SignedIn | None
    dev: bool
    now: int


class Sessions:
    """The routes under /v1/session."""

    def __init__(self, settings: Settings, verifier: TokenVerifier) -> None:
        self._settings = settings
        self._verifier = verifier
        self._dev = settings.mode == "development" and settings.jwt.algorithm == "HS256"

    def routes(self) -> list[Route]:
        """Routes that show the user, sign in and out; in development mode, sign in as anybody."""
        return [
            Route(
                "GET",
                "/v1/session",
                "Read who the cookie speaks for.",
                self.show,
                result=SessionView,
            ),
            Route(
                "POST",
                "/v1/session",
                "Sign in by cookie.",
                self.sign_in,
                body=SignIn,
                result=SessionView,
                no_key="signing in twice sets the same cookie",
            ),
            Route("DELETE", "/v1/session", "Sign out.", self.sign_out, result=SessionView),
            Route(
                "POST",
                "/v1/session/dev",
                "Sign in as anybody, in development mode.",
                self.sign_in_dev,
                body=DevSignIn,
                result=SessionView,
                no_key="it stores nothing, and exists in development only",
            ),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Answer `{you: {user, name, role} | null, dev: bool, now: ms}`; remove a bad cookie."""
        token = session_token(request.headers.getall("Cookie", ()))
        if not token:
            return self._answer(request, None)
        try:
            return self._answer(request, await self._verifier.identify(token))
        except BadToken:
            return forget_cookie(self._answer(request, None))

    async def sign_in(self, request: web.Request) -> web.Response:
        """Set the cookie from the body's `{token}`."""
        body = await self._read(request, SignIn)
        return await self._signed_in(request, body.token.strip())

    async def sign_in_dev(self, request: web.Request) -> web.Response:
        """Sign in as anybody, for people at this machine. Exists only in development mode."""
        if not self._dev:
            raise CommandError("not_found", "One-click sign-in exists in development mode only.")
        if not is_at_this_machine(request, self._settings.server.dev_hosts):
            raise CommandError(
                "forbidden",
                "One-click sign-in is for this machine: open the page as http://127.0.0.1 with the "
                "port, list its host name in server.dev_hosts, or sign in with a token.",
            )
        body = await self._read(request, DevSignIn)
        user = body.user or f"dev-{body.role.value}-{secrets.token_hex(3)}"
        if not _USER.fullmatch(user):
            raise CommandError("bad_message", "`user` must be an id of at most 64 characters.")
        try:
            token = mint(self._settings, user, body.role, body.name, ttl_s=_DEV_TTL_S)
        except (ValueError, SettingsError) as error:
            raise CommandError("bad_message", str(error)) from None
        return await self._signed_in(request, token)

    async def sign_out(self, request: web.Request) -> web.Response:
        """Remove the cookie."""
        self._refuse_forged(request)
        return forget_cookie(self._answer(request, None))

    async def _signed_in(self, request: web.Request, token: str) -> web.Response:
        who = await identified(self._verifier, token)
        exp = jwt.decode(token, options={"verify_signature": False})["exp"]  # verified just before
        response = self._answer(request, who)
        response.set_cookie(
            SESSION_COOKIE,
            token,
            max_age=max(0, int(exp - time.time())),
            httponly=True,
            secure=request.secure or self._settings.server.public_url.startswith("https://"),
            samesite="Strict",
            path="/",
        )
        return response

    def _answer(self, request: web.Request, who: Identity | None) -> web.Response:
        you = None if who is None else SignedIn(who.user, who.name, who.role)
        dev = self._dev and is_at_this_machine(request, self._settings.server.dev_hosts)
        response = json_response(SessionView(you, dev, unix_ms()))
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _read(self, request: web.Request, kind: type[Body]) -> Body:
        """Read the JSON body of a request from one of our own pages. Raises CommandError."""
        self._refuse_forged(request)
        if request.content_type != "application/json":
            # A form on another site can send other content types without a CORS preflight.
            raise CommandError("bad_message", "Send JSON, as `Content-Type: application/json`.")
        return await body_of(request, kind)

    def _refuse_forged(self, request: web.Request) -> None:
        """Refuse sign-in and sign-out by other sites' pages; requests without a browser may pass.

        Otherwise another site could sign its visitor in as a different user. Browsers send Origin
        with every request that changes something; Sec-Fetch-Site is a second check.
        """
        origin = request.headers.get("Origin")
        if origin is None:
            own = request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        else:
            own = is_own_origin(origin, request.host, self._settings.server.public_url)
        if not own:
            raise CommandError("forbidden", "Sign in and out on this server's own pages.")


def forget_cookie(response: web.Response) -> web.Response:
    """Have the browser remove the cookie."""
    response.del_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Strict")
    return response
