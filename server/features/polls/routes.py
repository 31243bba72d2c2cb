"""Polls over HTTP: results for the host."""

from aiohttp import web

from server.features.polls.messages import Poll
from server.features.polls.polls import Polls
from server.protocol.roles import Role
from server.web.errors import json_response
from server.web.route import Route


class PollRoutes:
    """Routes about the polls of a room."""

    def __init__(self, polls: Polls) -> None:
        self._polls = polls

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path = "/v1/rooms/{room}/polls"
        return [Route("GET", path, "Read all polls.", self.polls, Role.HOST, result=list[Poll])]

    async def polls(self, request: web.Request) -> web.Response:
        """The polls with their votes, in the order they were opened."""
        return json_response(await self._polls.all(request.match_info["room"]))
