"""Prompts over HTTP, for the tools of a host's team."""

from aiohttp import web

from server.features.prompts.messages import (
    Prompt,
    PromptClear,
    PromptSend,
    PromptsOk,
    PromptsRead,
)
from server.protocol.fields import Id
from server.protocol.message import Command, Ok
from server.protocol.roles import Role
from server.rooms.dispatch import Dispatch
from server.web.body import body_of
from server.web.calls import fields_of, run_command, with_fields
from server.web.errors import json_response
from server.web.path import part_of_path
from server.web.route import REF, Route

PromptBody = fields_of(PromptSend)


class PromptRoutes:
    """The routes of host and moderators."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, staff = "/v1/rooms/{room}/prompts", Role.MODERATOR
        return [
            Route(
                "GET", path, "Read the host's prompts.", self.read, staff, result=list[Prompt],
                bound="the 10 newest",
            ),
            Route("POST", path, "Prompt the host.", self.send, staff, PromptBody),
            Route("DELETE", f"{path}/{{prompt}}", "Take a prompt off.", self.clear, staff),
        ]  # fmt: skip

    async def read(self, request: web.Request) -> web.Response:
        """Answer with what stands on the host's screen, the newest last."""
        ok = await run_command(self._dispatch, request, PromptsRead(ref=REF), PromptsOk)
        return json_response(ok.prompts)

    async def send(self, request: web.Request) -> web.Response:
        """Nothing: the host is told."""
        return await self._run(
            request, with_fields(PromptSend, await body_of(request, PromptBody), REF)
        )

    async def clear(self, request: web.Request) -> web.Response:
        """Nothing: it stands there no longer."""
        prompt = part_of_path(request, "prompt", Id, "The id of a prompt is 1 to 64 letters.")
        return await self._run(request, PromptClear(ref=REF, prompt=prompt))

    async def _run(self, request: web.Request, cmd: Command) -> web.Response:
        await run_command(self._dispatch, request, cmd, Ok)
        return web.Response(status=204)
