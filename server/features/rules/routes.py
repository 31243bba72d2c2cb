"""The rules of a room over HTTP."""

from aiohttp import web
from msgspec import Struct

from server.features.rules.messages import Review, WordAction, WordsOk, WordsPut, WordsRemove
from server.features.rules.messages import Rules as RulesCommand
from server.features.rules.rules import Rules
from server.protocol.fields import Words
from server.protocol.input import Input
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import run_command
from server.web.errors import json_response
from server.web.route import REF, Route


class RulesView(Struct, frozen=True):
    """The rules of a room: who may comment, what waits, and its own words by what they do."""

    followers_only: bool
    review: Review
    words: dict[str, WordAction]


class RulesBody(Input, frozen=True):
    """Body of `PATCH /v1/rooms/{room}/rules`; what is absent stays as it is."""

    followers_only: bool | None = None
    review: Review | None = None


class WordsBody(Input, frozen=True):
    """Body of `PUT /v1/rooms/{room}/words`: these words are blocked or held from now on."""

    words: Words
    action: WordAction


class RuleRoutes:
    """Routes under /v1/rooms/{room} about what may be said."""

    def __init__(self, rules: Rules, dispatch: Dispatch) -> None:
        self._rules = rules
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        room, staff, host = "/v1/rooms/{room}", Role.MODERATOR, Role.HOST
        return [
            Route(
                *("GET", f"{room}/rules", "Read the rules.", self.rules, host),
                result=RulesView,
                bound="`moderation.words_max`",
            ),
            Route("PATCH", f"{room}/rules", "Change rules.", self.change, staff, RulesBody),
            Route("PUT", f"{room}/words", "Block or hold words.", self.put, staff, WordsBody),
            Route("DELETE", f"{room}/words/{{word}}", "Let a word pass.", self.remove, staff),
        ]

    async def rules(self, request: web.Request) -> web.Response:
        """The rules as they stand. Moderators read them with the command `desk`."""
        loaded = await self._rules.read(request.match_info["room"])
        return json_response(RulesView(loaded.followers_only, loaded.review, loaded.actions()))

    async def change(self, request: web.Request) -> web.Response:
        """Change who may comment and what waits for review."""
        body = await body_of(request, RulesBody)
        cmd = RulesCommand(ref=REF, followers_only=body.followers_only, review=body.review)
        await run_command(self._dispatch, request, cmd, Ok)
        return web.Response(status=204)

    async def put(self, request: web.Request) -> web.Response:
        """Block words, or hold comments that have them."""
        body = await body_of(request, WordsBody)
        cmd = WordsPut(ref=REF, words=body.words, action=body.action)
        await run_command(self._dispatch, request, cmd, WordsOk)
        return web.Response(status=204)

    async def remove(self, request: web.Request) -> web.Response:
        """Let a word pass again."""
        cmd = WordsRemove(ref=REF, words=[request.match_info["word"]])
        await run_command(self._dispatch, request, cmd, WordsOk)
        return web.Response(status=204)
