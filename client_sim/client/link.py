"""One WebSocket connection to one room, from handshake to close. It never reconnects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol
from urllib.parse import quote, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.typing import Subprotocol

from .errors import CommandRefused, Unanswered
from .wire import Message, Wire

FINAL_CLOSES = {1000, 1002, 1003, 1007, 1008, 1009, 1010}
FINAL_CLOSES_MIN = 4400
"""These close codes, and all from the second on, say that coming back makes no sense."""
NO_CODE = 1006  # RFC 6455 7.4.1: what a connection that broke is said to be closed with


class Lost(Exception):
    """The connection is gone. `reconnect_ms` is from `bye`; `come_back` means to try again."""

    def __init__(
        self,
        code: int,
        reason: str,
        *,
        reconnect_ms: int | None = None,
        come_back: bool = True,
    ) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.reconnect_ms = reconnect_ms
        self.come_back = come_back


class LinkOptions(Protocol):
    """The part of a client's options that one connection needs."""

    @property
    def join_s_max(self) -> float:
        """Time for handshake and reply to `join`."""

    @property
    def frame_bytes_max(self) -> int:
        """Largest frame accepted."""

    @property
    def deflate(self) -> bool:
        """Whether to offer compression."""

    @property
    def proxy(self) -> str | None:
        """URL of a proxy."""


@asynccontextmanager
async def connected(url: str, room: str, wire: Wire, options: LinkOptions) -> AsyncIterator["Link"]:
    """A connection to a room, not joined yet. Raises Lost."""
    link = Link(await _connect(room_url(url, room), wire, options), wire, options)
    try:
        yield link
    finally:
        await link.close()


async def _connect(url: str, wire: Wire, options: LinkOptions) -> ClientConnection:
    # The server's window is kept: it compresses a comment by those before it.
    deflate = ClientPerMessageDeflateFactory(client_no_context_takeover=True)
    try:
        ws = await connect(
            url,
            subprotocols=[Subprotocol(wire.value)],
            compression=None,
            extensions=[deflate] if options.deflate else None,
            open_timeout=options.join_s_max,
            close_timeout=2,
            max_size=options.frame_bytes_max,
            proxy=options.proxy,
        )
    except InvalidURI as exc:
        raise Lost(0, f"{url} is not an address to connect to: {exc}", come_back=False) from None
    except InvalidStatus as exc:
        raise _refused(exc) from None
    except (OSError, TimeoutError, InvalidHandshake, EOFError) as exc:
        raise Lost(0, f"could not connect to {url}: {exc or type(exc).__name__}") from None
    if ws.subprotocol != wire.value:
        await ws.close()
        raise Lost(0, f"the server at {url} does not speak {wire.value}", come_back=False)
    return ws


class Link:
    """`join` once, then iterate over frames: lists of messages.

    Joining and iterating raise Lost when the connection ends; the iteration never ends otherwise.
    """

    def __init__(self, ws: ClientConnection, wire: Wire, options: LinkOptions) -> None:
        self._ws = ws
        self._wire = wire
        self._options = options
        self._early: list[Message] = []  # events in the frame that carried the join's reply
        self._bye: Message | None = None

    async def close(self) -> None:
        """Say good-bye and wait until the connection is gone."""
        await self._ws.close()

    def drop(self) -> None:
        """Break the connection without a word."""
        self._ws.transport.abort()

    async def join(self, fields: Message) -> Message:
        """Send `join`; its `ok` reply. Raises CommandRefused, or Lost if we should try later."""
        try:
            async with asyncio.timeout(self._options.join_s_max):
                await self._write({"op": "join", "ref": 1} | fields)
                while True:
                    for message in await self._read():
                        self._early.append(message)
                        if message["t"] in ("ok", "err"):
                            return self._judge(message)
        except TimeoutError:
            raise Lost(0, f"no reply to join in {self._options.join_s_max:g} s") from None

    def _judge(self, reply: Message) -> Message:
        self._early.remove(reply)
        if reply["t"] == "ok":
            return reply
        if reply.get("retry_ms") is not None or reply["code"] == "unavailable":
            raise Lost(0, f"join refused: {reply['msg']}", reconnect_ms=reply.get("retry_ms"))
        raise CommandRefused(reply["code"], reply["msg"])

    async def send(self, command: Message) -> None:
        """Write one command. Raises Unanswered if the connection is gone."""
        try:
            await self._write(command)
        except Lost:
            raise Unanswered("The connection was lost while sending.", lost=True) from None

    async def __aiter__(self) -> AsyncIterator[list[Message]]:
        if self._early:
            yield self._early
        while True:
            yield await self._read()

    async def _write(self, command: Message) -> None:
        try:
            await self._ws.send(self._wire.pack(command))
        except ConnectionClosed as closed:
            raise self._lost(closed) from None

    async def _read(self) -> list[Message]:
        try:
            messages = self._wire.unpack(await self._ws.recv())
        except ConnectionClosed as closed:
            raise self._lost(closed) from None
        for message in messages:
            if message["t"] == "bye":
                self._bye = message
        return messages

    def _lost(self, closed: ConnectionClosed) -> Lost:
        code = closed.rcvd.code if closed.rcvd is not None else NO_CODE
        reason = closed.rcvd.reason if closed.rcvd is not None else str(closed)
        if self._bye is not None:
            pause_ms = self._bye.get("reconnect_ms")
            code = self._bye["code"]
            said = self._bye.get("msg") or reason
            return Lost(code, said, reconnect_ms=pause_ms, come_back=comes_back(code))
        return Lost(code, reason or "closed", come_back=comes_back(code))


def comes_back(code: int) -> bool:
    """Return whether a client comes back after this close code (docs/protocol.md, "Closes")."""
    return code not in FINAL_CLOSES and code < FINAL_CLOSES_MIN


def _refused(exc: InvalidStatus) -> Lost:
    """A handshake answered with HTTP: too busy means later, anything else means never."""
    response = exc.response
    later = response.status_code in (408, 425, 429) or response.status_code >= 500
    after_s = response.headers.get("Retry-After", "")
    pause_ms = int(after_s) * 1000 if later and after_s.isdigit() else None
    said = (response.body or b"").decode(errors="replace").strip()[:200]
    reason = said or f"HTTP {response.status_code}"
    return Lost(response.status_code, reason, reconnect_ms=pause_ms, come_back=later)


def room_url(url: str, room: str) -> str:
    """The WebSocket address of a room below a server's base URL (http, https, ws or wss)."""
    return _below(url, {"http": "ws", "https": "wss"}, room, "/ws")


def room_http_url(url: str, room: str) -> str:
    """The HTTP address of a room below a server's base URL (http, https, ws or wss)."""
    return _below(url, {"ws": "http", "wss": "https"}, room, "")


def _below(url: str, schemes: dict[str, str], room: str, end: str) -> str:
    parts = urlsplit(url)
    scheme = schemes.get(parts.scheme, parts.scheme)
    path = f"{parts.path.rstrip('/')}/v1/rooms/{quote(room, safe='')}{end}"
    return urlunsplit((scheme, parts.netloc, path, "", ""))
