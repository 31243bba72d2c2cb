"""The shelf over HTTP."""

from collections.abc import Callable
from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct

from server.features.shelf.messages import (
    Pin,
    Product,
    ProductInput,
    ShelfMove,
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
from server.rooms.room import Room
from server.text.folding import folded
from server.web.body import body_of
from server.web.calls import run_command
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import REF, Route

PER_PAGE_MAX = 200


class PinBody(Input, frozen=True):
    """Body of `PUT /v1/rooms/{room}/pin`; null unpins."""

    sku: str | None


class PlaceBody(Input, frozen=True):
    """Body of `PUT /v1/rooms/{room}/shelf/{sku}/place`: the product it shall stand before, or none
    to stand at the end."""

    before: Annotated[str, Meta(max_length=64)] = ""


class ShelfQuery(Input, frozen=True):
    """Which products: `limit` with all words of `q` after the `cursor` of an earlier page, or, if
    the product there is gone meanwhile, from the beginning again."""

    q: Annotated[str, Meta(max_length=200, description="a text of at most 200 characters")] = ""
    cursor: Annotated[str, cursor_to(r"(?s:.{1,64})")] = ""
    limit: Annotated[int, Meta(ge=1, le=PER_PAGE_MAX)] = 50


class ShelfPage(Struct):
    """Products in their order; of all that are found there are `total`."""

    products: list[Product]
    total: int
    next: str | None = None


class ShelfRoutes:
    """Routes about the products of a room."""

    def __init__(
        self, directory: Directory, dispatch: Dispatch, open_room: Callable[[str], Room | None]
    ) -> None:
        self._directory = directory
        self._dispatch = dispatch
        self._open_room = open_room

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, host = "/v1/rooms/{room}", Role.HOST
        one = f"{room}/shelf/{{sku}}"
        return [
            Route(
                *("GET", f"{room}/shelf", "Read the shelf.", self.shelf),
                result=list[Product] | ShelfPage,
                query=ShelfQuery,
            ),
            Route(
                *("PUT", one, "Put a product.", self.put_product),
                *(host, ProductInput, Product),
            ),
            Route("DELETE", one, "Take a product off.", self.remove_product, host),
            Route(
                "PUT",
                f"{one}/place",
                "Move a product on the shelf.",
                self.move_product,
                host,
                PlaceBody,
            ),
            Route(
                "PUT", f"{room}/pin", "Pin a product, or none.", self.pin, host, PinBody, PinBody
            ),
        ]

    async def shelf(self, request: web.Request) -> web.Response:
        """The products in their order; with `?q=&cursor=&limit=50` a page of those with the words
        of `q`."""
        asked = query_of(request, ShelfQuery)
        part = await self._part(request.match_info["room"])
        if not request.query:
            return json_response(list(part.products.values()))
        return json_response(with_cursor(request, _page(part, asked)))

    async def _part(self, room_id: str) -> ShelfPart:
        """The shelf as this worker has it, which spares a read of the whole room; as Redis has it,
        if the room is not open here."""
        room = self._open_room(room_id)
        if room is not None:
            return room.state.part(ShelfPart)
        return await self._directory.part(room_id, ShelfPart)

    async def put_product(self, request: web.Request) -> web.Response:
        """Add or replace a product; the body's sku must be the path's."""
        product = await body_of(request, ProductInput)
        if product.sku != request.match_info["sku"]:
            raise CommandError("bad_message", "`sku` in the body and in the path differ.")
        await run_command(self._dispatch, request, ShelfPut(ref=REF, product=product), Ok)
        products = (await self._directory.part(request.match_info["room"], ShelfPart)).products
        return json_response(products.get(product.sku) or plain_product(product))

    async def remove_product(self, request: web.Request) -> web.Response:
        """Take a product off the shelf."""
        await run_command(
            self._dispatch, request, ShelfRemove(ref=REF, sku=request.match_info["sku"]), Ok
        )
        return web.Response(status=204)

    async def move_product(self, request: web.Request) -> web.Response:
        """Put a product before another one, or at the end."""
        body = await body_of(request, PlaceBody)
        cmd = ShelfMove(ref=REF, sku=request.match_info["sku"], before=body.before)
        await run_command(self._dispatch, request, cmd, Ok)
        return web.Response(status=204)

    async def pin(self, request: web.Request) -> web.Response:
        """Pin a product, or unpin with null."""
        body = await body_of(request, PinBody)
        cmd = Unpin(ref=REF) if body.sku is None else Pin(ref=REF, sku=body.sku)
        await run_command(self._dispatch, request, cmd, Ok)
        return json_response(body)


def _page(part: ShelfPart, asked: ShelfQuery) -> ShelfPage:
    words = folded(asked.q).split()
    found = part.found(words) if words else list(part.products.values())
    skus = (n for n, product in enumerate(found, 1) if product.sku == asked.cursor)
    first = next(skus, 0)  # from the beginning again, if that product is gone: none is missed
    products = found[first : first + asked.limit]
    is_last = first + len(products) >= len(found)
    return ShelfPage(products, len(found), None if is_last else products[-1].sku)
