"""Runs an HTTP request as the command it stands for, through the same dispatch as on sockets."""

from typing import TypeVar, cast

from aiohttp import web

from server.protocol.message import Command, Ok
from server.rooms.call import Call
from server.rooms.dispatch import Dispatch
from server.web.caller import caller

R = TypeVar("R", bound=Ok)


async def run_command(dispatch: Dispatch, request: web.Request, cmd: Command, _: type[R]) -> R:
    """Run the command in the room of the path, as the request's sender. Raises CommandError.

    The caller names the reply's type, which is trusted.
    """
    call = Call(request.match_info["room"], caller(request))
    return cast("R", await dispatch.run_for_caller(call, cmd))
