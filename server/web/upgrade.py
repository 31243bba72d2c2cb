"""Upgrades a later request of an HTTP socket to a WebSocket.

The edge inspects the first request of a socket and upgrades it without the HTTP side. But proxies
keep sockets and send many people's requests over one. If a later request asks for a WebSocket, this
module returns the socket to the edge, with the request's original head.
"""

from typing import Protocol, runtime_checkable

from aiohttp import web


@runtime_checkable
class Upgradable(Protocol):
    """An HTTP socket as the edge implements it."""

    def upgrade(self, head: bytes, rest: bytes) -> None:
        """Take the socket back and answer the request with this head; `rest` is what followed."""


async def upgrade(request: web.Request) -> web.Response:
    """Return the socket to the edge; 426 if the request does not ask for a WebSocket."""
    transport = request.transport
    socket: object = transport.get_protocol() if transport is not None else None
    if not _asks_for_websocket(request) or not isinstance(socket, Upgradable):
        return _upgrade_required()
    # aiohttp stops parsing at an upgrade and keeps the bytes after the head; its own WebSockets
    # read them from there too.
    rest = bytes(request.protocol._message_tail)  # noqa: SLF001
    socket.upgrade(_head_of(request), rest)
    return web.Response()  # is never sent: the HTTP side has no socket any more


def _asks_for_websocket(request: web.Request) -> bool:
    offered = ",".join(request.headers.getall("Upgrade", ())).split(",")
    return any(protocol.strip().lower() == "websocket" for protocol in offered)


def _head_of(request: web.Request) -> bytes:
    """Return the request's original head, except for white space around values."""
    version = f"HTTP/{request.version.major}.{request.version.minor}"
    line = f"{request.method} {request.raw_path} {version}"
    fields = (name + b": " + value for name, value in request.raw_headers)
    return b"\r\n".join([line.encode("utf-8", "surrogateescape"), *fields, b"", b""])


def _upgrade_required() -> web.Response:
    response = web.Response(
        status=426,
        text="This is a WebSocket: send `Upgrade: websocket` and `Connection: Upgrade`.\n",
        headers={"Upgrade": "websocket", "Connection": "close, Upgrade"},
    )
    response.force_close()
    return response
