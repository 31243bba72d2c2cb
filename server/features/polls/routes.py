"""Polls over HTTP: results for the host."""

from aiohttp import web

from server.features.polls.messages import Poll
from server.features.polls.polls import Polls, VotesPage
from server.protocol.roles import Role
from server.web.errors import json_response
from server.web.paging import ListedQuery, with_cursor
from server.web.query import query_of
from server.web.route import Route


class PollRoutes:
    """Routes about the polls of a room."""

    def __init__(self, polls: Polls) -> None:
        self._polls = polls

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path = "/v1/rooms/{room}/polls"
        return [
            Route(
                "GET", path, "Read all polls.", self.polls, Role.HOST, result=list[Poll],
                bound="`polls.polls_max`",
            ),
            Route(
                "GET", f"{path}/{{poll}}/votes", "Read who voted what.", self.votes, Role.HOST,
                result=VotesPage, query=ListedQuery,
            ),
        ]  # fmt: skip

    async def polls(self, request: web.Request) -> web.Response:
        """The polls with their votes, in the order they were opened."""
        return json_response(await self._polls.all(request.match_info["room"]))

    async def votes(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=500`: who voted what, in no order; one may come twice."""
        asked, at = query_of(request, ListedQuery), request.match_info
        page = await self._polls.votes_in(at["room"], at["poll"], asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))
