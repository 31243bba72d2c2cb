"""A worker over HTTP, as a test speaks to it."""

from typing import Any

import aiohttp

from server.access.auth import mint
from server.protocol.roles import Role
from server.settings import Settings


class Api:
    """A worker over HTTP, as somebody."""

    def __init__(self, session: aiohttp.ClientSession, settings: Settings, url: str) -> None:
        self.session, self.settings, self.url = session, settings, url

    def token(self, user: str, role: Role, rooms: list[str] | None = None) -> str:
        return mint(self.settings, user, role, rooms=rooms)

    async def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str | None = "h1",
        role: Role = Role.HOST,
        rooms: list[str] | None = None,
        **more: Any,
    ) -> tuple[int, Any]:
        """(status, JSON body); `user` None sends no token."""
        headers = more.pop("headers", {})
        if user is not None:
            headers["Authorization"] = f"Bearer {self.token(user, role, rooms)}"
        if body is not None:
            more["json"] = body
        async with self.session.request(
            method, self.url + path, headers=headers, **more
        ) as response:
            text = await response.text()
            is_json = response.content_type == "application/json"
            return response.status, await response.json() if is_json and text else text

    async def refused(self, status: int, code: str, *args: Any, **more: Any) -> str:
        """Send what must be refused so; the sentence."""
        got, body = await self.send(*args, **more)
        if is_command := body.get("t") == "err":  # a command is answered as on a socket
            body = {"error": {name: body[name] for name in ("code", "msg")}}
        assert (got, body["error"]["code"]) == (status, code), (body, is_command)
        assert set(body) == {"error"}
        assert set(body["error"]) == {"code", "msg"}
        assert body["error"]["msg"].endswith((".", "?"))
        return str(body["error"]["msg"])
