"""Lists over HTTP who waits for units of a sale."""

from typing import Annotated, Any

from aiohttp import web
from msgspec import Meta, Struct, msgpack

from server.protocol.input import Input
from server.protocol.roles import Role
from server.store.reading import reading
from server.store.room_store import RoomStore
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import Route

_NUMBER_DIGITS = 16
"""Of the number in a member of `waiting`: `<sale>/<number>/<user>`."""


class WaitingQuery(Input, frozen=True):
    """Which part of the queue: `limit` after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(r"[0-9]{16}")] = ""
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class WaitingBuyer(Struct, frozen=True):
    """A buyer who waits, and for how many units."""

    user: str
    name: str
    qty: int


class WaitingPage(Struct, frozen=True):
    """Buyers in the order in which they queued. `next` is the `cursor` of the page after."""

    waiting: list[WaitingBuyer]
    next: str | None = None


_BUYER = msgpack.Decoder(WaitingBuyer)


class WaitlistRoutes:
    """The route that reads what `waitlist` changes."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [
            Route(
                "GET", "/v1/rooms/{room}/sales/{sale}/waitlist", "Read who waits for units.",
                self.page, Role.HOST, result=WaitingPage, query=WaitingQuery,
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=100`: who waits for units of a sale, who is next first."""
        asked, at = query_of(request, WaitingQuery), request.match_info
        page = await self._page(at["room"], at["sale"], asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))

    async def _page(self, room: str, sale: str, after: str, limit: int) -> WaitingPage:
        keys, redis = self._store.keys, self._store.redis
        # Behind all members of the number `after`: they go on with a slash, and 0 is behind that.
        start, end = f"[{sale}/{after}0" if after else f"[{sale}/", f"({sale}0"
        with reading():
            members: list[Any] = await redis.zrangebylex(
                keys.room(room, "waiting"), start, end, start=0, num=limit + 1
            )
            places = [each.decode()[len(sale) + 1 :] for each in members[:limit]]
            users = [place[_NUMBER_DIGITS + 1 :] for place in places]
            fields = [f"{sale}/{user}" for user in users]
            packed = await redis.hmget(keys.room(room, "queued"), fields) if fields else []
        buyers = [_BUYER.decode(raw) for raw in packed if raw is not None]  # who left meanwhile
        return WaitingPage(buyers, places[-1][:_NUMBER_DIGITS] if len(members) > limit else None)
