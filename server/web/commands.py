"""`POST /v1/rooms/{room}/commands`: the protocol's own commands, one in a request.

They come from viewers who listen to a stream, and from servers that listen to nothing. The reply
is the answer to the request; what the command causes comes to the sender's streams and sockets,
wherever these are connected. There is one implementation of each command, behind `rooms.dispatch`.
"""

import functools
import operator
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from aiohttp import web

from server.access.auth import Identity
from server.background.clock import unix_ms
from server.protocol.codec import CommandReader, UnreadableCommand
from server.protocol.codes import CommandError
from server.protocol.joining import Join, Ping
from server.protocol.message import Command, Ok, Pong
from server.protocol.roles import Role
from server.rooms.call import Call
from server.rooms.dispatch import Dispatch, op_of
from server.rooms.room import Room
from server.settings import Settings
from server.telemetry.metrics import Metrics
from server.web.body import bytes_of
from server.web.caller import caller, token_of
from server.web.cross_origin import CrossOrigin
from server.web.errors import RefusedCommand, json_response
from server.web.event_stream import SourceQuery, source_of
from server.web.query import query_of
from server.web.route import COMMANDS, Route

GUEST = Identity("guest", "Guest", Role.GUEST)
"""Who sends a command without a token; dispatch refuses what is not for everybody."""


class CommandRoute:
    """The route of commands. `reader` reads `kinds` from JSON; `open_room` returns a room that is
    open on this worker; `is_draining` tells whether the worker is going away."""

    def __init__(
        self,
        dispatch: Dispatch,
        reader: CommandReader,
        kinds: Sequence[type[Command]],
        open_room: Callable[[str], Room | None],
        is_draining: Callable[[], bool],
        cross_origin: CrossOrigin,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        self._dispatch = dispatch
        self._reader = reader
        self._kinds = [kind for kind in kinds if kind is not Join]
        self._open_room = open_room
        self._is_draining = is_draining
        self._cross_origin = cross_origin
        self._limits = settings.edge
        self._metrics = metrics
        self._in_flight: Counter[tuple[str, str]] = Counter()
        """By room and user."""

    def routes(self) -> list[Route]:
        """The one route."""
        any_command: Any = functools.reduce(operator.or_, self._kinds)
        said = "Send a command of the protocol; the reply is a socket's, `ok` or `err`."
        return [
            Route("POST", COMMANDS, said, self.send, body=any_command, result=Ok, query=SourceQuery)
        ]

    async def send(self, request: web.Request) -> web.Response:
        """Run the command of the body. Raises CommandError; RefusedCommand once it was read."""
        self._cross_origin.must_be_allowed(request)
        who = caller(request) if token_of(request) else GUEST
        call = Call(request.match_info["room"], who, source_of(query_of(request, SourceQuery)))
        cmd = self._read(await bytes_of(request))
        began_at, outcome = time.monotonic(), "ok"
        try:
            return json_response(await self._run(call, cmd))
        except CommandError as refused:
            outcome = refused.code
            raise RefusedCommand(cmd.ref, refused) from None
        except Exception:
            outcome = "internal"
            raise
        finally:
            self._metrics.posted_commands.inc()
            self._metrics.commands.labels(op_of(cmd), outcome).inc()
            self._metrics.command_seconds.labels(op_of(cmd)).observe(time.monotonic() - began_at)

    def _read(self, body: bytes) -> Command:
        if len(body) > self._limits.frame_in_bytes_max:
            why = f"A command has at most {self._limits.frame_in_bytes_max} bytes."
            raise CommandError("too_long", why)
        try:
            cmd = self._reader.decode(body)
        except UnreadableCommand as bad:
            raise RefusedCommand(bad.ref, CommandError("bad_message", bad.msg)) from None
        if isinstance(cmd, Join):
            why = "`join` is a socket's; a stream joins by being opened, and a command needs none."
            raise RefusedCommand(cmd.ref, CommandError("bad_message", why))
        return cmd

    async def _run(self, call: Call, cmd: Command) -> msgspec.Struct:
        if isinstance(cmd, Ping):
            room = self._open_room(call.room_id)
            return Pong(ref=cmd.ref, now=unix_ms() if room is None else room.now_ms())
        if self._is_draining():
            raise CommandError("unavailable", "This worker is going away.", 1000)
        sender, is_server = (call.room_id, call.who.user), call.who.role is Role.ADMIN
        if self._in_flight[sender] >= self._limits.commands_in_flight_max and not is_server:
            raise CommandError("rate_limited", "Wait for replies to earlier commands.", 100)
        self._in_flight[sender] += 1
        try:
            return await self._dispatch.run_for_caller(call, cmd)
        finally:
            self._in_flight[sender] -= 1
            if not self._in_flight[sender]:
                del self._in_flight[sender]
