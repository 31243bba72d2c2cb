"""What a feature's handler is given, and how a feature names its handlers.

A feature is a class built with what it needs; `handlers()` names the commands it takes:

    class Pins:
        def handlers(self) -> Handlers:
            return {Pin: Handler(self.pin, Role.HOST), Unpin: Handler(self.unpin, Role.HOST)}

        async def pin(self, call: Call, cmd: Pin) -> Ok: ...
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from server.access.auth import Identity
from server.protocol.joining import Source
from server.protocol.message import Command, Ok
from server.protocol.roles import Role


class Call(NamedTuple):
    """Who sends a command to which room, and what brought them there."""

    room_id: str
    who: Identity
    source: Source | None = None


class Handler(NamedTuple):
    """A coroutine function `(call, command) -> Ok` and the least role that may call it.

    For roles above viewer the caller must hold that role in this very room (see `dispatch`).
    The handler raises CommandError to refuse.
    """

    run: Callable[[Call, Any], Awaitable[Ok]]
    least: Role


Handlers = Mapping[type[Command], Handler]
