"""The few HTTP requests a simulation makes."""

import os
from typing import Any, Self

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout

from client_sim.client.wire import Message
from client_sim.tokens import CannotRun


class Rest:
    """`/v1` of one server, as the owner of a token. An async context manager."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.rstrip("/")
        self._token = token

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            headers={"Authorization": f"Bearer {self._token}"}, timeout=ClientTimeout(total=30)
        )
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._session.close()

    async def room(self, room: str) -> Message | None:
        """The room's public state; None if there is no such room."""
        status, body = await self._call("GET", f"/v1/rooms/{room}")
        if status == 404:
            return None
        return self._good(status, body, f"read room {room}")

    async def create(self, room: str, title: str) -> None:
        """Create a room; one that is there already is fine."""
        status, body = await self._call("POST", "/v1/rooms", {"room": room, "title": title})
        if status != 409:
            self._good(status, body, f"create room {room}")

    async def open_group(self, host: str, title: str, admits: str) -> str:
        """Make the host's fan group, or change it; the id of its room."""
        body = {"title": title, "admits": admits}
        status, group = await self._call("PUT", f"/v1/hosts/{host}/group", body)
        room: str = self._good(status, group, f"make the fan group of {host}")["id"]
        return room

    async def read(self, path: str) -> Message:
        """Anything under /v1 that is an object."""
        status, body = await self._call("GET", f"/v1/{path}")
        return self._good(status, body, f"read {path}")

    async def read_list(self, path: str) -> list[Message]:
        """Anything under /v1 that is a list of objects. Raises CannotRun."""
        status, body = await self._call("GET", f"/v1/{path}")
        if status < 400 and isinstance(body, list):
            return body
        raise self._refused(body, f"read {path}", status)

    async def write(self, method: str, path: str, body: Message | None = None) -> Message:
        """Write anything under /v1 that answers with an object. Raises CannotRun."""
        status, answer = await self._call(method, f"/v1/{path}", body)
        return self._good(status, answer, f"{method} {path}")

    async def orders(self, room: str) -> list[Message]:
        """All orders of a room, as its host sees them."""
        found: dict[str, Message] = {}  # by id: one that changes meanwhile is on two pages
        after = 0
        while True:
            status, body = await self._call("GET", f"/v1/rooms/{room}/orders?after={after}")
            page = self._good(status, body, f"read the orders of room {room}")
            found |= {order["order"]: order for order in page["orders"]}
            if page.get("next") is None:
                return list(found.values())
            after = page["next"]

    async def stats(self, room: str) -> Message:
        """A room's totals, as its host sees them: `orders` and `units` by status."""
        status, body = await self._call("GET", f"/v1/rooms/{room}/stats")
        return self._good(status, body, f"read the totals of room {room}")

    async def send_bytes(self, path: str, content: bytes) -> Message:
        """Send bytes, such as a picture, to anything under /v1. Raises CannotRun."""
        status, answer = await self._call("POST", f"/v1/{path}", data=content)
        return self._good(status, answer, f"send {len(content)} bytes to {path}")

    async def is_there(self, path: str) -> bool:
        """Whether there is such an object under /v1 for this reader. Raises CannotRun."""
        status, body = await self._call("GET", f"/v1/{path}")
        if status == 404:
            return False
        self._good(status, body, f"read {path}")
        return True

    async def _call(
        self, method: str, path: str, body: Message | None = None, data: bytes | None = None
    ) -> tuple[int, Any]:
        try:
            async with self._session.request(
                method, self._url + path, json=body, data=data
            ) as response:
                return response.status, await response.json(content_type=None)
        except (ClientError, TimeoutError, OSError) as error:
            raise CannotRun(
                f"No server answers at {self._url} ({_why(error)}): start one "
                "with `liveroom serve`, or give its address with --url."
            ) from None
        except ValueError:
            raise CannotRun(f"{self._url}{path} did not answer with JSON.") from None

    def _good(self, status: int, body: Any, aim: str) -> Message:
        if status < 400 and isinstance(body, dict):
            return body
        raise self._refused(body, aim, status)

    def _refused(self, body: Any, aim: str, status: int) -> CannotRun:
        told = body if isinstance(body, dict) else {}
        said = told.get("detail") or told.get("msg") or f"HTTP {status}"  # a problem, or an `err`
        return CannotRun(f"Could not {aim}: {said}")


def _why(error: Exception) -> str:
    """Return the reason, without the address and the workings of the client around it."""
    below = error.os_error if isinstance(error, ClientConnectorError) else error
    if isinstance(below, ConnectionError) and below.errno:
        return os.strerror(below.errno)
    return str(error) or type(error).__name__
