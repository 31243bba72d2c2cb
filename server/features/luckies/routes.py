"""Lucky draws over HTTP, with the data to check a draw."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, field, json, structs

from server.features.luckies.luckies import ENTRANTS_PER_READ, Luckies
from server.features.luckies.messages import Lucky
from server.protocol.codes import CommandError
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.errors import json_response
from server.web.paging import cursor_to, pages_by_cursor, with_cursor
from server.web.query import query_of
from server.web.route import Route


class Entrants(Lucky, frozen=True, omit_defaults=True):
    """A lucky draw and, once it is drawn, the ids of all who entered, sorted by their bytes."""

    entrants: list[str] = field(default_factory=list)


class EntrantsPage(Entrants, frozen=True, omit_defaults=True):
    """The same with a part of the entrants. `next` is the `cursor` of the page after."""

    next: str | None = None


class EntrantsQuery(Input, frozen=True):
    """Which entrants: `limit` after the `cursor` of an earlier page, empty to begin; without both
    all of them."""

    cursor: Annotated[str, cursor_to(r"(?s:.{1,64})")] = ""
    limit: Annotated[int, Meta(ge=1, le=ENTRANTS_PER_READ)] = ENTRANTS_PER_READ


class LuckyRoutes:
    """Routes about the lucky draws of a room."""

    def __init__(self, luckies: Luckies) -> None:
        self._luckies = luckies

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room = "/v1/rooms/{room}/luckies"
        entrants = f"{room}/{{lucky}}/entrants"
        return [
            Route(
                *("GET", room, "Read all lucky draws.", self.luckies),
                result=list[Lucky],
                bound="`luckies.luckies_max`",
            ),
            Route(
                "GET",
                entrants,
                "Read who entered a draw.",
                self.entrants,
                Role.VIEWER,
                result=EntrantsPage,
                query=EntrantsQuery,
            ),
        ]

    async def luckies(self, request: web.Request) -> web.Response:
        """The lucky draws in the order they were opened; a seed only once it is drawn."""
        return json_response(await self._luckies.all(request.match_info["room"]))

    async def entrants(self, request: web.Request) -> web.StreamResponse:
        """`?cursor=&limit=1000`: the draw; after the drawing with its entrants, a page of them or
        all, before it only with their number.

        The list may reveal who follows or bought, so only signed-in users can read it.
        """
        asked = query_of(request, EntrantsQuery)
        room_id, id_ = request.match_info["room"], request.match_info["lucky"]
        lucky = next((d for d in await self._luckies.all(room_id) if d.lucky == id_), None)
        if lucky is None:
            raise CommandError("not_found", f"There is no lucky draw `{id_}` in this room.")
        if lucky.status != "drawn":
            return json_response(lucky)
        if pages_by_cursor(request, "limit"):
            users, after = await self._luckies.entrants_after(
                room_id, id_, asked.cursor, asked.limit
            )
            page = EntrantsPage(**structs.asdict(lucky), entrants=users, next=after)
            return json_response(with_cursor(request, page))
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
