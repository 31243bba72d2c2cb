"""Pictures over HTTP: users with an account send them, everybody sees them."""

import re
from collections import Counter
from typing import Final

from aiohttp import web

from server.features.pictures.kept_files import KeptFiles
from server.features.pictures.pictures import Picture, Pictures, away_refusal, file_names
from server.features.pictures.settings import PictureSettings
from server.features.pictures.storage import StorageAway
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.web.body import large_bytes_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.route import Route

FOR_EVER: Final = "public, max-age=31536000, immutable"
FULL, SMALL = 0, 1
SHOWN_AS: Final = ("image/webp", "image/jpeg")
"""The types of both sizes."""
BYTES: Final = "application/octet-stream"
"""Generators of clients can send it. What stands in a header counts for nothing here."""
RETRY_MS: Final = 2000
_ID = re.compile(r"p[0-9a-f]{18}")
_HEADERS: Final = {
    "Cache-Control": FOR_EVER,
    "X-Content-Type-Options": "nosniff",
    # Whoever opens the picture alone gets a page with nothing but it.
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


class PictureRoutes:
    """Sends pictures in and out."""

    def __init__(self, pictures: Pictures, kept: KeptFiles, settings: PictureSettings) -> None:
        self._pictures = pictures
        self._kept = kept
        self._settings = settings
        self._under_way: Counter[str] = Counter()

    def routes(self) -> list[Route]:
        """Every route with its types."""
        free = "browsers keep pictures for ever, and a list shows dozens at once"
        return [
            Route(
                "POST", "/v1/pictures", "Send a picture.", self.add, Role.VIEWER, result=Picture,
                no_key="the same bytes sent again are the same picture", takes=BYTES,
            ),
            Route(
                "DELETE", "/v1/pictures/{picture}", "Remove a picture.", self.remove, Role.VIEWER
            ),
            Route(
                "GET", "/pictures/{picture}", "See a picture.", self.full, media=SHOWN_AS[FULL],
                no_rate=free,
            ),
            Route(
                "GET", "/pictures/{picture}/small", "See a picture small, as lists show it.",
                self.small, media=SHOWN_AS[SMALL], no_rate=free,
            ),
        ]  # fmt: skip

    async def add(self, request: web.Request) -> web.Response:
        """The picture, re-encoded: its id, its pixels and where it is shown. The bytes are the
        body: a JPEG, PNG, WebP, AVIF or GIF, whatever its Content-Type says."""
        user = caller(request).user
        self._must_have_place(user)
        self._under_way[user] += 1
        try:
            bytes_max = self._settings.bytes_max
            body = await large_bytes_of(request, bytes_max, "make the picture smaller")
            return json_response(await self._pictures.add(user, body))
        finally:
            self._under_way[user] -= 1
            if not self._under_way[user]:
                del self._under_way[user]

    async def remove(self, request: web.Request) -> web.Response:
        """Nothing: it is gone, its files and all. One that something shows only the operator
        removes."""
        who = caller(request)
        user = None if who.is_operator else who.user
        await self._pictures.remove(request.match_info["picture"], user)
        return web.Response(status=204)

    async def full(self, request: web.Request) -> web.Response:
        """The picture, `pictures.side_max` pixels at most."""
        return await self._shown(request, FULL)

    async def small(self, request: web.Request) -> web.Response:
        """The picture, `pictures.small_side_max` pixels at most."""
        return await self._shown(request, SMALL)

    async def _shown(self, request: web.Request, which: int) -> web.Response:
        picture = request.match_info["picture"]
        if not _ID.fullmatch(picture):
            raise _no_picture(picture)
        etag = f"{picture}-{which}"
        headers = _HEADERS | {"ETag": f'"{etag}"'}
        if any(tag.value in (etag, "*") for tag in request.if_none_match or ()):
            raise web.HTTPNotModified(headers=headers)
        try:
            body = await self._kept.get(file_names(picture)[which])
        except StorageAway as away:
            raise away_refusal(away) from away
        if body is None:
            raise _no_picture(picture)
        return web.Response(body=body, content_type=SHOWN_AS[which], headers=headers)

    def _must_have_place(self, user: str) -> None:
        if self._under_way[user] >= self._settings.uploads_per_user_max:
            raise CommandError(
                "rate_limited",
                f"You are sending {self._under_way[user]} pictures already: wait until one of them "
                "is here.",
                RETRY_MS,
            )
        if self._under_way.total() >= self._settings.uploads_max:
            raise CommandError(
                "rate_limited", "Too many pictures are being sent; send yours again.", RETRY_MS
            )


def _no_picture(picture: str) -> CommandError:
    return CommandError("not_found", f"There is no picture `{picture[:64]}`.")
