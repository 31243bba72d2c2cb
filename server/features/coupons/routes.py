"""The coupons that were given out, over HTTP."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct, msgpack

from server.features.coupons.messages import Claim
from server.protocol.roles import Role
from server.store.room_store import RoomStore
from server.web.errors import json_response
from server.web.paging import ListedQuery, with_cursor
from server.web.query import query_of
from server.web.route import Route


class ClaimsQuery(ListedQuery, frozen=True):
    """Which claims: of one `coupon`, or of all; about `limit` after the `cursor` of a page."""

    coupon: Annotated[
        str,
        Meta(pattern=r"^[A-Za-z0-9_.:@-]{0,64}$(?!\n)", description="the id of a coupon"),
    ] = ""


class ClaimsPage(Struct, frozen=True):
    """Claims in no order; one may come twice. A page may have fewer than `limit` before the end.
    `next` is the `cursor` of the page after."""

    claims: list[Claim]
    next: str | None = None


_PAGE = msgpack.Decoder(ClaimsPage)


class ClaimRoutes:
    """The route that reads what `coupon.claim` changes."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                "GET", "/v1/rooms/{room}/claims", "Read who has which coupon.", self.page,
                Role.HOST, result=ClaimsPage, query=ClaimsQuery,
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?coupon=&cursor=&limit=500`: claims, each with the order that uses it."""
        asked = query_of(request, ClaimsQuery)
        args = {"place": asked.cursor, "limit": asked.limit, "coupon": asked.coupon}
        room = request.match_info["room"]
        page = await self._store.run_script("coupons.list_claims", room, args, _PAGE)
        return json_response(with_cursor(request, page))
