"""Lists over HTTP who is in a room."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta, Struct, msgpack

from server.protocol.input import Input
from server.protocol.roles import Role
from server.store.room_store import RoomStore
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import Route

PER_PAGE_MAX = 1000
LOOKED_MAX = 2000
"""Connections that one page looks at, those that are gone included."""


class PeopleQuery(Input, frozen=True):
    """Which people, by user: `limit` after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(r"(?s:.{1,64})")] = ""
    limit: Annotated[int, Meta(ge=1, le=PER_PAGE_MAX)] = 100


class Person(Struct, frozen=True):
    """Somebody in the room: since when (Unix ms), by how many connections."""

    user: str
    name: str
    role: str
    at: int
    connections: int


class PeoplePage(Struct, frozen=True):
    """People in a room by user; guests are not among them. `next` is the `cursor` of the page
    after; a page of which many have just left may be short, or empty, and have one."""

    people: list[Person]
    next: str | None = None


class _Found(Struct):
    people: list[Person]
    more: bool
    after: str


_FOUND = msgpack.Decoder(_Found)


class PeopleRoutes:
    """The route that lists people. A worker that was silent for `stale_ms` counts as gone."""

    def __init__(self, store: RoomStore, stale_ms: int) -> None:
        self._store = store
        self._stale_ms = stale_ms

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                "GET", "/v1/rooms/{room}/people", "Read who is here.", self.page, Role.MODERATOR,
                result=PeoplePage, query=PeopleQuery,
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=100`: who is in the room by user, as workers told it last."""
        asked = query_of(request, PeopleQuery)
        args = {"after": asked.cursor, "limit": asked.limit, "stale_ms": self._stale_ms}
        args["looked_max"] = LOOKED_MAX
        room = request.match_info["room"]
        found = await self._store.run_script("visits.list_here", room, args, _FOUND)
        after = found.after if found.more else None
        return json_response(with_cursor(request, PeoplePage(found.people, after)))
