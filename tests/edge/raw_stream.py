"""A client made of bytes that listens to a stream, and sends commands by POST."""

import asyncio
import json
from typing import Any, NamedTuple, Self

from tests.edge.raw_socket import ANSWER_S_MAX, RawSocket

Message = dict[str, Any]


class Sent(NamedTuple):
    """One server-sent event: its fields as they stand, its data as messages."""

    id: str
    retry: str
    messages: list[Message]


def get(room: str = "r1", *lines: str, query: str = "") -> bytes:
    """A request for the stream."""
    head = [f"GET /v1/rooms/{room}/stream{query} HTTP/1.1", "Host: 127.0.0.1", *lines, "", ""]
    return "\r\n".join(head).encode()


def post(body: Any, *lines: str, room: str = "r1", query: str = "") -> bytes:
    """A request with a command."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [
        f"POST /v1/rooms/{room}/commands{query} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Content-Length: {len(data)}",
        *lines,
        "",
        "",
    ]
    return "\r\n".join(head).encode() + data


class RawStream:
    """The events of a response that does not end."""

    def __init__(self, raw: RawSocket) -> None:
        self.raw = raw
        self.status = 0
        self.headers: dict[str, str] = {}
        self.heartbeats = 0
        self._data = b""

    async def open(self, *lines: str, room: str = "r1", query: str = "") -> Self:
        """Ask for the stream and read the head, which must be good."""
        self.raw.send(get(room, *lines, query=query))
        return await self.begin()

    async def begin(self) -> Self:
        """Read the head of the response."""
        async with asyncio.timeout(ANSWER_S_MAX):
            head = (await self.raw.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status, *fields = head.strip().split("\r\n")
        self.status = int(status.split(" ")[1])
        self.headers = {
            name.lower(): value for name, value in (line.split(": ", 1) for line in fields)
        }
        assert self.status == 200, head
        assert self.headers["content-type"].startswith("text/event-stream")
        return self

    async def sent(self) -> Sent:
        """The next event; comments are counted and passed over."""
        while True:
            fields = [line.partition(": ") for line in await self._lines()]
            by_name = {name: value for name, _, value in fields}
            if "data" in by_name:
                data = json.loads(by_name["data"])
                return Sent(by_name.get("id", ""), by_name.get("retry", ""), data)
            self.heartbeats += 1

    async def message(self, t: str) -> Message:
        """The next message of this type; others are passed over."""
        while True:
            for message in (await self.sent()).messages:
                if message["t"] == t:
                    return message

    async def _lines(self) -> list[str]:
        """The lines up to an empty one."""
        lines: list[str] = []
        while line := await self._line():
            lines.append(line)
        return lines

    async def _line(self) -> str:
        """The next line."""
        async with asyncio.timeout(ANSWER_S_MAX):
            while b"\n" not in self._data:
                self._data += await self._some()
        line, _, self._data = self._data.partition(b"\n")
        return line.decode()

    async def _some(self) -> bytes:
        """Some bytes of the body, which a proxy may have cut into chunks."""
        reader = self.raw.reader
        if self.headers.get("transfer-encoding") != "chunked":
            some = await reader.read(65536)
        else:
            some = await reader.readexactly(int(await reader.readuntil(b"\r\n"), 16))
            await reader.readexactly(2)
        assert some, "the stream ended"
        return some
