"""A room is changed over HTTP."""

from aiohttp import web

from server.features.details.messages import RoomChange
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.protocol.room import RoomView
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.route import REF, Route

RoomPatch = fields_of(RoomChange)
"""Body of `PATCH /v1/rooms/{room}`: the fields of `room.change`."""


class DetailRoutes:
    """The route that changes a room. `view` is the type of a whole room."""

    def __init__(self, directory: Directory, dispatch: Dispatch, view: type[RoomView]) -> None:
        self._directory = directory
        self._dispatch = dispatch
        self._view = view

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, host = "/v1/rooms/{room}", Role.HOST
        return [
            Route("PATCH", path, "Change a room.", self.change, host, RoomPatch, self._view),
        ]

    async def change(self, request: web.Request) -> web.Response:
        """Change what the body names, null clears it; the room as it is now."""
        cmd = with_fields(RoomChange, await body_of(request, RoomPatch), REF)
        await run_command(self._dispatch, request, cmd, Ok)
        return json_response(await self._directory.read(request.match_info["room"]))
