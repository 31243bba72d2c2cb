"""Signing in on the pages: a token is exchanged for a cookie, and the cookie speaks for the user.

The cookie holds the JWT itself, so there is no session store. Scripts cannot read it (HttpOnly)
and no other site's request carries it (SameSite=Strict). `caller` and the edge take it in place of
a Bearer token, and both check that a change comes from one of our own pages.
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
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.settings import Settings, SettingsError
from server.web.body import Body, body_of
from server.web.errors import json_response
from server.web.one_click import is_at_this_machine

_DEV_TTL_S = 7 * 86_400
_USER = re.compile(r"[A-Za-z0-9_.:@-]{1,64}")


class SignIn(msgspec.Struct):
    """Body of `POST /v1/session`."""

    token: str


class DevSignIn(msgspec.Struct):
    """Body of `POST /v1/session/dev`: whom to be. Without `user`, somebody new."""

    role: Role = Role.VIEWER
    name: str = ""
    user: str | None = None


class Sessions:
    """The routes under /v1/session."""

    def __init__(self, settings: Settings, verifier: TokenVerifier) -> None:
        self._settings = settings
        self._verifier = verifier
        self._dev = settings.mode == "development" and settings.jwt.algorithm == "HS256"

    def routes(self) -> list[web.RouteDef]:
        """Who am I, sign in, sign out; and in development mode, sign in as anybody."""
        return [
            web.get("/v1/session", self.show),
            web.post("/v1/session", self.sign_in),
            web.delete("/v1/session", self.sign_out),
            web.post("/v1/session/dev", self.sign_in_dev),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """`{you: {user, name, role} | null, dev: bool, now: ms}`; a dead cookie is taken away."""
        token = session_token(request.headers.getall("Cookie", ()))
        if not token:
            return self._answer(request, None)
        try:
            return self._answer(request, self._verifier.verify(token))
        except BadToken:
            return _forget(self._answer(request, None))

    async def sign_in(self, request: web.Request) -> web.Response:
        """`{token}` becomes the cookie."""
        body = await self._read(request, SignIn)
        return self._signed_in(request, body.token.strip())

    async def sign_in_dev(self, request: web.Request) -> web.Response:
        """One click as anybody, for people at this machine. Not there outside development."""
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
        return self._signed_in(request, token)

    async def sign_out(self, request: web.Request) -> web.Response:
        """Take the cookie away."""
        self._refuse_forged(request)
        return _forget(self._answer(request, None))

    def _signed_in(self, request: web.Request, token: str) -> web.Response:
        try:
            who = self._verifier.verify(token)
        except BadToken as bad:
            raise CommandError("bad_token", str(bad)) from None
        exp = jwt.decode(token, options={"verify_signature": False})["exp"]  # verified just now
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
        you = who and {"user": who.user, "name": who.name, "role": who.role.value}
        dev = self._dev and is_at_this_machine(request, self._settings.server.dev_hosts)
        response = json_response({"you": you, "dev": dev, "now": int(time.time() * 1000)})
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _read(self, request: web.Request, kind: type[Body]) -> Body:
        """The JSON body of a request made by one of our own pages. Raises CommandError."""
        self._refuse_forged(request)
        if request.content_type != "application/json":
            # A form of another site can send other types without being asked.
            raise CommandError("bad_message", "Send JSON, as `Content-Type: application/json`.")
        return await body_of(request, kind)

    def _refuse_forged(self, request: web.Request) -> None:
        """Signing in and out must come from our own page, or from no browser at all.

        Else another site could sign its visitor in as somebody else. Browsers send Origin with
        every request that changes something; Sec-Fetch-Site is the second witness.
        """
        origin = request.headers.get("Origin")
        if origin is None:
            own = request.headers.get("Sec-Fetch-Site", "none") in ("none", "same-origin")
        else:
            own = is_own_origin(origin, request.host, self._settings.server.public_url)
        if not own:
            raise CommandError("forbidden", "Sign in and out on this server's own pages.")


def _forget(response: web.Response) -> web.Response:
    response.del_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Strict")
    return response
