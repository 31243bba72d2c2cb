"""REST about merchants and their members."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from server.features.merchants.merchants import (
    MemberBody,
    Merchant,
    MerchantBody,
    MerchantMember,
    Merchants,
    MerchantsPage,
    OwnMerchant,
    must_be_merchant_id,
)
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.path import user_of_path
from server.web.query import query_of
from server.web.route import Route

PER_PAGE_MAX = 100


class MerchantsQuery(Input, frozen=True):
    """Which merchants: `limit` after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(r"[A-Za-z0-9_.@-]{1,24}")] = ""
    limit: Annotated[int, Meta(ge=1, le=PER_PAGE_MAX)] = 20


class MemberList(Struct):
    """The members of a merchant."""

    members: list[MerchantMember]


class OwnMerchants(Struct):
    """The merchants that the caller acts for."""

    merchants: list[OwnMerchant]


class MerchantRoutes:
    """The routes about merchants as such."""

    def __init__(self, merchants: Merchants) -> None:
        self._merchants = merchants

    def routes(self) -> list[Route]:
        """Every route with its types."""
        one, merchant, admin = "/v1/merchants/{merchant}", Role.MERCHANT, Role.ADMIN
        member = f"{one}/members/{{user}}"
        members, owners = self._merchants.admits_member, self._merchants.admits_owner
        return [
            Route(
                "GET", "/v1/me/merchants", "List the merchants you act for.", self.of_caller,
                Role.VIEWER, result=OwnMerchants, bound="the merchants of one user",
            ),
            Route(
                "GET", "/v1/merchants", "List merchants.", self.page, admin,
                result=MerchantsPage, query=MerchantsQuery,
            ),
            Route(
                "PUT", one, "Create or change a merchant.", self.put, admin, MerchantBody,
                Merchant,
            ),
            Route(
                "GET", one, "Read a merchant.", self.read, merchant, result=Merchant,
                admits=members,
            ),
            Route(
                "GET", f"{one}/members", "List the members of a merchant.", self.members,
                merchant, result=MemberList, admits=members, bound="`merchants.members_max`",
            ),
            Route(
                "PUT", member, "Let a user act for a merchant.", self.put_member, merchant,
                MemberBody, MerchantMember, admits=owners,
            ),
            Route(
                "DELETE", member, "Let a user act for a merchant no longer.",
                self.remove_member, merchant, admits=owners,
            ),
        ]  # fmt: skip

    async def of_caller(self, request: web.Request) -> web.Response:
        """Those of the token first, then those you are a member of."""
        return json_response(OwnMerchants(await self._merchants.of_caller(caller(request))))

    async def page(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: all merchants by id."""
        asked = query_of(request, MerchantsQuery)
        page = await self._merchants.page(asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))

    async def put(self, request: web.Request) -> web.Response:
        """The merchant as it is now. Fields that are left out become their defaults."""
        body = await body_of(request, MerchantBody)
        return json_response(await self._merchants.put(merchant_of(request), body))

    async def read(self, request: web.Request) -> web.Response:
        """Name, state and fee."""
        found = await self._merchants.read(merchant_of(request), caller(request))
        return json_response(found)

    async def members(self, request: web.Request) -> web.Response:
        """The members, the first that was added first."""
        return json_response(MemberList(await self._merchants.members(merchant_of(request))))

    async def put_member(self, request: web.Request) -> web.Response:
        """Add a member, or change what they may do."""
        body = await body_of(request, MemberBody)
        member = await self._merchants.put_member(
            merchant_of(request), user_of_path(request), body.role, caller(request)
        )
        return json_response(member)

    async def remove_member(self, request: web.Request) -> web.Response:
        """Nothing, whether they were a member or not."""
        await self._merchants.remove_member(merchant_of(request), user_of_path(request))
        return web.Response(status=204)


def merchant_of(request: web.Request) -> str:
    """The merchant that the path names. Raises CommandError for an id that none can have."""
    merchant = request.match_info["merchant"]
    must_be_merchant_id(merchant)
    return merchant
