"""Refuses tokens for some rooms where an answer is about all of them."""

import functools

from aiohttp import web

from server.protocol.codes import CommandError
from server.web.caller import caller
from server.web.route import Handler


def of_all_rooms(handler: Handler) -> Handler:
    """Put the check of the caller's token in front of a handler."""

    @functools.wraps(handler)
    async def ask(request: web.Request) -> web.StreamResponse:
        if caller(request).rooms is not None:
            raise CommandError(
                "forbidden",
                "This token is for some rooms only, and this is about all of them; use a token "
                "without `rooms`.",
            )
        return await handler(request)

    return ask
