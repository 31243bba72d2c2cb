"""Comments on notes over HTTP, and who asked for links in them."""

from typing import Annotated

from aiohttp import web
from msgspec import Meta

from server.features.notes.bodies import (
    CommentBody,
    HeldCommentsPage,
    NoteAsksPage,
    NoteComment,
    NoteCommentsPage,
)
from server.features.notes.routes import PLACE, PartQuery, private, reader
from server.features.notes.talk import Talk
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of, must_say_nothing
from server.web.caller import caller
from server.web.paging import cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import Route


class CommentsQuery(Input, frozen=True):
    """Which part of the comments, the newest first: `limit` after the `cursor` of another page."""

    cursor: Annotated[str, cursor_to(PLACE)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class TalkRoutes:
    """The routes of comments on notes."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def routes(self) -> list[Route]:
        """Every route with its types."""
        comments, comment = "/v1/notes/{note}/comments", "/v1/notes/{note}/comments/{comment}"
        return [
            Route(
                "GET", comments, "Read comments on a note.", self.page, result=NoteCommentsPage,
                query=CommentsQuery,
            ),
            Route(
                "POST", comments, "Comment on a note.", self.say, Role.VIEWER, CommentBody,
                NoteComment, status=201,
            ),
            Route("DELETE", comment, "Delete a comment on a note.", self.remove, Role.VIEWER),
            Route(
                "POST", f"{comment}/show", "Show a comment on a note that waits.", self.show,
                Role.ADMIN, no_key="showing twice is showing",
            ),
            Route(
                "GET", "/v1/note-comments/held", "Read comments on notes that wait.", self.held,
                Role.ADMIN, result=HeldCommentsPage, query=PartQuery,
            ),
            Route(
                "GET", "/v1/me/note-asks", "Read who asked for links on your notes.", self.asks,
                Role.VIEWER, result=NoteAsksPage, query=PartQuery,
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: comments that everybody sees, and one's own that wait."""
        asked, note = query_of(request, CommentsQuery), request.match_info["note"]
        page = await self._talk.page(note, reader(request), asked.cursor, asked.limit)
        return private(with_cursor(request, page))

    async def say(self, request: web.Request) -> web.Response:
        """The comment; `held` if the operator reads it first. `cards`, if it asked for a link."""
        who, body = caller(request), await body_of(request, CommentBody)
        said = await self._talk.say(who, request.match_info["note"], body.text)
        return private(said, status=201)

    async def remove(self, request: web.Request) -> web.Response:
        """Nothing: it is gone. Who wrote it, the note's author and the operator may."""
        at = request.match_info
        await self._talk.remove(caller(request), at["note"], at["comment"])
        return web.Response(status=204)

    async def show(self, request: web.Request) -> web.Response:
        """Nothing: everybody sees it from now on."""
        await must_say_nothing(request)
        at = request.match_info
        await self._talk.show(at["note"], at["comment"], caller(request).user)
        return web.Response(status=204)

    async def held(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: comments with words that the operator reads first."""
        asked = query_of(request, PartQuery)
        return private(with_cursor(request, await self._talk.held(asked.cursor, asked.limit)))

    async def asks(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: who asked, with which words, for which goods."""
        asked, author = query_of(request, PartQuery), caller(request).user
        page = await self._talk.asks(author, asked.cursor, asked.limit)
        return private(with_cursor(request, page))
