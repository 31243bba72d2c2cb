"""Going live, ending and cancelling, over HTTP."""

from typing import Literal

from aiohttp import web
from msgspec import Struct

from server.features.phases.messages import LiveCancel, LiveEnd, LiveStart
from server.protocol.input import Input
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.protocol.room import RoomView
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.route import REF, Route


class PhaseBody(Input, frozen=True):
    """Body of `POST /v1/rooms/{room}/live`; `selling`: sales go on after the end."""

    phase: Literal["live", "ended"]
    selling: bool = False


CancelBody = fields_of(LiveCancel)
"""Body of `POST /v1/rooms/{room}/cancel`: the fields of `live.cancel`."""


class PhaseNow(Struct):
    """The phase that the room is in now."""

    phase: Literal["live", "ended"]


class PhaseRoutes:
    """The routes that start, end and cancel a stream."""

    def __init__(self, directory: Directory, dispatch: Dispatch, view: type[RoomView]) -> None:
        self._directory = directory
        self._dispatch = dispatch
        self._view = view

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, host = "/v1/rooms/{room}", Role.HOST
        return [
            Route("POST", f"{room}/live", "Go live, or end.", self.live, host, PhaseBody, PhaseNow),
            Route(
                *("POST", f"{room}/cancel", "Cancel a room before its stream.", self.cancel),
                *(host, CancelBody, self._view),
            ),
        ]

    async def live(self, request: web.Request) -> web.Response:
        """`{"phase": "live"}` or `{"phase": "ended"}`."""
        body = await body_of(request, PhaseBody)
        end = LiveEnd(ref=REF, selling=body.selling)
        cmd = LiveStart(ref=REF) if body.phase == "live" else end
        await run_command(self._dispatch, request, cmd, Ok)
        return json_response(PhaseNow(body.phase))

    async def cancel(self, request: web.Request) -> web.Response:
        """`{"reason": "..."}`: the room, which has ended without a stream."""
        cmd = with_fields(LiveCancel, await body_of(request, CancelBody), REF)
        await run_command(self._dispatch, request, cmd, Ok)
        return json_response(await self._directory.read(request.match_info["room"]))
