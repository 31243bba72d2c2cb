"""From a request to the command it stands for: the same way that commands of sockets go."""

from typing import TypeVar, cast

from aiohttp import web

from server.protocol.message import Command, Ok
from server.rooms.call import Call
from server.rooms.dispatch import Dispatch
from server.web.caller import caller

R = TypeVar("R", bound=Ok)


async def run(dispatch: Dispatch, request: web.Request, cmd: Command, _: type[R]) -> R:
    """Do what the command says in the room of the path, as who asks; the reply is known to be of
    that type. Raises CommandError."""
    call = Call(request.match_info["room"], caller(request))
    return cast("R", await dispatch.run(call, cmd))
