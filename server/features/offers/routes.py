"""The selection centre over HTTP: for hosts, and what of it stands on a room's shelf."""

from typing import Annotated, Any, Literal

from aiohttp import web
from msgspec import Meta

from server.features.offers.centre import FOUND_MAX, Centre, FoundOffers, Sought
from server.features.offers.messages import PickOk, ShelfPick
from server.features.offers.picks import OwnPicks, Pick, PickBody, Picks
from server.features.offers.requests import (
    AskBody,
    Request,
    RequestAnswer,
    Requests,
    RequestsPage,
)
from server.features.offers.shelving import RoomPicks, Shelving
from server.features.offers.suggestions import SuggestedOffers, Suggestions
from server.features.terms.messages import BasisPoints
from server.protocol.fields import Id
from server.protocol.input import Input
from server.protocol.roles import Role
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.paging import OFFSETS, OLD, cursor_to, next_of, offset_in
from server.web.path import part_of_path
from server.web.query import OFFSET_MAX, query_of
from server.web.route import REF, Handler, Route

PRICE_MAX = 1_000_000_000_000
PER_PAGE_MAX = 100
Offset = Annotated[int, Meta(ge=0, le=OFFSET_MAX), OLD]
_Price = Annotated[int, Meta(ge=0, le=PRICE_MAX)]
ShelfPickBody = fields_of(ShelfPick, "pick")


class SelectQuery(Input, frozen=True):
    """Which offers: with all words of `q`, with `tag`, of `merchant`, with at least `commission`
    (basis points), with a variant at `price_min` to `price_max` (minor units; 0: any) in
    `currency`."""

    q: Annotated[str, Meta(max_length=200, description="a text of at most 200 characters")] = ""
    tag: Annotated[
        str, Meta(pattern=r"^[^\s\x00-\x1f\x7f]{0,40}$(?!\n)", description="one tag, no spaces")
    ] = ""
    merchant: Annotated[
        str, Meta(pattern=r"^[A-Za-z0-9_.@-]{0,24}$(?!\n)", description="a merchant's id")
    ] = ""
    commission: BasisPoints = 0
    currency: Annotated[
        str, Meta(pattern=r"^([A-Z]{3})?$(?!\n)", description="a currency by ISO 4217")
    ] = ""
    price_min: _Price = 0
    price_max: _Price = 0
    sort: Literal["newest", "commission"] = "newest"
    cursor: Annotated[str, cursor_to(OFFSETS)] = ""
    limit: Annotated[int, Meta(ge=1, le=FOUND_MAX)] = 20
    offset: Offset = 0


class PageQuery(Input, frozen=True):
    """Which part of a list: `limit` after the `cursor` of an earlier page, empty to begin; or, as
    before, those that follow `offset`."""

    cursor: Annotated[str, cursor_to(OFFSETS)] = ""
    limit: Annotated[int, Meta(ge=1, le=PER_PAGE_MAX)] = PER_PAGE_MAX
    offset: Offset = 0

    @property
    def first(self) -> int:
        """How many stand before this page."""
        return offset_in(self.cursor, self.offset)


class HostOfferRoutes:
    """The routes of hosts."""

    def __init__(
        self, centre: Centre, suggestions: Suggestions, picks: Picks, requests: Requests
    ) -> None:
        self._centre = centre
        self._suggestions = suggestions
        self._picks = picks
        self._requests = requests

    def routes(self) -> list[Route]:
        """Every route with its types."""
        host = "/v1/hosts/{host}"
        offers, picks, requests = f"{host}/offers", f"{host}/picks", f"{host}/requests"
        pick, request = f"{picks}/{{pick}}", f"{requests}/{{request}}"
        return [
            _route(
                "GET", offers, "Find offers of merchants.", self.offers, query=SelectQuery,
                result=FoundOffers,
            ),
            _route(
                "GET", f"{offers}/suggested", "Read which offers suit a host.", self.suggested,
                result=SuggestedOffers, bound="the best 12",
            ),
            _route(
                "GET", picks, "Read what a host picked.", self.picks, query=PageQuery,
                result=OwnPicks,
            ),
            _route(
                "POST", picks, "Pick an offer.", self.pick, body=PickBody, result=Pick,
                no_key="an offer that is picked already stays picked",
            ),
            _route(
                "PUT", f"{pick}/terms", "Take the newest terms of an offer.", self.renew,
                result=Pick,
            ),
            _route("DELETE", pick, "Drop a pick.", self.drop),
            _route(
                "GET", requests, "Read a host's requests.", self.requests, query=PageQuery,
                result=RequestsPage,
            ),
            _route(
                "POST", requests, "Ask a merchant.", self.ask, body=AskBody, result=Request,
                no_key="what is asked already is not asked twice",
            ),
            _route(
                "PUT", f"{request}/answer", "Answer an invitation.", self.answer,
                body=RequestAnswer, result=Request,
            ),
            _route("DELETE", request, "Take a request back.", self.withdraw),
        ]  # fmt: skip

    async def offers(self, request: web.Request) -> web.Response:
        """`?q=&tag=&merchant=&commission=&currency=&price_min=&price_max=&sort=newest`, and
        `&cursor=&limit=20`: offers that are on, or will be."""
        asked = query_of(request, SelectQuery)
        sought = Sought(
            asked.q, asked.tag, asked.merchant, asked.commission, asked.currency,
            asked.price_min, asked.price_max, asked.sort,
        )  # fmt: skip
        first = offset_in(asked.cursor, asked.offset)
        page = await self._centre.page(_host(request), sought, first, asked.limit)
        return json_response(next_of(request, page))

    async def suggested(self, request: web.Request) -> web.Response:
        """Offers that suit the host, each with its reasons."""
        return json_response(await self._suggestions.for_host(_host(request)))

    async def picks(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=100`: what the host picked and has not dropped, the newest first."""
        asked = query_of(request, PageQuery)
        page = await self._picks.of_host(_host(request), asked.first, asked.limit)
        return json_response(next_of(request, page, "limit"))

    async def pick(self, request: web.Request) -> web.Response:
        """The pick; one that was made earlier keeps its terms."""
        body = await body_of(request, PickBody)
        return json_response(await self._picks.make(_host(request), body))

    async def renew(self, request: web.Request) -> web.Response:
        """The pick on the terms of the offer as it is now."""
        return json_response(await self._picks.renew(_host(request), id_in(request, "pick")))

    async def drop(self, request: web.Request) -> web.Response:
        """Nothing, whether it was there or not. What is on a shelf stays there."""
        await self._picks.drop(_host(request), id_in(request, "pick"))
        return web.Response(status=204)

    async def requests(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=100`: what the host asked and was asked, the last changed first."""
        asked = query_of(request, PageQuery)
        page = await self._requests.of("host", _host(request), asked.first, asked.limit)
        return json_response(next_of(request, page, "limit"))

    async def ask(self, request: web.Request) -> web.Response:
        """The request, or the one about the same that is open already."""
        body = await body_of(request, AskBody)
        return json_response(await self._requests.ask(_host(request), body))

    async def answer(self, request: web.Request) -> web.Response:
        """The invitation with its answer."""
        body, id_ = await body_of(request, RequestAnswer), id_in(request, "request")
        return json_response(await self._requests.answer("host", _host(request), id_, body))

    async def withdraw(self, request: web.Request) -> web.Response:
        """Nothing; withdrawn twice is withdrawn."""
        await self._requests.withdraw("host", _host(request), id_in(request, "request"))
        return web.Response(status=204)


class RoomPickRoutes:
    """The routes about what of a room's shelf was picked."""

    def __init__(self, shelving: Shelving, dispatch: Dispatch) -> None:
        self._shelving = shelving
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        picks, host = "/v1/rooms/{room}/picks", Role.HOST
        return [
            Route(
                "GET", picks, "Read what of a shelf was picked.", self.picks, host,
                result=RoomPicks, bound="`rooms.shelf_products_max`",
            ),
            Route(
                "PUT", f"{picks}/{{pick}}", "Put a pick on the shelf, or renew it there.",
                self.put, host, ShelfPickBody, PickOk,
            ),
        ]  # fmt: skip

    async def picks(self, request: web.Request) -> web.Response:
        """The goods of picks on the shelf, and what was left out when it was taken over."""
        return json_response(await self._shelving.of_room(request.match_info["room"]))

    async def put(self, request: web.Request) -> web.Response:
        """The skus on the shelf."""
        body = await body_of(request, ShelfPickBody)
        cmd = with_fields(ShelfPick, body, REF, pick=id_in(request, "pick"))
        return json_response(await run_command(self._dispatch, request, cmd, PickOk))


def id_in(request: web.Request, name: str) -> str:
    """An id of the path. Raises CommandError `bad_message` for one that can't be any."""
    must = f"The id of the {name} has 1 to 64 letters, digits or `_.:@-`."
    return part_of_path(request, name, Id, must)


def _host(request: web.Request) -> str:
    return request.match_info["host"]


def _route(method: str, path: str, summary: str, handler: Handler, **more: Any) -> Route:
    return Route(method, path, summary, handler, Role.HOST, **more)
