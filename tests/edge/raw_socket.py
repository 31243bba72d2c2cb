"""A client made of bytes: it can say everything a WebSocket library would never say."""

import asyncio
import contextlib
import json
import struct
from typing import Any, NamedTuple, Self

import msgpack

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455 section 1.3
CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FIN, RSV1 = 0x80, 0x40
ANSWER_S_MAX = 60.0
"""A test that waits longer than this for bytes has failed."""


class Response(NamedTuple):
    """An HTTP response: names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: str


class Received(NamedTuple):
    """One frame from the server."""

    first: int
    payload: bytes

    @property
    def opcode(self) -> int:
        return self.first & 0x0F


def request(room: str = "r1", *lines: str, drop: str = "", path: str = "") -> bytes:
    """An upgrade request; `lines` are added, the header named `drop` is left out."""
    head = [
        f"GET {path or f'/v1/rooms/{room}/ws'} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {KEY}",
    ]
    kept = [line for line in head if not drop or not line.lower().startswith(drop.lower())]
    return "\r\n".join([*kept, *lines, "", ""]).encode()


def frame(payload: bytes | str = b"", opcode: int = TEXT, *, first: int | None = None) -> bytes:
    """A masked frame. `first` is its first byte as it is; else FIN and the opcode."""
    data = payload.encode() if isinstance(payload, str) else payload
    head = bytes([FIN | opcode if first is None else first])
    if len(data) < 126:
        head += bytes([0x80 | len(data)])
    elif len(data) < 0x10000:
        head += struct.pack("!BH", 0x80 | 126, len(data))
    else:
        head += struct.pack("!BQ", 0x80 | 127, len(data))
    mask = b"\x11\x22\x33\x44"
    return head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))


def command(op: str, ref: int = 1, **fields: Any) -> bytes:
    """A frame with a command in JSON."""
    return frame(json.dumps({"op": op, "ref": ref} | fields))


class RawSocket:
    """A TCP connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def send(self, *data: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(b"".join(data))

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):  # when the server has cut the connection
            await self.writer.wait_closed()

    # HTTP

    async def response(self) -> Response:
        """The next HTTP response, its body read by Content-Length."""
        async with asyncio.timeout(ANSWER_S_MAX):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        status_line, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await self._read(int(headers.get("content-length", "0")))
        return Response(int(status_line.split(" ")[1]), headers, body.decode())

    async def upgrade(self, *lines: str, room: str = "r1") -> Response:
        """Send a good upgrade request; the response, which must be 101."""
        self.send(request(room, *lines))
        response = await self.response()
        assert response.status == 101
        return response

    # WebSocket

    async def received(self) -> Received:
        """The next frame. The server must not mask."""
        first, second = await self._read(2)
        assert second < 0x80
        size = second
        if second == 126:
            (size,) = struct.unpack("!H", await self._read(2))
        elif second == 127:
            (size,) = struct.unpack("!Q", await self._read(8))
        return Received(first, await self._read(size))

    async def messages(self) -> list[dict[str, Any]]:
        """The messages of the next frame that holds any; control frames are passed over."""
        while (got := await self.received()).opcode in (PING, PONG):
            pass
        assert got.opcode in (TEXT, BINARY), got
        if got.opcode == TEXT:
            return list(json.loads(got.payload))
        return list(msgpack.unpackb(got.payload))

    async def message(self, t: str) -> dict[str, Any]:
        """The next message of this type; others are passed over."""
        return await self.message_of(t)

    async def message_of(self, *types: str) -> dict[str, Any]:
        """The next message of one of these types; others are passed over."""
        while True:
            for message in await self.messages():
                if message["t"] in types:
                    return message

    async def join(self, token: str | None = None, **fields: Any) -> dict[str, Any]:
        """Upgrade, join, and the reply, which must be ok."""
        await self.upgrade()
        self.send(command("join", **fields | ({"token": token} if token else {})))
        [reply] = await self.messages()
        assert reply["t"] == "ok", reply
        return reply

    async def ended(self) -> tuple[int, list[dict[str, Any]]]:
        """The code of the close frame and the messages before it; TCP must end after it.

        Our side answers the close frame as a client should.
        """
        said: list[dict[str, Any]] = []
        while (got := await self.received()).opcode != CLOSE:
            if got.opcode == TEXT:
                said += json.loads(got.payload)
        self.send(frame(got.payload[:2], CLOSE))
        assert await self.is_cut() == b"", "the server goes on after its close frame"
        code = struct.unpack("!H", got.payload[:2])[0] if got.payload else 1005
        return code, said

    async def is_cut(self) -> bytes:
        """Wait for the end of TCP, however it comes; what was read before it."""
        read = b""
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(ANSWER_S_MAX):
                while more := await self.reader.read(65536):
                    read += more
        return read

    async def _read(self, size: int) -> bytes:
        async with asyncio.timeout(ANSWER_S_MAX):
            return await self.reader.readexactly(size)
