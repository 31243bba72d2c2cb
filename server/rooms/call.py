"""The arguments of a feature's handlers, and the table in which it names them.

A feature is a class that gets its dependencies when it is built; `handlers()` maps each command
that it takes to a method:

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
    """The sender of a command, its room, and the source that brought the sender there."""

    room_id: str
    who: Identity
    source: Source | None = None


class Handler(NamedTuple):
    """A coroutine function `(call, command) -> Ok` and the least role that may call it.

    The caller must hold a role above viewer in the room itself (see `dispatch`). The handler
    raises CommandError to refuse.
    """

    run: Callable[[Call, Any], Awaitable[Ok]]
    least: Role


Handlers = Mapping[type[Command], Handler]
