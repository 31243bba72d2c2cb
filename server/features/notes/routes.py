"""Notes over HTTP: read by everybody, written by their authors, removed by the operator."""

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta

from server.access.auth import Identity
from server.features.notes.after_stream import AfterStream
from server.features.notes.bodies import Marked, NoteBody, NotesPage, NoteView
from server.features.notes.marks import Mark, Marks
from server.features.notes.note_book import NoteBook, Wanted
from server.features.notes.notes import REASON_CHARS_MAX, Notes
from server.protocol.input import Input
from server.protocol.roles import Role
from server.web.body import body_of, must_say_nothing
from server.web.caller import caller, caller_or_guest
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.query import query_of
from server.web.route import Route

PLACE = r"[0-9]{1,15}-[A-Za-z0-9_-]{1,24}"
_NOBODY = Identity("", "", Role.GUEST)
"""Who reads without a token."""


class PartQuery(Input, frozen=True):
    """Which part of a list, the newest first: `limit` after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(PLACE)] = ""
    limit: Annotated[int, Meta(ge=1, le=50)] = 20


class NotesQuery(PartQuery, frozen=True):
    """The same; of an author, with a tag, in a status."""

    author: Annotated[str, Meta(max_length=64, description="the id of the author")] = ""
    tag: Annotated[str, Meta(max_length=100, description="a tag of at most 100 characters")] = ""
    status: Literal["", "draft", "public", "held", "removed"] = ""


class RemoveBody(Input, frozen=True):
    """Why a note or a comment is removed; who wrote it is told."""

    reason: Annotated[str, Meta(min_length=1, max_length=REASON_CHARS_MAX)]


class NoteRoutes:
    """The routes of notes, of likes and of collections."""

    def __init__(
        self, notes: Notes, book: NoteBook, marks: Marks, after_stream: AfterStream
    ) -> None:
        self._notes = notes
        self._book = book
        self._marks = marks
        self._after_stream = after_stream

    def routes(self) -> list[Route]:
        """Every route with its types."""
        return [*self._of_notes(), *self._of_marks(), *self._of_operator()]

    def _of_notes(self) -> list[Route]:
        notes, note, user = "/v1/notes", "/v1/notes/{note}", Role.VIEWER
        return [
            Route(
                "GET", notes, "Read notes, the newest first.", self.page, result=NotesPage,
                query=NotesQuery,
            ),
            Route(
                "POST", notes, "Write a note.", self.make, user, NoteBody, NoteView, status=201
            ),
            Route("GET", note, "Read a note.", self.one, result=NoteView),
            Route("PATCH", note, "Change an own note.", self.change, user, NoteBody, NoteView),
            Route("DELETE", note, "Delete an own note.", self.delete, user),
            Route(
                "POST", "/v1/rooms/{room}/note-draft", "Draft a note about an own stream.",
                self.draft, Role.HOST, result=NoteView, status=201,
            ),
        ]  # fmt: skip

    def _of_marks(self) -> list[Route]:
        like, collect = "/v1/notes/{note}/like", "/v1/notes/{note}/collect"
        user = Role.VIEWER
        return [
            Route("PUT", like, "Like a note.", self.put_like, user, result=Marked),
            Route("DELETE", like, "Take a like back.", self.drop_like, user, result=Marked),
            Route("PUT", collect, "Collect a note.", self.put_collect, user, result=Marked),
            Route(
                "DELETE", collect, "Take a note out of your collection.", self.drop_collect, user,
                result=Marked,
            ),
            Route(
                "GET", "/v1/me/collections", "Read the notes that you collected.", self.collected,
                user, result=NotesPage, query=PartQuery,
            ),
        ]  # fmt: skip

    def _of_operator(self) -> list[Route]:
        return [
            Route(
                "POST", "/v1/notes/{note}/remove", "Remove a note.", self.remove, Role.ADMIN,
                RemoveBody, NoteView, no_key="removing twice is removing",
            ),
            Route(
                "POST", "/v1/notes/{note}/show", "Show a note that waits, or again.", self.show,
                Role.ADMIN, result=NoteView, no_key="showing twice is showing",
            ),
        ]  # fmt: skip

    async def page(self, request: web.Request) -> web.Response:
        """`?author=&tag=&status=&cursor=&limit=20`: public notes; drafts, and what waits or was
        removed, for their author and the operator."""
        asked, who = query_of(request, NotesQuery), reader(request)
        wanted = Wanted(asked.author, asked.tag, asked.status or "public")
        page = await self._book.page(wanted, who, asked.cursor, asked.limit)
        return private(with_cursor(request, page))

    async def make(self, request: web.Request) -> web.Response:
        """The note as its author sees it: a draft, public, or `held` for the operator."""
        who, body = caller(request), await body_of(request, NoteBody)
        note = await self._notes.make(who, body)
        return private(await self._book.one(note, who), status=201)

    async def one(self, request: web.Request) -> web.Response:
        """The note with its goods, prices and rooms as they are now."""
        return private(await self._book.one(request.match_info["note"], reader(request)))

    async def change(self, request: web.Request) -> web.Response:
        """The note as it is then; what the body leaves out stays."""
        who, note = caller(request), request.match_info["note"]
        await self._notes.change(who, note, await body_of(request, NoteBody))
        return private(await self._book.one(note, who))

    async def delete(self, request: web.Request) -> web.Response:
        """Nothing: it is gone, with its likes and comments."""
        await self._notes.delete(caller(request), request.match_info["note"])
        return web.Response(status=204)

    async def draft(self, request: web.Request) -> web.Response:
        """The draft, for the host to finish: what was pinned, and what was answered most."""
        await must_say_nothing(request)
        who = caller(request)
        note = await self._after_stream.draft(who, request.match_info["room"])
        return private(await self._book.one(note, who), status=201)

    async def put_like(self, request: web.Request) -> web.Response:
        """Answer with what you did with the note, and how many did."""
        return await self._mark(request, "like", on=True)

    async def drop_like(self, request: web.Request) -> web.Response:
        """The same, without your like."""
        return await self._mark(request, "like", on=False)

    async def put_collect(self, request: web.Request) -> web.Response:
        """Answer with what you did with the note, and how many did."""
        return await self._mark(request, "collect", on=True)

    async def drop_collect(self, request: web.Request) -> web.Response:
        """The same; it is in your collection no longer."""
        return await self._mark(request, "collect", on=False)

    async def collected(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: public notes, the last collected first."""
        asked = query_of(request, PartQuery)
        page = await self._book.collected(caller(request), asked.cursor, asked.limit)
        return private(with_cursor(request, page))

    async def remove(self, request: web.Request) -> web.Response:
        """Only its author goes on seeing it, with the reason."""
        body, who, note = await body_of(request, RemoveBody), caller(request), _note(request)
        await self._notes.remove(note, body.reason, who.user)
        return private(await self._book.one(note, who))

    async def show(self, request: web.Request) -> web.Response:
        """Everybody sees it from now on."""
        await must_say_nothing(request)
        who, note = caller(request), _note(request)
        await self._notes.show(note, who.user)
        return private(await self._book.one(note, who))

    async def _mark(self, request: web.Request, mark: Mark, *, on: bool) -> web.Response:
        marked = await self._marks.put(caller(request), _note(request), mark, on=on)
        return private(marked)


def reader(request: web.Request) -> Identity:
    """Return who reads: the sender of the request, or a guest. Raises CommandError."""
    return caller_or_guest(request) or _NOBODY


def private(body: object, *, status: int = 200) -> web.Response:
    """An answer that no cache keeps: it depends on who reads."""
    response = json_response(body, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _note(request: web.Request) -> str:
    return request.match_info["note"]
