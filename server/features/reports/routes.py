"""Reports over HTTP: of viewers, at a room's desk, and the operator's queue."""

from typing import Annotated, Literal

from aiohttp import web
from msgspec import Meta, Struct

from server.features.reports.messages import (
    About,
    DeskReport,
    Report,
    ReportKind,
    ReportSettle,
    ReportsOk,
    ReportsRead,
    ReportText,
)
from server.features.reports.outcomes import Decision, Outcomes
from server.features.reports.report_book import (
    AuthorReports,
    Order,
    ReportBook,
    ReportedThing,
    ReportsPage,
    ThingView,
    Wanted,
)
from server.features.reports.reports import Reports
from server.protocol.codes import CommandError
from server.protocol.fields import Id, Seconds
from server.protocol.input import Input
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.dispatch import Dispatch
from server.rooms.plain_text import plain_text
from server.web.body import body_of
from server.web.caller import caller
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.paging import cursor_to, with_cursor
from server.web.path import part_of_path
from server.web.query import query_of
from server.web.route import REF, Route

NOTE_CHARS_MAX = 500
REASON_CHARS_MAX = 200
REPORTS_MAX = 1000
PLACE = r"[0-9]{1,15}-[0-9]{1,15}-t[0-9a-f]{20}"
UNTIL_MS_MAX = 4_102_444_800_000
_ROOM = r"^[A-Za-z0-9_.:@-]{0,64}$(?!\n)"
ReportBody = fields_of(Report)
SettleBody = fields_of(ReportSettle, "thing")
State = Literal["open", "closed"]
AnyKind = Literal["", ReportKind]
AnyAbout = Literal["", About]


class QueueQuery(Input, frozen=True):
    """Which reported things: those of which all of these hold, in which order; `limit` after the
    `cursor` of an earlier page."""

    state: State = "open"
    kind: AnyKind = ""
    about: AnyAbout = ""
    room: Annotated[str, Meta(pattern=_ROOM, description="the id of a room")] = ""
    user: Annotated[str, Meta(max_length=64, description="the id of who answers for it")] = ""
    order: Order = "most"
    cursor: Annotated[str, cursor_to(PLACE)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class AuthorQuery(Input, frozen=True):
    """Which part of it: `limit` after the `cursor` of an earlier page."""

    cursor: Annotated[str, cursor_to(PLACE)] = ""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20


class SettleOwnBody(Input, frozen=True):
    """What becomes of a reported comment: `dismissed` leaves it to the operator alone."""

    outcome: Literal["dismissed", "removed"]


class ThingQuery(Input, frozen=True):
    """Bounds the list of a thing's reports."""

    limit: Annotated[int, Meta(ge=1, le=REPORTS_MAX)] = 100


class ResolveBody(Input, frozen=True, kw_only=True):
    """What becomes of a reported thing: see Decision. `reason` is told to the banned user, or to
    the author of a hidden review or a removed note; `note` is for operators alone."""

    outcome: Literal["dismissed", "removed", "hidden", "muted", "banned"]
    note: Annotated[str, Meta(max_length=NOTE_CHARS_MAX)] = ""
    reason: Annotated[str, Meta(max_length=REASON_CHARS_MAX)] = ""
    seconds: Seconds = 3600
    until: Annotated[int, Meta(ge=1, le=UNTIL_MS_MAX)] | None = None
    everywhere: bool = False


class NoteReportBody(Input, frozen=True):
    """What is wrong with a note, or with a comment on it."""

    kind: ReportKind
    text: ReportText = ""


class RoomReports(Struct, frozen=True):
    """What waits at a room's desk (50 at most), the most reported first, and how many there are."""

    reports: list[DeskReport]
    total: int


class ReportRoutes:
    """The routes about reports."""

    def __init__(
        self, book: ReportBook, reports: Reports, outcomes: Outcomes, dispatch: Dispatch
    ) -> None:
        self._book = book
        self._reports = reports
        self._outcomes = outcomes
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, path, admin = "/v1/rooms/{room}/reports", "/v1/reports", Role.ADMIN
        return [
            Route(
                "POST", room, "Report something in a room.", self.report, Role.VIEWER, ReportBody,
                no_key="a user's second report of a thing takes the place of the first",
            ),
            Route(
                "POST", "/v1/notes/{note}/reports", "Report a note.", self.report_note,
                Role.VIEWER, NoteReportBody,
                no_key="a user's second report of a thing takes the place of the first",
            ),
            Route(
                "POST", "/v1/notes/{note}/comments/{comment}/reports",
                "Report a comment on a note.", self.report_note_comment, Role.VIEWER,
                NoteReportBody,
                no_key="a user's second report of a thing takes the place of the first",
            ),
            *self._of_author(),
            Route(
                "GET", room, "Read what is reported in a room.", self.at_desk, Role.MODERATOR,
                result=RoomReports, bound="the 50 most reported things",
            ),
            Route(
                "POST", f"{room}/{{thing}}/settle", "Settle what is reported in a room.",
                self.settle, Role.MODERATOR, SettleBody, no_key="a thing is settled once",
            ),
            Route(
                "GET", path, "Read what is reported in all rooms.", self.page, admin,
                result=ReportsPage, query=QueueQuery,
            ),
            Route(
                "GET", f"{path}/{{thing}}", "Read the reports of one thing.", self.one, admin,
                result=ThingView, query=ThingQuery,
            ),
            Route(
                "POST", f"{path}/{{thing}}/resolve", "Settle what is reported for good.",
                self.resolve, admin, ResolveBody, ReportedThing, no_key="a thing is settled once",
            ),
        ]  # fmt: skip

    def _of_author(self) -> list[Route]:
        own = "/v1/me/note-reports"
        return [
            Route(
                "GET", own, "Read which comments on your notes are reported.", self.of_author,
                Role.VIEWER, result=AuthorReports, query=AuthorQuery,
            ),
            Route(
                "POST", f"{own}/{{thing}}/settle", "Settle a reported comment on your note.",
                self.settle_own, Role.VIEWER, SettleOwnBody, no_key="a thing is settled once",
            ),
        ]  # fmt: skip

    async def report(self, request: web.Request) -> web.Response:
        """Nothing: the report is kept, and nobody in the room learns who wrote it."""
        cmd = with_fields(Report, await body_of(request, ReportBody), REF)
        await run_command(self._dispatch, request, cmd, Ok)
        return web.Response(status=204)

    async def report_note(self, request: web.Request) -> web.Response:
        """Nothing: the report is kept, and the author does not learn who wrote it."""
        body, note = await body_of(request, NoteReportBody), request.match_info["note"]
        await self._reports.report_note(caller(request).user, note, body.kind, body.text)
        return web.Response(status=204)

    async def report_note_comment(self, request: web.Request) -> web.Response:
        """Nothing: the report is kept, and the writer does not learn who wrote it."""
        body, at = await body_of(request, NoteReportBody), request.match_info
        by = caller(request).user
        await self._reports.report_note_comment(by, at["note"], at["comment"], body.kind, body.text)
        return web.Response(status=204)

    async def of_author(self, request: web.Request) -> web.Response:
        """`?cursor=&limit=20`: the most reported first; never who reported it."""
        asked, author = query_of(request, AuthorQuery), caller(request).user
        page = await self._book.of_author(author, asked.cursor, asked.limit)
        return _private(with_cursor(request, page))

    async def settle_own(self, request: web.Request) -> web.Response:
        """Nothing: it waits for the author no longer."""
        body = await body_of(request, SettleOwnBody)
        thing = request.match_info["thing"]
        await self._outcomes.settle_own(caller(request), thing, body.outcome)
        return web.Response(status=204)

    async def at_desk(self, request: web.Request) -> web.Response:
        """Answer with what host and moderators may settle; never who reported it."""
        ok = await run_command(self._dispatch, request, ReportsRead(ref=REF), ReportsOk)
        return json_response(RoomReports(ok.reports, ok.total))

    async def settle(self, request: web.Request) -> web.Response:
        """Nothing: it waits here no longer."""
        thing = part_of_path(request, "thing", Id, "The id of a reported thing is 1 to 64 letters.")
        body = await body_of(request, SettleBody)
        cmd = with_fields(ReportSettle, body, REF, thing=thing)
        await run_command(self._dispatch, request, cmd, Ok)
        return web.Response(status=204)

    async def page(self, request: web.Request) -> web.Response:
        """`?state=open&kind=&about=&room=&user=&order=most&cursor=&limit=20`: see ReportsPage."""
        asked = query_of(request, QueueQuery)
        wanted = Wanted(asked.state == "open", asked.kind, asked.about, asked.room, asked.user)
        page = await self._book.page(wanted, asked.order, asked.cursor, asked.limit)
        return _private(with_cursor(request, page))

    async def one(self, request: web.Request) -> web.Response:
        """`?limit=100`: who reported it, with which words; the newest first."""
        thing = request.match_info["thing"]
        found = await self._book.one(thing, query_of(request, ThingQuery).limit)
        if found is None:
            raise CommandError("not_found", f"Nothing was reported as `{thing[:64]}`.")
        return _private(found)

    async def resolve(self, request: web.Request) -> web.Response:
        """The thing, settled; what was to be done about it was done before."""
        body = await body_of(request, ResolveBody)
        decision = Decision(
            body.outcome, plain_text(body.note), body.reason, body.seconds, body.until,
            body.everywhere,
        )  # fmt: skip
        who, thing = caller(request), request.match_info["thing"]
        return _private(await self._outcomes.resolve(who, thing, decision))


def _private(body: object) -> web.Response:
    response = json_response(body)
    response.headers["Cache-Control"] = "no-store"
    return response
