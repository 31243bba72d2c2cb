"""REST about goods: one by one, in lists, in files; and about their units."""

import re
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import UNSET, Meta, structs

from server.features.merchants.catalogue import Catalogue, GoodsPage, Wanted
from server.features.merchants.goods import (
    Goods,
    GoodsBody,
    GoodsId,
    GoodsInput,
    Stock,
    VariantSku,
    plain_goods,
)
from server.features.merchants.goods_changes import GoodsChanges
from server.features.merchants.goods_table import header, table_of
from server.features.merchants.importer import Importer
from server.features.merchants.imports import ImportResult, exported
from server.features.merchants.merchants import Merchants
from server.features.merchants.routes import merchant_of
from server.features.merchants.units import StockBody, UnitBook
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of
from server.web.caller import caller
from server.web.csv_response import csv_response, lines_response
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.path import part_of_path
from server.web.query import query_of
from server.web.route import Route

PER_PAGE_MAX = 100
EXPORTED_AT_ONCE = 200
_ETAG = re.compile(r'(?:W/)?"([0-9]{1,9})"')


class GoodsQuery(Input, frozen=True):
    """Which goods: with all words of `q`, with `tag`, in `state`; `limit` after `cursor`."""

    q: Annotated[
        str,
        Meta(max_length=200, description="a text of at most 200 characters"),
    ] = ""
    tag: Annotated[
        str, Meta(pattern=r"^[^\s\x00-\x1f\x7f]{0,40}$(?!\n)", description="one tag, no spaces")
    ] = ""
    state: Literal["any", "active", "withdrawn"] = "any"
    cursor: Annotated[str, cursor_to(r"[0-9]{1,15}-[A-Za-z0-9_.:@-]{1,64}")] = ""
    limit: Annotated[int, Meta(ge=1, le=PER_PAGE_MAX)] = 20


class ImportQuery(Input, frozen=True):
    """How a file is taken: `dry` only says what would become of it. `stock=set` also sets the free
    units of variants that are there already, once a `key`."""

    dry: Literal["no", "yes"] = "no"
    stock: Literal["keep", "set"] = "keep"
    key: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9_.:@-]{0,64}$(?!\n)",
            description="at most 64 letters, digits or `_.:@-`",
        ),
    ] = ""


class ExportQuery(Input, frozen=True):
    """What an export has: with `version`, also the version of goods, so that a file that is sent in
    changes none that somebody else changed meanwhile."""

    version: Literal["no", "yes"] = "no"


class GoodsRoutes:
    """The routes about the goods of a merchant."""

    def __init__(
        self,
        merchants: Merchants,
        catalogue: Catalogue,
        changes: GoodsChanges,
        units: UnitBook,
        importer: Importer,
    ) -> None:
        self._merchants = merchants
        self._catalogue = catalogue
        self._changes = changes
        self._units = units
        self._importer = importer

    def routes(self) -> list[Route]:
        """Every route with its types."""
        goods = "/v1/merchants/{merchant}/goods"
        one = f"{goods}/{{goods}}"

        def route(method: str, path: str, summary: str, handler: Any, **more: Any) -> Route:
            admits = self._merchants.admits_member
            return Route(method, path, summary, handler, Role.MERCHANT, admits=admits, **more)

        return [
            route(
                "GET", goods, "List goods.", self.page, result=GoodsPage, query=GoodsQuery
            ),
            route(
                "PUT", goods, "Write many goods.", self.put_many, body=list[GoodsInput],
                result=ImportResult, query=ImportQuery,
            ),
            route(
                "GET", f"{goods}.csv", "Download goods as a table.", self.csv, query=ExportQuery
            ),
            route("GET", f"{goods}.jsonl", "Download goods as JSON lines.", self.jsonl,
                media="text/plain", query=ExportQuery,
            ),
            route("GET", one, "Read goods.", self.read, result=Goods),
            route("PUT", one, "Write goods.", self.put, body=GoodsBody, result=Goods),
            route("DELETE", one, "Withdraw goods.", self.withdraw),
            route(
                "POST", "/v1/merchants/{merchant}/skus/{sku}/stock",
                "Change the free units of a variant.", self.change_stock, body=StockBody,
                result=Stock, no_key="the body's own `key` does the same",
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?q=&tag=&state=any&cursor=&limit=20`: goods, the last changed first."""
        asked = query_of(request, GoodsQuery)
        wanted = Wanted(asked.q, asked.tag, None if asked.state == "any" else asked.state)
        merchant = merchant_of(request)
        page = await self._catalogue.page(merchant, wanted, asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))

    async def put_many(self, request: web.Request) -> web.Response:
        """`?dry=no&stock=keep&key=`: a list in JSON, JSON lines or CSV, by Content-Type. Good rows
        are taken, bad ones listed."""
        asked = query_of(request, ImportQuery)
        if (asked.stock == "set") != bool(asked.key):
            raise CommandError(
                "bad_message",
                "`stock=set` goes with a `key`, by which it is done once; send both or neither.",
            )
        merchant, dry = merchant_of(request), asked.dry == "yes"
        return json_response(await self._importer.take_file(request, merchant, asked.key, dry=dry))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """`?version=no`: all goods, a row a variant; imported again it changes nothing."""
        merchant = merchant_of(request)
        versions = query_of(request, ExportQuery).version == "yes"

        async def pieces() -> AsyncIterator[str]:
            yield header(versions=versions)
            async for some in self._all(merchant):
                yield table_of(some, versions=versions)

        return await csv_response(request, f"goods-{merchant}", pieces())

    async def jsonl(self, request: web.Request) -> web.StreamResponse:
        """`?version=no`: all goods, one a line; imported again it changes nothing."""
        merchant = merchant_of(request)
        versions = query_of(request, ExportQuery).version == "yes"

        async def pieces() -> AsyncIterator[str]:
            async for some in self._all(merchant):
                yield "".join(exported(each, versions=versions) for each in some)

        return await lines_response(request, f"goods-{merchant}", pieces())

    async def _all(self, merchant: str) -> AsyncIterator[list[Goods]]:
        after = ""
        while some := await self._catalogue.by_id(merchant, after, EXPORTED_AT_ONCE):
            yield some
            after = some[-1].goods

    async def read(self, request: web.Request) -> web.Response:
        """The goods with their variants and where the units of these are."""
        return _with_etag(await self._catalogue.one(merchant_of(request), _goods_of(request)))

    async def put(self, request: web.Request) -> web.Response:
        """The goods as they are now, new or not. With `If-Match: "3"`, or `version`, they
        are changed only if they have that version."""
        body = await body_of(request, GoodsBody)
        given = GoodsInput(goods=_goods_of(request), **structs.asdict(body))
        version = _version_of(request)
        if version is not None:
            if given.version not in (UNSET, version):
                raise CommandError("bad_message", "`If-Match` and `version` differ; send one.")
            given = structs.replace(given, version=version)
        found = await self._changes.put(merchant_of(request), plain_goods(given), caller(request))
        return _with_etag(found)

    async def withdraw(self, request: web.Request) -> web.Response:
        """Nothing. The goods stay, with the state `withdrawn`; `If-Match` counts here too."""
        version = _version_of(request)
        await self._changes.withdraw(merchant_of(request), _goods_of(request), version)
        return web.Response(status=204)

    async def change_stock(self, request: web.Request) -> web.Response:
        """Answer with where the units of the variant are now."""
        body = await body_of(request, StockBody)
        must = "A variant's sku has 1 to 39 letters, digits or `_.:@-`."
        sku = part_of_path(request, "sku", VariantSku, must)
        merchant = merchant_of(request)
        return json_response(await self._units.change(merchant, sku, body, caller(request)))


def _goods_of(request: web.Request) -> str:
    must = "The id of goods has 1 to 64 letters, digits or `_.:@-`."
    return part_of_path(request, "goods", GoodsId, must)


def _version_of(request: web.Request) -> int | None:
    """The version in `If-Match`. Raises CommandError for one that this server never gave."""
    given = request.headers.get("If-Match")
    if given is None or given.strip() == "*":
        return None
    found = _ETAG.fullmatch(given.strip())
    if found is None:
        raise CommandError("bad_message", '`If-Match` must be a version in quotes, such as `"3"`.')
    return int(found[1])


def _with_etag(goods: Goods) -> web.Response:
    response = json_response(goods)
    response.headers["ETag"] = f'"{goods.version}"'
    return response
