"""Lists over HTTP who follows a host, and who reserved a place in a room."""

from collections.abc import AsyncIterator

from aiohttp import web
from msgspec import Struct, msgpack

from server.protocol.roles import Role
from server.store.room_store import RoomStore
from server.web.csv_response import csv_response
from server.web.csv_rows import rows, text, utc
from server.web.errors import json_response
from server.web.paging import LISTED_MAX, ListedQuery, with_cursor
from server.web.query import query_of
from server.web.route import Route

CSV_COLUMNS = ("user", "since", "since_ms")


class Follower(Struct, frozen=True):
    """A user and since when they follow the host, or have their place (Unix ms)."""

    user: str
    at: int


class FollowersPage(Struct, frozen=True):
    """Followers in no order; one may come twice. `next` is the `cursor` of the page after."""

    followers: list[Follower]
    next: str | None = None


class ReservedPage(Struct, frozen=True):
    """Users with a reservation, likewise."""

    reserved: list[Follower]
    next: str | None = None


_FOLLOWERS = msgpack.Decoder(FollowersPage)
_RESERVED = msgpack.Decoder(ReservedPage)


class FollowRoutes:
    """The routes that read what `follow` and `reserve` change."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Every route with its types."""
        followers, host = "/v1/hosts/{host}/followers", Role.HOST
        return [
            Route(
                "GET", followers, "Read the followers of a host.", self.followers,
                host, result=FollowersPage, query=ListedQuery,
            ),
            Route(
                "GET", f"{followers}.csv", "Download the followers of a host.",
                self.csv, host,
            ),
            Route(
                "GET", "/v1/rooms/{room}/reservations", "Read who reserved a place.",
                self.reserved, host, result=ReservedPage, query=ListedQuery,
            ),
        ]  # fmt: skip

    async def followers(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=500`: followers in no order; one may come twice."""
        asked = query_of(request, ListedQuery)
        page = await self._page(request.match_info["host"], asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """All of them as CSV, each once; times in UTC, and as Unix ms."""
        host = request.match_info["host"]
        return await csv_response(request, f"followers-{host}", self._lines(host))

    async def reserved(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=500`: who has a place in this room, in no order; one may come twice."""
        asked = query_of(request, ListedQuery)
        args = {"place": asked.cursor, "limit": asked.limit}
        room = request.match_info["room"]
        page = await self._store.run_script("circles.list_reserved", room, args, _RESERVED)
        return json_response(with_cursor(request, page))

    async def _page(self, host: str, place: str, limit: int) -> FollowersPage:
        args = {"place": place, "limit": limit}
        return await self._store.run_script("circles.list_followers", host, args, _FOLLOWERS)

    async def _lines(self, host: str) -> AsyncIterator[str]:
        yield rows([CSV_COLUMNS])
        place, seen = "", set[str]()
        while True:
            page = await self._page(host, place, LISTED_MAX)
            new = {each.user: each for each in page.followers if each.user not in seen}
            seen |= new.keys()
            yield rows((text(each.user), utc(each.at), each.at) for each in new.values())
            place = page.next or ""
            if not place:
                return
