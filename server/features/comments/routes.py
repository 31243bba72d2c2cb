"""Who is muted in a room, over HTTP."""

from aiohttp import web
from msgspec import Struct, msgpack

from server.features.comments.messages import Muted
from server.protocol.roles import Role
from server.store.room_store import RoomStore
from server.web.errors import json_response
from server.web.paging import ListedQuery, with_cursor
from server.web.query import query_of
from server.web.route import Route


class MutesPage(Struct, frozen=True):
    """Mutes that hold, in no order; one may come twice. `next` is the next page's `cursor`."""

    mutes: list[Muted]
    next: str | None = None


_PAGE = msgpack.Decoder(MutesPage)


class MuteRoutes:
    """The route that reads what `mute` changes."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                "GET", "/v1/rooms/{room}/mutes", "Read who is muted.", self.page, Role.MODERATOR,
                result=MutesPage, query=ListedQuery,
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=500`: who is muted until when; those in the shadow, too."""
        asked = query_of(request, ListedQuery)
        args = {"place": asked.cursor, "limit": asked.limit}
        room = request.match_info["room"]
        page = await self._store.run_script("comments.list_mutes", room, args, _PAGE)
        return json_response(with_cursor(request, page))
