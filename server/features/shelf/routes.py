"""The shelf over HTTP."""

from aiohttp import web

from server.features.shelf.messages import (
    Pin,
    Product,
    ProductInput,
    ShelfPut,
    ShelfRemove,
    Unpin,
)
from server.features.shelf.shelf import plain_product
from server.features.shelf.snapshot import ShelfPart
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import run_command
from server.web.errors import json_response
from server.web.route import REF, Route


class PinBody(Input, frozen=True):
    """Body of `PUT /v1/rooms/{room}/pin`; null unpins."""

    sku: str | None


class ShelfRoutes:
    """Routes about the products of a room."""

    def __init__(self, directory: Directory, dispatch: Dispatch) -> None:
        self._directory = directory
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, host = "/v1/rooms/{room}", Role.HOST
        one = f"{room}/shelf/{{sku}}"
        return [
            Route("GET", f"{room}/shelf", "Read the shelf.", self.shelf, result=list[Product]),
            Route("PUT", one, "Put a product.", self.put_product, host, ProductInput),
            Route("DELETE", one, "Take a product off.", self.remove_product, host),
            Route("PUT", f"{room}/pin", "Pin a product, or none.", self.pin, host, PinBody),
        ]

    async def shelf(self, request: web.Request) -> web.Response:
        """The products in their order."""
        part = await self._directory.part(request.match_info["room"], ShelfPart)
        return json_response(list(part.products.values()))

    async def put_product(self, request: web.Request) -> web.Response:
        """Add or replace a product; the body's sku must be the path's."""
        product = await body_of(request, ProductInput)
        if product.sku != request.match_info["sku"]:
            raise CommandError("bad_message", "`sku` in the body and in the path differ.")
        await run_command(self._dispatch, request, ShelfPut(ref=REF, product=product), Ok)
        return json_response(plain_product(product))

    async def remove_product(self, request: web.Request) -> web.Response:
        """Take a product off the shelf."""
        await run_command(
            self._dispatch, request, ShelfRemove(ref=REF, sku=request.match_info["sku"]), Ok
        )
        return web.Response(status=204)

    async def pin(self, request: web.Request) -> web.Response:
        """Pin a product, or unpin with null."""
        body = await body_of(request, PinBody)
        cmd = Unpin(ref=REF) if body.sku is None else Pin(ref=REF, sku=body.sku)
        await run_command(self._dispatch, request, cmd, Ok)
        return json_response(body)
