"""Moderation over HTTP: the rules of a room, and the log of who did what."""

import re

from aiohttp import web
from msgspec import Struct

from server.protocol.codes import CommandError
from server.protocol.community import Review, WordAction
from server.protocol.community_commands import Rules as RulesCommand
from server.protocol.community_commands import WordsPut, WordsRemove
from server.protocol.events import Ok
from server.protocol.fields import Words
from server.protocol.message import Command
from server.protocol.roles import Role
from server.rooms.call import Call
from server.rooms.directory import Directory
from server.rooms.dispatch import Dispatch, holds
from server.rooms.moderating.actions import PAGE_MAX, Actions, ActionsPage
from server.rooms.moderating.rules import Rules
from server.web.body import body_of
from server.web.caller import caller
from server.web.csv_response import csv_response
from server.web.errors import json_response
from server.web.rest import Route, number

_REF = 1
_PLACE = re.compile(r"\d{1,15}-\d{1,19}")


class RulesView(Struct, frozen=True):
    """The rules of a room: who may comment, what waits, and its own words by what they do."""

    followers_only: bool
    review: Review
    words: dict[str, WordAction]


class RulesBody(Struct, forbid_unknown_fields=True):
    """Body of `PATCH /v1/rooms/{room}/rules`; what is absent stays as it is."""

    followers_only: bool | None = None
    review: Review | None = None


class WordsBody(Struct, forbid_unknown_fields=True):
    """Body of `PUT /v1/rooms/{room}/words`: these words are blocked or held from now on."""

    words: Words
    action: WordAction


class ModerationRoutes:
    """Routes under /v1/rooms/{room} about what may be said, and who did what."""

    def __init__(
        self, rules: Rules, actions: Actions, directory: Directory, dispatch: Dispatch
    ) -> None:
        self._rules = rules
        self._actions = actions
        self._directory = directory
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, staff, host = "/v1/rooms/{room}", Role.MODERATOR, Role.HOST
        return [
            Route("GET", f"{room}/rules", "Read the rules.", self.rules, host, result=RulesView),
            Route("PATCH", f"{room}/rules", "Change rules.", self.change, staff, RulesBody),
            Route("PUT", f"{room}/words", "Block or hold words.", self.put, staff, WordsBody),
            Route("DELETE", f"{room}/words/{{word}}", "Let a word pass.", self.remove, staff),
            Route(
                "GET", f"{room}/actions", "Read who did what.", self.page, host, result=ActionsPage
            ),
            Route("GET", f"{room}/actions.csv", "Download who did what.", self.csv, host),
        ]

    async def rules(self, request: web.Request) -> web.Response:
        """The rules as they stand. Moderators read them with the command `desk`."""
        loaded = await self._rules.read(await self._own_room(request))
        return json_response(RulesView(loaded.followers_only, loaded.review, loaded.actions()))

    async def change(self, request: web.Request) -> web.Response:
        """Change who may comment and what waits for review."""
        body = await body_of(request, RulesBody)
        cmd = RulesCommand(ref=_REF, followers_only=body.followers_only, review=body.review)
        await self._do(request, cmd)
        return web.Response(status=204)

    async def put(self, request: web.Request) -> web.Response:
        """Block words, or hold comments that have them."""
        body = await body_of(request, WordsBody)
        await self._do(request, WordsPut(ref=_REF, words=body.words, action=body.action))
        return web.Response(status=204)

    async def remove(self, request: web.Request) -> web.Response:
        """Let a word pass again."""
        await self._do(request, WordsRemove(ref=_REF, words=[request.match_info["word"]]))
        return web.Response(status=204)

    async def page(self, request: web.Request) -> web.Response:
        """`?before=&limit=200`: a page of the log, the newest first; see ActionsPage."""
        room_id = await self._own_room(request)
        before = request.query.get("before", "")
        if before and not _PLACE.fullmatch(before):
            raise CommandError("bad_message", "`before` must be the `next` of an earlier page.")
        count = min(max(1, number(request, "limit", PAGE_MAX)), PAGE_MAX)
        return json_response(await self._actions.page(room_id, before, count))

    async def csv(self, request: web.Request) -> web.StreamResponse:
        """The whole log as CSV, the newest first; times in UTC."""
        room_id = await self._own_room(request)
        return await csv_response(request, f"actions-{room_id}", self._actions.csv(room_id))

    async def _own_room(self, request: web.Request) -> str:
        """The room's id, if the caller is its host or an admin. Raises CommandError."""
        room_id = request.match_info["room"]
        who = caller(request)
        if not holds(who, Role.HOST, room_id, await self._directory.host_of(room_id)):
            raise CommandError("forbidden", "The rules and the log of a room are for its host.")
        return room_id

    async def _do(self, request: web.Request, cmd: Command) -> Ok:
        return await self._dispatch.run(Call(request.match_info["room"], caller(request)), cmd)
