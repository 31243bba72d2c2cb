"""A merchant's side of the selection centre over HTTP."""

from typing import Any

from aiohttp import web

from server.features.merchants.merchants import Merchants
from server.features.offers.offers import Offer, OfferBody, Offers, OwnOffers
from server.features.offers.picks import MerchantPicks, Picks
from server.features.offers.requests import (
    InviteBody,
    Request,
    RequestAnswer,
    Requests,
    RequestsPage,
)
from server.features.offers.routes import PageQuery, id_in
from server.features.offers.suggestions import SuggestedHosts, Suggestions
from server.protocol.roles import Role
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.paging import next_of
from server.web.query import query_of
from server.web.route import Route


class MerchantOfferRoutes:
    """The routes of merchants and their members."""

    def __init__(
        self,
        merchants: Merchants,
        offers: Offers,
        picks: Picks,
        requests: Requests,
        suggestions: Suggestions,
    ) -> None:
        self._merchants = merchants
        self._offers = offers
        self._picks = picks
        self._requests = requests
        self._suggestions = suggestions

    def routes(self) -> list[Route]:
        """Every route with its types."""
        merchant = "/v1/merchants/{merchant}"
        offers, requests = f"{merchant}/offers", f"{merchant}/requests"
        one, request = f"{offers}/{{offer}}", f"{requests}/{{request}}"

        def route(method: str, path: str, summary: str, handler: Any, **more: Any) -> Route:
            admits = self._merchants.admits_member
            return Route(method, path, summary, handler, Role.MERCHANT, admits=admits, **more)

        return [
            route(
                "GET", offers, "List a merchant's offers.", self.offers, query=PageQuery,
                result=OwnOffers,
            ),
            route("PUT", one, "Offer goods to hosts.", self.put, body=OfferBody, result=Offer),
            route("DELETE", one, "Close an offer.", self.close),
            route(
                "GET", f"{merchant}/picks", "Read who picked what.", self.picks, query=PageQuery,
                result=MerchantPicks,
            ),
            route(
                "GET", requests, "Read a merchant's requests.", self.requests, query=PageQuery,
                result=RequestsPage,
            ),
            route(
                "POST", requests, "Invite a host.", self.invite, body=InviteBody, result=Request,
                no_key="an invitation that is open is not made twice",
            ),
            route(
                "PUT", f"{request}/answer", "Answer a host.", self.answer, body=RequestAnswer,
                result=Request,
            ),
            route("DELETE", request, "Take an invitation back.", self.withdraw),
            route(
                "GET", f"{merchant}/goods/{{goods}}/hosts", "Read which hosts goods suit.",
                self.hosts, result=SuggestedHosts, bound="the best 12",
            ),
        ]  # fmt: skip

    async def offers(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=100`: offers with how many hosts picked them, the last changed first."""
        asked = query_of(request, PageQuery)
        page = await self._offers.of_merchant(_merchant(request), asked.first, asked.limit)
        return json_response(next_of(request, page, "limit"))

    async def put(self, request: web.Request) -> web.Response:
        """The offer as it is now. What was picked keeps its terms."""
        body, offer = await body_of(request, OfferBody), id_in(request, "offer")
        return json_response(
            await self._offers.put(_merchant(request), offer, body, caller(request))
        )

    async def close(self, request: web.Request) -> web.Response:
        """Nothing. Nobody can pick it any more; picks go on until the end they were told."""
        await self._offers.close(_merchant(request), id_in(request, "offer"), caller(request))
        return web.Response(status=204)

    async def picks(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=100`: picks with their terms, the newest first; dropped ones too."""
        asked = query_of(request, PageQuery)
        page = await self._picks.of_merchant(_merchant(request), asked.first, asked.limit)
        return json_response(next_of(request, page, "limit"))

    async def requests(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=100`: what hosts asked and were asked, the last changed first."""
        asked = query_of(request, PageQuery)
        page = await self._requests.of("merchant", _merchant(request), asked.first, asked.limit)
        return json_response(next_of(request, page, "limit"))

    async def invite(self, request: web.Request) -> web.Response:
        """The invitation, or the one that is open already."""
        body = await body_of(request, InviteBody)
        return json_response(await self._requests.invite(_merchant(request), body, caller(request)))

    async def answer(self, request: web.Request) -> web.Response:
        """The host's request with its answer."""
        body, id_ = await body_of(request, RequestAnswer), id_in(request, "request")
        return json_response(await self._requests.answer("merchant", _merchant(request), id_, body))

    async def withdraw(self, request: web.Request) -> web.Response:
        """Nothing; withdrawn twice is withdrawn."""
        await self._requests.withdraw("merchant", _merchant(request), id_in(request, "request"))
        return web.Response(status=204)

    async def hosts(self, request: web.Request) -> web.Response:
        """Hosts whom the goods suit and who have not picked them, each with its reasons."""
        goods = id_in(request, "goods")
        return json_response(await self._suggestions.for_goods(_merchant(request), goods))


def _merchant(request: web.Request) -> str:
    return request.match_info["merchant"]
