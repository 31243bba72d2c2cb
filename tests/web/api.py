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
            is_json = response.content_type.endswith("json")
            return response.status, await response.json() if is_json and text else text

    async def refused(self, status: int, code: str, *args: Any, **more: Any) -> str:
        """Send what must be refused so; the sentence."""
        got, body = await self.send(*args, **more)
        if body.get("t") == "err":  # a command is answered as on a socket
            assert (got, body["code"]) == (status, code), body
            return str(body["msg"])
        assert (got, body["code"]) == (status, code), body
        assert body["error"] == {"code": code, "msg": body["detail"]}
        assert (body["status"], body["type"]) == (status, f"urn:liveroom:error:{code}")
        assert set(body) - {"retry_ms"} == {"type", "title", "status", "detail", "code", "error"}
        assert body["detail"].endswith((".", "?"))
        return str(body["detail"])
