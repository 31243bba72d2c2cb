"""The WebSocket's path over HTTP: any request of a connection may ask for the WebSocket.

The edge sees the first request of a socket and upgrades it without the HTTP side. Proxies keep
sockets and send requests of many people over one: a later one that asks is handed back to the
edge here, with the head as it came.
"""

from typing import Protocol, runtime_checkable

from aiohttp import web


@runtime_checkable
class Upgradable(Protocol):
    """The edge's side of a socket that speaks HTTP."""

    def upgrade(self, head: bytes, rest: bytes) -> None:
        """Take the socket back, and answer the request of this head; `rest` came after it."""


async def upgrade(request: web.Request) -> web.Response:
    """Hand the socket to the edge; 426 if the request does not ask for a WebSocket."""
    transport = request.transport
    socket: object = transport.get_protocol() if transport is not None else None
    if not _asks_for_websocket(request) or not isinstance(socket, Upgradable):
        return _upgrade_required()
    # What came behind the head waits in aiohttp, which stops parsing at an upgrade; its own
    # WebSockets take it from there too.
    rest = bytes(request.protocol._message_tail)  # noqa: SLF001
    socket.upgrade(_head_of(request), rest)
    return web.Response()  # goes nowhere: the HTTP side has no socket any more


def _asks_for_websocket(request: web.Request) -> bool:
    offered = ",".join(request.headers.getall("Upgrade", ())).split(",")
    return any(protocol.strip().lower() == "websocket" for protocol in offered)


def _head_of(request: web.Request) -> bytes:
    """The request's head as it came, white space around values apart."""
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
