"""The edge of a worker: its listening socket, its connections and their deadlines."""

import asyncio
import logging
import secrets
import socket
from collections.abc import Callable, Coroutine, Mapping
from random import Random
from typing import Any, Self

from prometheus_client import Counter, Histogram

from server.access.auth import Identity, TokenVerifier
from server.access.origin import base_url
from server.access.rate import PerSecond
from server.background.repeating import Errands, Repeating
from server.edge.connection import Connection
from server.edge.deadlines import Deadlines
from server.edge.event_stream import EventStream, Opening
from server.edge.expiry import Expiry
from server.edge.listener import HttpSide, HttpSocket, Listener
from server.edge.places import Places
from server.edge.seat import Seat
from server.protocol.codec import CommandReader, Encoding
from server.protocol.codes import BAD_TOKEN, DRAIN, FORBIDDEN, SILENT, TOKEN_ENDED
from server.protocol.roles import Role
from server.rooms.dispatch import Dispatch
from server.rooms.open_rooms import OpenRooms, spread_ms
from server.settings import Settings
from server.settings.sections import Edge as EdgeSettings
from server.settings.sections import Server as ServerSettings
from server.store.bans import Ban
from server.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

CLOSE_ANSWER_S = 2.0
"""Time a peer has to answer our close frame before the socket is cut."""
PULSE_SLICE = 500


class Edge:
    """Accepts sockets and owns every connection. An async context manager that listens inside.

    `readers` decode commands; `new_http_protocol` makes the protocol for a socket that speaks
    plain HTTP.
    """

    def __init__(
        self,
        settings: Settings,
        verifier: TokenVerifier,
        readers: Mapping[Encoding, CommandReader],
        rooms: OpenRooms,
        dispatch: Dispatch,
        new_http_protocol: Callable[[], HttpSide],
        metrics: Metrics,
        random: Random,
    ) -> None:
        self.settings = settings
        self.readers = readers
        self.rooms = rooms
        self.dispatch = dispatch
        self.metrics = metrics
        metrics.begin_at_zero(["join", *dispatch.ops])
        self.new_http_protocol = new_http_protocol
        self.loop = asyncio.get_running_loop()
        self.connections: set[Seat] = set()
        self.http_sockets = Places(settings.edge)
        self.silent_sockets = Places(settings.edge)
        """Sockets that have not sent a complete request head yet."""
        self.draining = False
        self.closing: Deadlines[Seat] = Deadlines(CLOSE_ANSWER_S, Seat.cut)
        self.waiting_for_join: Deadlines[Connection] = Deadlines(
            settings.edge.join_s_max, Connection.join_is_due
        )
        self.waiting_for_head: Deadlines[Listener] = Deadlines(
            settings.edge.request_head_s_max, Listener.head_is_due
        )
        self.unread: Deadlines[Seat | HttpSocket] = Deadlines(
            settings.edge.unread_s_max, lambda socket: socket.unread_is_due()
        )
        self._verifier = verifier
        self._random = random
        self._places = Places(settings.edge)
        self._accepts = PerSecond(settings.edge.accepts_per_s_max)
        self._joins = PerSecond(settings.edge.joins_per_s_max)
        self._commands = Errands("command")
        self._counted: dict[tuple[str, str], tuple[Counter, Histogram]] = {}
        """The metrics of each command and outcome so far."""
        self._all_gone = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._expiry = Expiry(settings.jwt, self.connections, self._end_expired)
        self._pulse = Repeating("pulse", self._ping_all, settings.edge.ping_interval_s)

    # Listening

    async def __aenter__(self) -> Self:
        settings = self.settings.server
        self._server = await self.loop.create_server(
            lambda: Listener(self),
            sock=_listen(settings, self.settings.edge),
            backlog=settings.backlog,
        )
        self._pulse.start()
        self._expiry.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop_listening()
        await self._pulse.stop()
        await self._expiry.stop()
        await self._commands.aclose()
        for connection in list(self.connections):
            connection.cut()
        await asyncio.sleep(0)  # let connection_lost run
        self.closing.close()
        self.waiting_for_join.close()
        self.waiting_for_head.close()
        self.unread.close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        """The base URL of the address it listens on."""
        return base_url(self.settings.server.host, self.port)

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()

    # Connections

    def why_full(self, address: str) -> str:
        """Why this address may open no further connection now; empty if it may."""
        if self.draining:
            return "This worker is going away; come back at once."
        if why := self._places.why_full(address):
            return why
        if not self._accepts.allow(self.loop.time()):
            return "Too many connect at the same time."
        return ""

    def why_full_of_http(self, address: str) -> str:
        """Why this address may open no further plain HTTP socket now; empty if it may.

        HTTP sockets are counted apart from connections, with limits of the same size: a worker full
        of viewers still answers probes, and sockets that load pages take no viewer's place.
        """
        return self.http_sockets.why_full(address)

    def watch_unread(self, socket: Seat | HttpSocket) -> None:
        """Cut a socket unless its peer reads the waiting bytes within `edge.unread_s_max`."""
        self.unread.add(socket)

    def join_wait_ms(self) -> int:
        """0 if a viewer may join now, else a random wait, in a span that grows with the crowd."""
        if self._joins.allow(self.loop.time()):
            return 0
        return 500 + spread_ms(len(self.connections), self._random)

    def retry_after_s(self) -> int:
        """Seconds a refused client should wait: random, within a span that grows with the crowd."""
        return 1 + spread_ms(len(self.connections), self._random) // 1000

    def new_connection(self, address: str) -> Connection:
        """Make the protocol for a socket that asked for a WebSocket."""
        connection = Connection(self, address)
        self._give_place(connection)
        return connection

    def new_stream(self, address: str, opening: Opening) -> EventStream:
        """Make the protocol for a socket whose client wants to listen by HTTP."""
        stream = EventStream(self, address, opening)
        self._give_place(stream)
        return stream

    def _give_place(self, connection: Seat) -> None:
        self.connections.add(connection)
        self._places.add(connection.address)
        self.metrics.connections.set(len(self.connections))

    def forget(self, connection: Seat) -> None:
        """Drop a connection whose socket is gone."""
        self.connections.discard(connection)
        self._places.remove(connection.address)
        self.metrics.connections.set(len(self.connections))
        if self.draining and not self.connections:
            self._all_gone.set()

    def identify(self, token: str | None) -> Identity:
        """Return a token's identity; without a token, a new guest's. Raises BadToken,
        UnknownKey."""
        if token is None:
            return Identity(f"guest-{secrets.token_hex(6)}", "Guest", Role.GUEST)
        return self._noted(self._verifier.verify(token))

    async def identify_late(self, token: str) -> Identity:
        """The same for a token whose key must be looked for. Raises BadToken, CommandError."""
        return self._noted(await self._verifier.identify(token))

    def _noted(self, who: Identity) -> Identity:
        self._expiry.note(who.expires_ms)
        return who

    def _end_expired(self, connection: Seat) -> None:
        said = "The token of this connection has expired: come back with a new one."
        connection.close(TOKEN_ENDED, spread_ms(1, self._random), said)

    def end_signed_out(self, user: str, at_ms: int) -> None:
        """Close the connections of a user whose tokens were issued by then (Unix ms)."""
        for connection in list(self.connections):
            who = connection.who
            if who is None or who.user != user or who.role is Role.GUEST:
                continue
            if who.issued_ms <= at_ms:
                connection.close(BAD_TOKEN)

    def end_banned(self, ban: Ban) -> None:
        """Close the connections of a user who may no longer be in a room, or in any."""
        for connection in list(self.connections):
            who = connection.who
            if who is None or who.user != ban.user or ban.buying:
                continue
            if ban.room in ("", connection.room_id) and self.dispatch.ban_of(
                who, connection.room_id
            ):
                connection.close(FORBIDDEN, msg=ban.sentence)

    async def known_in(self, who: Identity, room_id: str) -> Identity:
        """Return the identity with the role and name it has in the room."""
        return await self.dispatch.known_in(who, room_id)

    # Work

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a command of a connection; it finishes even if the connection ends."""
        self._commands.start(work)

    def count(self, op: str, outcome: str, began_at: float) -> None:
        """Count an answered command."""
        counted = self._counted.get((op, outcome))
        if counted is None:  # finding a label's value costs more than counting
            metrics = self.metrics
            counted = metrics.commands.labels(op, outcome), metrics.command_seconds.labels(op)
            self._counted[op, outcome] = counted
        counted[0].inc()
        counted[1].observe(self.loop.time() - began_at)

    async def _ping_all(self) -> None:
        connections = list(self.connections)
        for start in range(0, len(connections), PULSE_SLICE):
            oldest = self.loop.time() - self.settings.edge.ping_timeout_s
            for connection in connections[start : start + PULSE_SLICE]:
                try:
                    self._ping(connection, oldest)
                except Exception as error:  # the other connections must still be pinged
                    self._pulse.troubles.failed(error, connection.address)
                    connection.cut()
            await asyncio.sleep(0)

    def _ping(self, connection: Seat, oldest: float) -> None:
        if connection.is_silent_since(oldest):
            connection.close(SILENT, spread_ms(1, self._random))
        else:
            connection.ping()

    # The end

    async def drain(self) -> None:
        """Stop accepting, finish accepted commands, and ask all clients to reconnect."""
        self.draining = True
        self._stop_listening()
        await self._commands.finish()
        connections = list(self.connections)
        for start in range(0, len(connections), PULSE_SLICE):
            for connection in connections[start : start + PULSE_SLICE]:
                try:
                    connection.close(DRAIN, spread_ms(len(connections), self._random))
                except Exception as error:  # the others must hear of the drain
                    self._pulse.troubles.failed(error, connection.address)
                    connection.cut()
            await asyncio.sleep(0)
        if self.connections:
            await self._all_gone.wait()


def _listen(settings: ServerSettings, edge: EdgeSettings) -> socket.socket:
    """Open the listening socket. Only workers of the same server may share a port."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if settings.workers > 1:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if edge.send_buffer_bytes:  # accepted sockets inherit it
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, edge.send_buffer_bytes)
        sock.bind((settings.host, settings.port))
        sock.listen(settings.backlog)
        sock.setblocking(False)
    except BaseException:
        sock.close()
        raise
    return sock
