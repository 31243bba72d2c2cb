"""The moment of an order over HTTP."""

from aiohttp import web

from server.features.moments.order_moments import OrderMoment, OrderMoments
from server.protocol.roles import Role
from server.web.caller import caller
from server.web.errors import json_response
from server.web.route import Route


class MomentRoutes:
    """One route, for the buyer, those who send, and the operator."""

    def __init__(self, moments: OrderMoments) -> None:
        self._moments = moments

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                "GET", "/v1/rooms/{room}/orders/{order}/moment",
                "Read what the buyer of an order was shown.", self.show, Role.VIEWER,
                result=OrderMoment, bound="the lines of one order",
            )
        ]  # fmt: skip

    async def show(self, request: web.Request) -> web.Response:
        """Pin, price, points and flaws when it was bought, and the second in the replay."""
        room, order = request.match_info["room"], request.match_info["order"]
        response = json_response(await self._moments.of_order(caller(request), room, order))
        response.headers["Cache-Control"] = "no-store"
        return response
