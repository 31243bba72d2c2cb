"""REST by which an operator, and a room's moderators, keep users out."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from server.features.users.banning import REASON_CHARS_MAX, Banning
from server.protocol.input import Input
from server.protocol.roles import Role
from server.store.bans import Ban, Bans
from server.store.sign_outs import SignOuts
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.path import user_of_path
from server.web.query import query_of
from server.web.route import Route

BANS_A_PAGE = 200
UNTIL_MS_MAX = 4_102_444_800_000
"""The year 2100: a time beyond it is a mistake in the unit."""


class BanBody(Input, frozen=True, kw_only=True):
    """A ban as it is written: the reason that the user is told, the end (Unix ms; absent: until it
    is lifted), and whether only buying is forbidden."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_CHARS_MAX)]
    until: Annotated[int, Meta(ge=1, le=UNTIL_MS_MAX)] | None = None
    buying: bool = False


class RoomBansQuery(Input, frozen=True):
    """A page of bans, by user, after a place."""

    cursor: Annotated[str, cursor_to(r"(?s:[^/]{0,64}/.{1,64})")] = ""
    limit: Annotated[int, Meta(ge=1, le=BANS_A_PAGE)] = 100


class BansPage(Struct, frozen=True):
    """Bans by user and room. `next` is the `cursor` of the following page; null at the end."""

    bans: list[Ban]
    next: str | None = None


class Revoked(Struct, frozen=True):
    """From when on tokens are accepted again: those issued after `at` (Unix ms)."""

    at: int


class UserRoutes:
    """The routes about users."""

    def __init__(self, bans: Bans, sign_outs: SignOuts, banning: Banning) -> None:
        self._bans = bans
        self._sign_outs = sign_outs
        self._banning = banning

    def routes(self) -> list[Route]:
        """Every route with its types."""
        ban, room = "/v1/users/{user}/ban", "/v1/rooms/{room}/bans"
        return [
            Route(
                "POST", "/v1/users/{user}/revoke", "Refuse a user's tokens issued so far.",
                self.revoke, Role.ADMIN, result=Revoked, no_key="revoking twice is revoking",
            ),
            Route("PUT", ban, "Ban a user from all rooms.", self.ban, Role.ADMIN, BanBody, Ban),
            Route("DELETE", ban, "Lift a user's ban from all rooms.", self.lift, Role.ADMIN),
            Route(
                "GET", "/v1/bans", "Read all bans.", self.page, Role.ADMIN,
                result=BansPage, query=RoomBansQuery,
            ),
            Route(
                "GET", room, "Read the bans from a room.", self.page, Role.MODERATOR,
                result=BansPage, query=RoomBansQuery,
            ),
            Route(
                "PUT", f"{room}/{{user}}", "Ban a user from a room.", self.ban, Role.MODERATOR,
                BanBody, Ban,
            ),
            Route(
                "DELETE", f"{room}/{{user}}", "Lift a user's ban from a room.", self.lift,
                Role.MODERATOR,
            ),
        ]  # fmt: skip

    async def revoke(self, request: web.Request) -> web.Response:
        """Refuse all tokens of the user issued so far, on every worker; close their connections."""
        return json_response(Revoked(await self._sign_outs.sign_out(user_of_path(request))))

    async def ban(self, request: web.Request) -> web.Response:
        """The ban as it is now; it takes the place of an earlier one of this user there."""
        body, user = await body_of(request, BanBody), user_of_path(request)
        room, by = request.match_info.get("room", ""), caller(request).user
        ban = self._banning.ban(user, room, by, body.reason, until=body.until, buying=body.buying)
        return json_response(await ban)

    async def lift(self, request: web.Request) -> web.Response:
        """Nothing, whether the user was banned or not."""
        user, room = user_of_path(request), request.match_info.get("room", "")
        await self._bans.lift(user, room, caller(request).user)
        return web.Response(status=204)

    async def page(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=100`: a page of the bans that hold."""
        asked = query_of(request, RoomBansQuery)
        room = request.match_info.get("room")
        bans, after = self._bans.page(room, _place(asked.cursor), asked.limit)
        page = BansPage(bans, None if after is None else f"{after[1]}/{after[0]}")
        return json_response(with_cursor(request, page))


def _place(place: str) -> tuple[str, str]:
    """The user and room of a place, `<room>/<user>`."""
    room, _, user = place.partition("/")
    return user, room
