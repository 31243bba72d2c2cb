"""Topics over HTTP: operators write them, everybody reads them."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.background.clock import unix_ms
from server.features.topics.cards import Thing, ThingKind
from server.features.topics.topic_book import (
    OwnTopic,
    TopicBook,
    TopicHead,
    TopicsPage,
    TopicView,
    Wanted,
)
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of
from server.web.caller import caller
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.path import part_of_path
from server.web.query import query_of
from server.web.route import Route

MS_MAX = 4_102_444_800_000
"""The year 2100: a time beyond it is a mistake in the unit."""
TopicId = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[a-z0-9][a-z0-9-]*$(?!\n)")]
Time = Annotated[int, Meta(ge=0, le=MS_MAX)]


class ThingBody(Input, frozen=True):
    """A room or a note, by its id."""

    kind: ThingKind
    id: Annotated[str, Meta(min_length=1, max_length=64)]


class TopicBody(Input, frozen=True, kw_only=True):
    """A topic as it is written: its dates in Unix ms (0: without), whether everybody may see it,
    and what it shows, in order."""

    title: Annotated[str, Meta(min_length=1, max_length=500)]
    text: Annotated[str, Meta(max_length=10_000)] = ""
    starts: Time = 0
    ends: Time = 0
    shown: bool = False
    things: Annotated[tuple[ThingBody, ...], Meta(max_length=500)] = ()


class TopicsQuery(Input, frozen=True):
    """Which topics: `limit` after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(r"[0-9]{1,15}-[a-z0-9-]{1,40}")] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 50


class TopicRoutes:
    """The routes under /v1/topics, and the operator's list."""

    def __init__(self, book: TopicBook) -> None:
        self._book = book

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, admin = "/v1/topics/{topic}", Role.ADMIN
        return [
            Route(
                "GET", "/v1/topics", "Read the calendar of topics.", self.calendar,
                result=list[TopicHead], bound="`topics.topics_max`; none that are over",
            ),
            Route("GET", path, "Read a topic.", self.show, result=TopicView),
            Route(
                "PUT", path, "Make a topic, or change it.", self.put, admin, TopicBody, OwnTopic
            ),
            Route("DELETE", path, "Take a topic away.", self.drop, admin),
            Route(
                "GET", "/v1/ops/topics", "Read all topics.", self.page, admin,
                result=TopicsPage, query=TopicsQuery,
            ),
        ]  # fmt: skip

    async def calendar(self, _: web.Request) -> web.Response:
        """The topics that are on or still come, the first to start first."""
        return json_response(await self._book.calendar(unix_ms()))

    async def show(self, request: web.Request) -> web.Response:
        """A topic with its rooms and notes as they are now."""
        return json_response(await self._book.view(topic_of_path(request)))

    async def put(self, request: web.Request) -> web.Response:
        """Write a topic whole; the same again changes nothing more."""
        topic, body = topic_of_path(request), await body_of(request, TopicBody)
        things = [Thing(each.kind, each.id) for each in body.things]
        wanted = Wanted(
            title=body.title, text=body.text, starts=body.starts, ends=body.ends,
            shown=body.shown, things=things,
        )  # fmt: skip
        return json_response(await self._book.put(topic, wanted, caller(request).user))

    async def drop(self, request: web.Request) -> web.Response:
        """Take a topic away, with its page."""
        await self._book.drop(topic_of_path(request), caller(request).user)
        return web.Response(status=204)

    async def page(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=50`: topics as they were written, drafts too."""
        asked = query_of(request, TopicsQuery)
        page = await self._book.page(asked.cursor, asked.limit)
        return json_response(with_cursor(request, page))


def topic_of_path(request: web.Request) -> str:
    """Return the topic of the path. Raises CommandError for an id that no topic can have."""
    must = "A topic's id has 1 to 40 small letters, digits and hyphens, such as `winter-coats`."
    return part_of_path(request, "topic", TopicId, must)
