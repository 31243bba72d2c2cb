"""Runs an HTTP request as the command it stands for, through the same dispatch as on sockets."""

from typing import Any, TypeVar, cast

import msgspec
from aiohttp import web

from server.protocol.input import Input
from server.protocol.message import Command, Ok
from server.rooms.call import Call
from server.rooms.dispatch import Dispatch
from server.web.caller import caller

R = TypeVar("R", bound=Ok)
C = TypeVar("C", bound=Command)


async def run_command(dispatch: Dispatch, request: web.Request, cmd: Command, _: type[R]) -> R:
    """Run the command in the room of the path, as the request's sender. Raises CommandError.

    The caller names the reply's type, which is trusted.
    """
    call = Call(request.match_info["room"], caller(request))
    return cast("R", await dispatch.run_for_caller(call, cmd))


def fields_of(command: type[Command], *in_path: str) -> type[Input]:
    """Make the type of a body that has a command's fields, all but its `ref` and those that stand
    in the path."""
    fields = [
        (each.name, each.type, _default_of(each))
        for each in msgspec.structs.fields(command)
        if each.name not in {"ref", *in_path}
    ]
    name = f"{command.__name__}Body"
    made = msgspec.defstruct(name, fields, bases=(Input,), frozen=True, kw_only=True)
    return cast("type[Input]", made)


def with_fields(command: type[C], body: Input, ref: int, **in_path: str) -> C:
    """Make the command that a body of the type `fields_of(command, *in_path)` stands for."""
    return command(ref=ref, **in_path, **msgspec.structs.asdict(body))


def _default_of(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field(default=field.default)
