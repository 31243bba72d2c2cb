"""Going live and ending, over HTTP."""

from aiohttp import web

from server.features.phases.messages import LiveEnd, LiveStart
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import run_command
from server.web.errors import json_response
from server.web.route import REF, Route


class PhaseBody(Input, frozen=True):
    """Body of `POST /v1/rooms/{room}/live`; `selling`: sales go on after the end."""

    phase: str
    selling: bool = False


class PhaseRoutes:
    """The route that starts and ends a stream."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path = "/v1/rooms/{room}/live"
        return [Route("POST", path, "Go live, or end.", self.live, Role.HOST, PhaseBody)]

    async def live(self, request: web.Request) -> web.Response:
        """`{"phase": "live"}` or `{"phase": "ended"}`."""
        body = await body_of(request, PhaseBody)
        if body.phase not in ("live", "ended"):
            raise CommandError("bad_message", "`phase` must be live or ended.")
        end = LiveEnd(ref=REF, selling=body.selling)
        cmd = LiveStart(ref=REF) if body.phase == "live" else end
        await run_command(self._dispatch, request, cmd, Ok)
        return json_response({"phase": body.phase})
