"""Quick replies over HTTP."""

from aiohttp import web

from server.features.quick_replies.messages import (
    QuickRepliesOk,
    QuickRepliesRead,
    QuickReply,
    QuickReplyRemove,
    QuickReplySave,
)
from server.protocol.fields import Id
from server.protocol.message import Command
from server.protocol.roles import Role
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.path import part_of_path
from server.web.route import REF, Route

SavedBody = fields_of(QuickReplySave, "reply")


class QuickReplyRoutes:
    """The routes of host and moderators."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types; each answers with all saved answers as they are then."""
        path, staff = "/v1/rooms/{room}/quick-replies", Role.MODERATOR
        one, bound = f"{path}/{{reply}}", "50 saved answers a host"
        replies = list[QuickReply]
        return [
            Route(
                "GET", path, "Read the host's saved answers.", self.read, staff, result=replies,
                bound=bound,
            ),
            Route(
                "POST", path, "Save an answer.", self.add, staff, SavedBody, replies, bound=bound,
                no_key="a text is saved once",
            ),
            Route(
                "PUT", one, "Change a saved answer.", self.change, staff, SavedBody, replies,
                bound=bound,
            ),
            Route(
                "DELETE", one, "Remove a saved answer.", self.remove, Role.HOST, result=replies,
                bound=bound,
            ),
        ]  # fmt: skip

    async def read(self, request: web.Request) -> web.Response:
        """The saved answers in their order."""
        return await self._run(request, QuickRepliesRead(ref=REF))

    async def add(self, request: web.Request) -> web.Response:
        """Save one more."""
        body = await body_of(request, SavedBody)
        return await self._run(request, with_fields(QuickReplySave, body, REF))

    async def change(self, request: web.Request) -> web.Response:
        """Change one, where it stands."""
        body = await body_of(request, SavedBody)
        cmd = with_fields(QuickReplySave, body, REF, reply=_reply_in(request))
        return await self._run(request, cmd)

    async def remove(self, request: web.Request) -> web.Response:
        """Remove one."""
        return await self._run(request, QuickReplyRemove(ref=REF, reply=_reply_in(request)))

    async def _run(self, request: web.Request, cmd: Command) -> web.Response:
        return json_response(
            (await run_command(self._dispatch, request, cmd, QuickRepliesOk)).replies
        )


def _reply_in(request: web.Request) -> str:
    return part_of_path(request, "reply", Id, "The id of a saved answer is 1 to 64 letters.")
