"""Custom events over HTTP, for the shop's servers."""

from aiohttp import web
from msgspec import Struct

from server.features.custom_events.messages import EventOk, EventSend
from server.protocol.roles import Role
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.route import REF, Route

EventBody = fields_of(EventSend)


class ToldEvent(Struct, frozen=True, omit_defaults=True):
    """Where the event stands: the `seq` of a must-event, or the `ver` of a value."""

    seq: int | None = None
    ver: int | None = None


class CustomEventRoutes:
    """The route that tells an event."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                "POST", "/v1/rooms/{room}/events", "Tell a custom event to the room.", self.send,
                Role.HOST, EventBody, ToldEvent,
            ),
        ]  # fmt: skip

    async def send(self, request: web.Request) -> web.Response:
        """The same as the command `event.send`."""
        cmd = with_fields(EventSend, await body_of(request, EventBody), REF)
        told = await run_command(self._dispatch, request, cmd, EventOk)
        return json_response(ToldEvent(told.seq, told.ver))
