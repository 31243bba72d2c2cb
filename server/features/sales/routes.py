"""Sales over HTTP."""

from aiohttp import web
from msgspec import Struct

from server.features.sales.messages import (
    SaleClose,
    SaleOpen,
    SalePrice,
    SaleRestock,
    ShelfEdit,
    ShelfEditOk,
)
from server.features.stock.messages import Sale, SaleOk
from server.features.stock.snapshot import StockPart
from server.protocol.fields import Money, Qty, Units
from server.protocol.input import Input
from server.protocol.roles import Role
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.route import REF, Route

SALE_BODY = fields_of(SaleOpen)
EDIT_BODY = fields_of(ShelfEdit)


class EditedShelf(Struct, frozen=True):
    """How many products were put, and how many changed."""

    added: int
    changed: int


class RestockBody(Input, frozen=True):
    """Body of `POST /v1/rooms/{room}/sales/{sale}/restock`: `add` units, or `stock` in all."""

    add: Qty | None = None
    stock: Units | None = None


class PriceBody(Input, frozen=True):
    """Body of `POST /v1/rooms/{room}/sales/{sale}/price`: in the currency's minor unit."""

    price: Money


class SaleRoutes:
    """Routes about the sales of a room."""

    def __init__(self, directory: Directory, dispatch: Dispatch) -> None:
        self._directory = directory
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, host = "/v1/rooms/{room}", Role.HOST
        sales, one = f"{room}/sales", f"{room}/sales/{{sale}}"
        close, restock, price = f"{one}/close", f"{one}/restock", f"{one}/price"
        return [
            Route(
                *("GET", sales, "Read the sales.", self.sales),
                result=list[Sale],
                bound="`orders.sales_max`",
            ),
            Route("POST", sales, "Open a sale.", self.open_sale, host, SALE_BODY, Sale, status=201),
            Route("POST", close, "Close a sale.", self.close_sale, host, result=Sale),
            Route(
                "POST",
                restock,
                "Add units to a sale, or set its stock.",
                self.restock,
                host,
                RestockBody,
                Sale,
            ),
            Route(
                "PATCH",
                f"{room}/shelf",
                "Change many products at once.",
                self.edit_shelf,
                host,
                EDIT_BODY,
                EditedShelf,
            ),
            Route("POST", price, "Change a standing price.", self.price, host, PriceBody, Sale),
        ]

    async def sales(self, request: web.Request) -> web.Response:
        """The sales in the order they were opened."""
        part = await self._directory.part(request.match_info["room"], StockPart)
        return json_response(list(part.sales.values()))

    async def open_sale(self, request: web.Request) -> web.Response:
        """Open a sale; the fields are those of the command `sale.open`."""
        cmd = with_fields(SaleOpen, await body_of(request, SALE_BODY), REF)
        return json_response((await run_command(self._dispatch, request, cmd, SaleOk)).sale, 201)

    async def close_sale(self, request: web.Request) -> web.Response:
        """Close a sale."""
        cmd = SaleClose(ref=REF, sale=request.match_info["sale"])
        return json_response((await run_command(self._dispatch, request, cmd, SaleOk)).sale)

    async def restock(self, request: web.Request) -> web.Response:
        """Add units to a sale, or set how many it has in all."""
        body = await body_of(request, RestockBody)
        sale = request.match_info["sale"]
        cmd = SaleRestock(ref=REF, sale=sale, add=body.add, stock=body.stock)
        return json_response((await run_command(self._dispatch, request, cmd, SaleOk)).sale)

    async def price(self, request: web.Request) -> web.Response:
        """Change the price of a standing sale."""
        body = await body_of(request, PriceBody)
        cmd = SalePrice(ref=REF, sale=request.match_info["sale"], price=body.price)
        return json_response((await run_command(self._dispatch, request, cmd, SaleOk)).sale)

    async def edit_shelf(self, request: web.Request) -> web.Response:
        """The same as the command `shelf.edit`: all rows or none."""
        cmd = with_fields(ShelfEdit, await body_of(request, EDIT_BODY), REF)
        done = await run_command(self._dispatch, request, cmd, ShelfEditOk)
        return json_response(EditedShelf(done.added, done.changed))
