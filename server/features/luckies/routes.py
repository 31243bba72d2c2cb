"""Lucky draws over HTTP, with the data to check a draw."""

from aiohttp import web
from msgspec import field, json

from server.features.luckies.luckies import Luckies
from server.features.luckies.messages import Lucky
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.web.errors import json_response
from server.web.route import Route


class Entrants(Lucky, frozen=True, omit_defaults=True):
    """A lucky draw and, once it is drawn, the ids of all who entered, sorted by their bytes."""

    entrants: list[str] = field(default_factory=list)


class LuckyRoutes:
    """Routes about the lucky draws of a room."""

    def __init__(self, luckies: Luckies) -> None:
        self._luckies = luckies

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room = "/v1/rooms/{room}/luckies"
        entrants = f"{room}/{{lucky}}/entrants"
        return [
            Route("GET", room, "Read all lucky draws.", self.luckies, result=list[Lucky]),
            Route(
                "GET",
                entrants,
                "Read who entered a draw.",
                self.entrants,
                Role.VIEWER,
                result=Entrants,
            ),
        ]

    async def luckies(self, request: web.Request) -> web.Response:
        """The lucky draws in the order they were opened; a seed only once it is drawn."""
        return json_response(await self._luckies.all(request.match_info["room"]))

    async def entrants(self, request: web.Request) -> web.StreamResponse:
        """The draw; after the drawing with all entrants, before it only with their number.

        The list may reveal who follows or bought, so only signed-in users can read it.
        """
        room_id, id_ = request.match_info["room"], request.match_info["lucky"]
        lucky = next((d for d in await self._luckies.all(room_id) if d.lucky == id_), None)
        if lucky is None:
            raise CommandError("not_found", f"There is no lucky draw `{id_}` in this room.")
        if lucky.status != "drawn":
            return json_response(lucky)
        parts = self._luckies.entrants(room_id, id_)
        first: list[str] = await anext(parts, [])  # fails before anything is sent
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(json.encode(lucky)[:-1] + b',"entrants":[' + _list(first))
        async for some in parts:
            await response.write(b"," + _list(some))
        await response.write(b"]}")
        await response.write_eof()
        return response


def _list(users: list[str]) -> bytes:
    """JSON of the elements, without the brackets around them."""
    return json.encode(users)[1:-1]
