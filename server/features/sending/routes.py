"""Sending over HTTP: for hosts, merchants, and buyers."""

import functools
from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct, ValidationError, convert

from server.access.auth import Identity
from server.features.orders.messages import Order, Parcel
from server.features.sending.deliveries import Deliveries, Delivery, DeliveryBody
from server.features.sending.parcel_rows import (
    ParcelImport,
    ParcelRows,
    TakenParcels,
    csv_to_send,
)
from server.features.sending.parcels import (
    DeliveredBody,
    ParcelBody,
    ParcelOrders,
    Parcels,
)
from server.features.sending.parties import HOST, Parties
from server.features.sending.sender import Sender
from server.features.sending.to_send import ConsignmentsPage, State, ToSend
from server.protocol.codes import CommandError
from server.protocol.fields import Id
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of, large_bytes_of
from server.web.caller import caller
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import Handler, Route

FILE_BYTES_MAX = 1_048_576
"""Most bytes of a file of parcels."""
_Cursor = Annotated[str, cursor_to(r"[0-9]{1,15}-[^\x00-\x1f\x7f]{1,64}")]


class ConsignmentsQuery(Input, frozen=True):
    """Which list, and which part of it: `limit` after the `cursor` of an earlier page."""

    state: State = "to_send"
    cursor: _Cursor = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class DeliveriesQuery(Input, frozen=True):
    """Names the orders whose deliveries are asked for."""

    orders: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_.:@-]{1,64}(,[A-Za-z0-9_.:@-]{1,64}){0,99}$(?!\n)",
            description="1 to 100 ids of orders with commas between them",
        ),
    ]


class DeliveryList(Struct):
    """Tells where orders go; those of which nothing is known are not in it."""

    deliveries: list[Delivery]


class SentParcels(Struct, omit_defaults=True):
    """The parcels of an order, and where it goes, as far as the caller may see."""

    order: str
    parcels: list[Parcel]
    delivery: Delivery | None = None


class SendingRoutes:
    """The same routes for a host and for a merchant, and those of the buyer."""

    def __init__(
        self, parcels: Parcels, to_send: ToSend, deliveries: Deliveries, parties: Parties
    ) -> None:
        self._parcels = parcels
        self._to_send = to_send
        self._deliveries = deliveries
        self._parties = parties
        self._import = ParcelImport(parcels)

    def routes(self) -> list[Route]:
        """Every route with its types."""
        of_order = "/v1/rooms/{room}/orders/{order}/delivery"
        return [
            *self._of_sender("/v1/hosts/{host}", Role.HOST),
            *self._of_sender("/v1/merchants/{merchant}", Role.MERCHANT, admits=self._is_member),
            Route(
                "GET", of_order, "Read where an order goes, and its parcels.", self.show,
                Role.VIEWER, result=SentParcels, bound="the units of one order",
            ),
            Route(
                "PUT", of_order, "Say where an own order goes.", self.put, Role.VIEWER,
                DeliveryBody, Delivery,
            ),
            Route(
                "GET", "/v1/me/deliveries", "Read where own orders go.", self.own, Role.VIEWER,
                result=DeliveryList, query=DeliveriesQuery, bound="the orders asked for",
            ),
        ]  # fmt: skip

    def _of_sender(self, path: str, least: Role, **more: Any) -> list[Route]:
        route = functools.partial(_route, least, more)
        return [
            route(
                "GET", f"{path}/to-send", "Read what is to be sent, or was.", self.page,
                result=ConsignmentsPage, query=ConsignmentsQuery,
            ),
            route("GET", f"{path}/to-send.csv", "Download what is to be sent.", self.download),
            route(
                "POST", f"{path}/parcels", "Tell that a parcel was sent.", self.send,
                body=ParcelBody, result=ParcelOrders,
                no_key="a parcel is sent once by its carrier and number",
            ),
            route(
                "POST", f"{path}/parcels/import", "Tell of many parcels.", self.take_many,
                body=ParcelRows, result=TakenParcels,
                no_key="the same rows again change nothing more",
            ),
            route(
                "POST", f"{path}/parcels/{{parcel}}/delivered", "Tell that a parcel came.",
                self.deliver, body=DeliveredBody, result=ParcelOrders,
                no_key="a parcel is delivered once",
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?state=to_send&cursor=&limit=50`: orders to be sent with their addresses, those paid
        first at the front; or those `sent` or `delivered`, the newest at the front."""
        asked, sender = query_of(request, ConsignmentsQuery), _sender(request)
        page = self._to_send.page(
            sender, asked.state, asked.cursor, asked.limit, with_places=_sends_it(request)
        )
        return _private(with_cursor(request, await page))

    async def download(self, request: web.Request) -> web.StreamResponse:
        """All that is to be sent as CSV, a row a line; fill in `carrier` and `tracking`."""
        sender = _sender(request)
        rows = csv_to_send(self._to_send, sender, with_places=_sends_it(request))
        return await csv_response(request, f"to-send-{sender.host or sender.merchant}", rows)

    async def send(self, request: web.Request) -> web.Response:
        """The parcel's id, and its orders as they are now; all are of one buyer."""
        body = await body_of(request, ParcelBody)
        return json_response(await self._parcels.send(_sender(request), body))

    async def take_many(self, request: web.Request) -> web.Response:
        """A list of rows, or as `text/csv` the file of `to-send.csv` with `carrier` and `tracking`,
        or `delivered` = yes. Each row is taken or refused by itself; rows of one carrier and number
        are one parcel."""
        sender = _sender(request)
        if request.content_type == "text/csv":
            file = await large_bytes_of(request, FILE_BYTES_MAX)
            return json_response(await self._import.take_csv(sender, file))
        rows = await body_of(request, ParcelRows)
        return json_response(await self._import.take(sender, rows))

    async def deliver(self, request: web.Request) -> web.Response:
        """The parcel's orders as they are now."""
        body = await body_of(request, DeliveredBody)
        parcel = _id(request, "parcel")
        return json_response(await self._parcels.deliver(_sender(request), parcel, body.orders))

    async def show(self, request: web.Request) -> web.Response:
        """For the buyer, and for those who send some of it: they see the own parcels."""
        who, order = caller(request), await self._order(request)
        known = (await self._deliveries.of_orders([order.order])).get((order.room, order.order))
        if who.user == order.user:
            return _private(SentParcels(order.order, order.parcels, known))
        senders = await self._parties.senders_in(who, order)
        if not senders:
            raise CommandError("not_found", "There is no such order of yours in this room.")
        parcels = [each for each in order.parcels if (each.merchant or HOST) in senders]
        return _private(SentParcels(order.order, parcels, known))

    async def put(self, request: web.Request) -> web.Response:
        """Answer with where the order goes, from now on for good; until it is sent."""
        body = await body_of(request, DeliveryBody)
        who, order = caller(request), await self._order(request)
        if order.user != who.user:
            raise CommandError("not_found", "You have no such order in this room.")
        if order.status != "paid":
            raise CommandError(
                "conflict", f"The order is {order.status}; only a paid one goes anywhere."
            )
        if order.parcels:
            raise CommandError("conflict", "The order was sent already.")
        return _private(await self._deliveries.put(order, body, who.deliver))

    async def own(self, request: web.Request) -> web.Response:
        """`?orders=o1,o2`: where these orders of yours go; of others there is none."""
        ids = query_of(request, DeliveriesQuery).orders.split(",")
        return _private(DeliveryList(await self._deliveries.of_user(caller(request).user, ids)))

    async def _order(self, request: web.Request) -> Order:
        room, order = request.match_info["room"], request.match_info["order"]
        if not caller(request).may_enter(room):
            raise CommandError("forbidden", "This token is not for this room.")
        return await self._parties.order(room, order)

    async def _is_member(self, who: Identity, request: web.Request) -> bool:
        return await self._parties.is_member(who, request.match_info["merchant"])


def _route(
    least: Role, more: dict[str, Any], method: str, path: str, summary: str, handler: Handler,
    **rest: Any,
) -> Route:  # fmt: skip
    return Route(method, path, summary, handler, least, **more, **rest)


def _sender(request: web.Request) -> Sender:
    return Sender(request.match_info.get("host", ""), request.match_info.get("merchant", ""))


def _sends_it(request: web.Request) -> bool:
    """Whether the caller sends parcels, and so sees where they go; the operator does not."""
    return caller(request).role is not Role.ADMIN


def _id(request: web.Request, name: str) -> str:
    try:
        return convert(request.match_info[name], Id)
    except ValidationError:
        raise CommandError("not_found", f"There is no such {name}.") from None


def _private(body: object) -> web.Response:
    response = json_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response
