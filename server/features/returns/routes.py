"""Returns over HTTP: what a buyer asks and a host answers, without being in the room."""

from aiohttp import web

from server.features.orders.messages import Order, OrderOk
from server.features.returns.messages import (
    OrderReturn,
    ReturnAnswer,
    ReturnAsk,
    ReturnWithdraw,
)
from server.protocol.input import Input, NoInput
from server.protocol.message import Command
from server.protocol.roles import Role
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.route import REF, Route

_ORDER = "/v1/rooms/{room}/orders/{order}"
ReturnBody = fields_of(OrderReturn, "order")
AskBody = fields_of(ReturnAsk, "order", "key")  # by REST an `Idempotency-Key` says it
AnswerBody = fields_of(ReturnAnswer, "order", "key")


class ReturnRoutes:
    """Each route is a command of the same meaning, and answers with the order as it is then."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                "POST", f"{_ORDER}/return-request", "Ask to give an order back.", self.ask,
                Role.VIEWER, AskBody, result=Order,
            ),
            Route(
                "DELETE", f"{_ORDER}/return-request", "Take the own request away.", self.withdraw,
                Role.VIEWER, result=Order,
            ),
            Route(
                "POST", f"{_ORDER}/return-answer", "Accept or decline a buyer's request.",
                self.answer, Role.HOST, AnswerBody, result=Order,
            ),
            Route(
                "POST", f"{_ORDER}/return", "Take an order back, or units of it.", self.take_back,
                Role.HOST, ReturnBody, result=Order,
            ),
        ]  # fmt: skip

    async def ask(self, request: web.Request) -> web.Response:
        """The `reason`, perhaps a `note`, and `lines` if it is not about all of the order."""
        return await self._run(request, ReturnAsk, await body_of(request, AskBody))

    async def withdraw(self, request: web.Request) -> web.Response:
        """Only an open request can be taken away."""
        return await self._run(request, ReturnWithdraw, NoInput())

    async def answer(self, request: web.Request) -> web.Response:
        """Who declines says why in `answer`."""
        return await self._run(request, ReturnAnswer, await body_of(request, AnswerBody))

    async def take_back(self, request: web.Request) -> web.Response:
        """`lines` say how many units of a sale are back in all; without them all are."""
        return await self._run(request, OrderReturn, await body_of(request, ReturnBody))

    async def _run(self, request: web.Request, command: type[Command], body: Input) -> web.Response:
        cmd = with_fields(command, body, REF, order=request.match_info["order"])
        ok = await run_command(self._dispatch, request, cmd, OrderOk)
        return json_response(ok.order)
