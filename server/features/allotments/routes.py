"""Allotments over HTTP: for merchants, who grant units, and for hosts, who have them."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.features.allotments.allotments import Allotment, Allotments, AllotmentsPage, Grant
from server.features.merchants.merchants import Merchants
from server.protocol.codes import CommandError
from server.protocol.fields import Qty, RoomId, Sku, Units, User
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import Route

_Time = Annotated[int, Meta(ge=0, le=10**14, description="Unix ms")]
_Cursor = Annotated[str, cursor_to(r"[0-9]{1,15}-[A-Za-z0-9]{1,64}")]
_Limit = Annotated[int, Meta(ge=1, le=100)]


class GrantBody(Input, frozen=True, kw_only=True):
    """Units of a sku that a host may sell, until a time: in all rooms, or in one `room`."""

    sku: Sku
    host: User
    units: Qty
    until: _Time
    room: RoomId | None = None


class AllotmentBody(Input, frozen=True, kw_only=True):
    """What changes: how many `units` the allotment has in all, `until` when it lasts."""

    units: Units | None = None
    until: _Time | None = None


class GrantedQuery(Input, frozen=True):
    """Which of a merchant's allotments, the newest first: of a `host`, of a `sku`, and which part
    of the list."""

    host: Annotated[str, Meta(max_length=64, description="a host's id")] = ""
    sku: Annotated[str, Meta(max_length=64, description="a sku of the merchant")] = ""
    cursor: _Cursor = ""
    limit: _Limit = 50


class OwnQuery(Input, frozen=True):
    """A page of the caller's allotments, the newest first."""

    cursor: _Cursor = ""
    limit: _Limit = 50


class AllotmentRoutes:
    """Routes about allotments."""

    def __init__(self, allotments: Allotments, merchants: Merchants) -> None:
        self._allotments = allotments
        self._merchants = merchants

    def routes(self) -> list[Route]:
        """Every route with its types."""
        all_, least = "/v1/merchants/{merchant}/allotments", Role.MERCHANT
        one = f"{all_}/{{allotment}}"
        member = self._merchants.admits_member
        return [
            Route(
                "GET", all_, "Read the units granted to hosts.", self.granted, least,
                result=AllotmentsPage, query=GrantedQuery, admits=member,
            ),
            Route(
                "POST", all_, "Grant units to a host.", self.grant, least, GrantBody, Allotment,
                admits=member, status=201,
            ),
            Route(
                "PATCH", one, "Change how many units are granted, or until when.", self.change,
                least, AllotmentBody, Allotment, admits=member,
            ),
            Route(
                "DELETE", one, "Take back the units that were not sent to a sale.",
                self.take_back, least, result=Allotment, admits=member,
            ),
            Route(
                "GET", "/v1/hosts/{host}/allotments", "Read the units granted to you.",
                self.own, Role.HOST, result=AllotmentsPage, query=OwnQuery, sifts=True,
            ),
        ]  # fmt: skip

    async def granted(self, request: web.Request) -> web.Response:
        """`?host=&sku=&cursor=&limit=50`: a merchant's allotments, those that ended included."""
        asked = query_of(request, GrantedQuery)
        merchant = request.match_info["merchant"]
        page = await self._allotments.granted(
            merchant, asked.host, asked.sku, asked.cursor, asked.limit
        )
        return json_response(with_cursor(request, page))

    async def grant(self, request: web.Request) -> web.Response:
        """The new allotment; its units have left the stock."""
        body = await body_of(request, GrantBody)
        grant = Grant(
            sku=body.sku, host=body.host, units=body.units, until=body.until, room=body.room or ""
        )
        merchant = request.match_info["merchant"]
        return json_response(await self._allotments.grant(merchant, grant), 201)

    async def change(self, request: web.Request) -> web.Response:
        """The allotment as it is now. It can have no fewer units than were sent to sales."""
        body = await body_of(request, AllotmentBody)
        if body.units is None and body.until is None:
            raise CommandError("bad_message", "Send `units`, `until`, or both.")
        merchant, allotment = _named(request)
        return json_response(
            await self._allotments.change(merchant, allotment, body.units, body.until)
        )

    async def take_back(self, request: web.Request) -> web.Response:
        """The allotment, which is over: what was sent to sales comes back when these close."""
        return json_response(await self._allotments.take_back(*_named(request)))

    async def own(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=50`: the allotments of a host that are not over. With a token for some
        rooms, those that count there."""
        asked = query_of(request, OwnQuery)
        host, rooms = request.match_info["host"], caller(request).rooms
        page = await self._allotments.of_host(host, rooms, asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))


def _named(request: web.Request) -> tuple[str, str]:
    return request.match_info["merchant"], request.match_info["allotment"]
