"""REST under /v1/rooms: what a host's tools do without a socket.

Changes go the way commands go, through the same dispatch; a route is a line in `routes()`, from
which the OpenAPI document is made too.
"""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from server.protocol.codes import CommandError
from server.protocol.commands import (
    LiveEnd,
    LiveStart,
    Pin,
    RoomCreate,
    SaleClose,
    SaleOpen,
    SaleRestock,
    ShelfPut,
    ShelfRemove,
    Unpin,
)
from server.protocol.events import Ok
from server.protocol.message import Command
from server.protocol.models import Product, RoomView, Sale
from server.protocol.roles import Role
from server.rooms.call import Call
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch
from server.rooms.listing import PAGE_MAX
from server.rooms.selling.shelf import plain_product
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_REF = 1
_NUMBER_MAX = 1_000_000


class Route(NamedTuple):
    """One line of the REST interface.

    `body` and `result` are the msgspec types of the JSON both ways; `least` the role needed, None
    for everybody.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    least: Role | None = None
    body: Any = None
    result: Any = None


class PhaseBody(msgspec.Struct):
    """Body of `POST /v1/rooms/{room}/live`; `selling`: sales go on after the end."""

    phase: str
    selling: bool = False


class PinBody(msgspec.Struct):
    """Body of `PUT /v1/rooms/{room}/pin`; null unpins."""

    sku: str | None


class RestockBody(msgspec.Struct):
    """Body of `POST /v1/rooms/{room}/sales/{sale}/restock`."""

    add: int


class Rest:
    """The room resources."""

    def __init__(self, directory: Directory, dispatch: Dispatch) -> None:
        self._directory = directory
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, host = "/v1/rooms/{room}", Role.HOST
        return [
            Route("POST", "/v1/rooms", "Create a room.", self.create, host, RoomCreate, RoomView),
            Route("GET", "/v1/rooms", "List rooms, newest first.", self.all, result=list[RoomView]),
            Route("GET", room, "Read a room.", self.read, result=RoomView),
            Route("POST", f"{room}/live", "Go live, or end.", self.live, host, PhaseBody),
            Route("GET", f"{room}/shelf", "Read the shelf.", self.shelf, result=list[Product]),
            Route(
                "PUT", f"{room}/shelf/{{sku}}", "Put a product.", self.put_product, host, Product
            ),
            Route(
                "DELETE", f"{room}/shelf/{{sku}}", "Take a product off.", self.remove_product, host
            ),
            Route("PUT", f"{room}/pin", "Pin a product, or none.", self.pin, host, PinBody),
            Route("GET", f"{room}/sales", "Read the sales.", self.sales, result=list[Sale]),
            Route("POST", f"{room}/sales", "Open a sale.", self.open_sale, host, SaleOpen, Sale),
            Route(
                "POST",
                f"{room}/sales/{{sale}}/close",
                "Close a sale.",
                self.close_sale,
                host,
                result=Sale,
            ),
            Route(
                "POST",
                f"{room}/sales/{{sale}}/restock",
                "Add units to a sale.",
                self.restock,
                host,
                RestockBody,
                Sale,
            ),
        ]

    # Rooms

    async def create(self, request: web.Request) -> web.Response:
        """Make a room; 201 with what a viewer would see."""
        who = caller(request)
        view = await self._directory.create(who, await body_of(request, RoomCreate))
        return json_response(view, 201)

    async def all(self, request: web.Request) -> web.Response:
        """A page of rooms: `?offset=0&limit=100`, without what is in them."""
        offset, limit = number(request, "offset", 0), number(request, "limit", PAGE_MAX)
        return json_response(await self._directory.newest(offset, limit))

    async def read(self, request: web.Request) -> web.Response:
        """What a viewer who joins would see."""
        return json_response(await self._view(request))

    async def live(self, request: web.Request) -> web.Response:
        """`{"phase": "live"}` or `{"phase": "ended"}`."""
        body = await body_of(request, PhaseBody)
        if body.phase not in ("live", "ended"):
            raise CommandError("bad_message", "`phase` must be live or ended.")
        end = LiveEnd(ref=_REF, selling=body.selling)
        await self._do(request, LiveStart(ref=_REF) if body.phase == "live" else end)
        return json_response({"phase": body.phase})

    # Shelf

    async def shelf(self, request: web.Request) -> web.Response:
        """The products in their order."""
        return json_response((await self._view(request)).shelf)

    async def put_product(self, request: web.Request) -> web.Response:
        """Add or replace a product; the body's sku must be the path's."""
        product = await body_of(request, Product)
        if product.sku != request.match_info["sku"]:
            raise CommandError("bad_message", "`sku` in the body and in the path differ.")
        await self._do(request, ShelfPut(ref=_REF, product=product))
        return json_response(plain_product(product))

    async def remove_product(self, request: web.Request) -> web.Response:
        """Take a product off the shelf."""
        await self._do(request, ShelfRemove(ref=_REF, sku=request.match_info["sku"]))
        return web.Response(status=204)

    async def pin(self, request: web.Request) -> web.Response:
        """Pin a product, or unpin with null."""
        body = await body_of(request, PinBody)
        await self._do(
            request, Unpin(ref=_REF) if body.sku is None else Pin(ref=_REF, sku=body.sku)
        )
        return json_response(body)

    # Sales

    async def sales(self, request: web.Request) -> web.Response:
        """The sales in the order they were opened."""
        return json_response((await self._view(request)).sales)

    async def open_sale(self, request: web.Request) -> web.Response:
        """Open a sale; the fields are those of the command `sale.open`."""
        fields = await body_of(request, dict[str, Any])
        try:
            cmd = msgspec.convert(fields | {"op": "sale.open", "ref": _REF}, SaleOpen)
        except msgspec.ValidationError as exc:
            raise CommandError("bad_message", f"{exc}.") from None
        return json_response((await self._do(request, cmd)).sale, 201)

    async def close_sale(self, request: web.Request) -> web.Response:
        """Close a sale."""
        cmd = SaleClose(ref=_REF, sale=request.match_info["sale"])
        return json_response((await self._do(request, cmd)).sale)

    async def restock(self, request: web.Request) -> web.Response:
        """Add units to a sale."""
        add = (await body_of(request, RestockBody)).add
        if not 1 <= add <= 1_000_000:
            raise CommandError("bad_message", "`add` must be 1 to 1000000.")
        cmd = SaleRestock(ref=_REF, sale=request.match_info["sale"], add=add)
        return json_response((await self._do(request, cmd)).sale)

    async def _view(self, request: web.Request) -> RoomView:
        return await self._directory.read(request.match_info["room"])

    async def _do(self, request: web.Request, cmd: Command) -> Ok:
        return await self._dispatch.run(Call(request.match_info["room"], caller(request)), cmd)


def number(request: web.Request, name: str, default: int) -> int:
    """A query parameter that is a whole number from 0 to 1,000,000."""
    raw = request.query.get(name, str(default))
    is_number = raw.isascii() and raw.isdigit() and len(raw) <= len(str(_NUMBER_MAX))
    if not is_number or int(raw) > _NUMBER_MAX:
        raise CommandError("bad_message", f"`{name}` must be a whole number from 0 to 1000000.")
    return int(raw)
