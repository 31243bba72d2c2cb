"""Auctions over HTTP: all of a room for everybody, one with its bidders for its host."""

from aiohttp import web

from server.features.auctions.auctions import Auctions, HostAuction
from server.features.auctions.messages import Auction
from server.protocol.roles import Role
from server.web.errors import json_response
from server.web.route import Route


class AuctionRoutes:
    """Routes about the auctions of a room."""

    def __init__(self, auctions: Auctions) -> None:
        self._auctions = auctions

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room = "/v1/rooms/{room}/auctions"
        one = f"{room}/{{auction}}"
        return [
            Route(
                "GET", room, "Read all auctions.", self.auctions, result=list[Auction],
                bound="`auctions.auctions_max`",
            ),
            Route(
                "GET", one, "Read an auction with its bidders.", self.auction, Role.HOST,
                result=HostAuction,
            ),
        ]  # fmt: skip

    async def auctions(self, request: web.Request) -> web.Response:
        """The auctions in the order they were opened."""
        return json_response(await self._auctions.all(request.match_info["room"]))

    async def auction(self, request: web.Request) -> web.Response:
        """The auction, its reserve, what became of its unit, and its bidders, the highest first.

        A leader's maximum is nobody's business: shown is what they were brought to bid.
        """
        found = await self._auctions.of_host(
            request.match_info["room"], request.match_info["auction"]
        )
        return json_response(found)
