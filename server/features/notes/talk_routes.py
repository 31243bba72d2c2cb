"""Comments on notes over HTTP, and who asked for links in them."""

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta

from server.features.notes.bodies import (
    CommentBody,
    HeldCommentsPage,
    NoteAsksPage,
    NoteComment,
    NoteCommentsPage,
    OwnCommentsPage,
)
from server.features.notes.routes import PLACE, PartQuery, RemoveBody, private, reader
from server.features.notes.talk import Talk
from server.features.notes.talk_moderation import TalkModeration
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


class OwnCommentsQuery(PartQuery, frozen=True):
    """The same; in a status."""

    status: Literal["", "public", "held", "removed"] = ""


class TalkRoutes:
    """The routes of comments on notes."""

    def __init__(self, talk: Talk, moderation: TalkModeration) -> None:
        self._talk = talk
        self._moderation = moderation

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
            Route("DELETE", comment, "Delete a comment on a note.", self.delete, Role.VIEWER),
            Route(
                "POST", f"{comment}/remove", "Take a comment on a note away.", self.remove,
                Role.ADMIN, RemoveBody, no_key="removing twice is removing",
            ),
            Route(
                "POST", f"{comment}/show", "Show a comment that waits, or again.", self.show,
                Role.VIEWER, no_key="showing twice is showing",
            ),
            Route(
                "GET", "/v1/note-comments/held", "Read comments on notes that wait.", self.held,
                Role.ADMIN, result=HeldCommentsPage, query=PartQuery,
            ),
            Route(
                "GET", "/v1/me/note-held", "Read comments on your notes that wait.",
                self.held_for_me, Role.VIEWER, result=HeldCommentsPage, query=PartQuery,
            ),
            Route(
                "GET", "/v1/me/note-comments", "Read what you said on notes.", self.own,
                Role.VIEWER, result=OwnCommentsPage, query=OwnCommentsQuery,
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
        """The comment; `held` if somebody reads it first. `cards`, if it asked for a link."""
        who, body = caller(request), await body_of(request, CommentBody)
        said = await self._talk.say(who, request.match_info["note"], body.text)
        return private(said, status=201)

    async def delete(self, request: web.Request) -> web.Response:
        """Nothing. An own comment is gone; what another said on an own note only they see still, as
        taken away."""
        at = request.match_info
        await self._moderation.delete(caller(request), at["note"], at["comment"])
        return web.Response(status=204)

    async def remove(self, request: web.Request) -> web.Response:
        """Nothing: only its writer goes on seeing it, with the reason."""
        at, body = request.match_info, await body_of(request, RemoveBody)
        by = caller(request).user
        await self._moderation.remove(by, at["note"], at["comment"], body.reason)
        return web.Response(status=204)

    async def show(self, request: web.Request) -> web.Response:
        """Nothing: everybody sees it from now on. The note's author and the operator may."""
        await must_say_nothing(request)
        at = request.match_info
        await self._moderation.show(caller(request), at["note"], at["comment"])
        return web.Response(status=204)

    async def held(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: comments with words that somebody reads first, on all notes."""
        asked = query_of(request, PartQuery)
        page = await self._moderation.held(asked.cursor, asked.limit)
        return private(with_cursor(request, page))

    async def held_for_me(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: the same on own notes, but for what the caller said."""
        asked, author = query_of(request, PartQuery), caller(request).user
        page = await self._moderation.held_for(author, asked.cursor, asked.limit)
        return private(with_cursor(request, page))

    async def own(self, request: web.Request) -> web.Response:
        """`?status=&cursor=&limit=20`: each with what became of it."""
        asked, user = query_of(request, OwnCommentsQuery), caller(request).user
        page = await self._talk.own(user, asked.status, asked.cursor, asked.limit)
        return private(with_cursor(request, page))

    async def asks(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: who asked, with which words, for which goods."""
        asked, author = query_of(request, PartQuery), caller(request).user
        page = await self._talk.asks(author, asked.cursor, asked.limit)
        return private(with_cursor(request, page))
