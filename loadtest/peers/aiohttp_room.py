"""A room on aiohttp, the way its chat example does it: a set of sockets, `send_str` to each.

https://github.com/aio-libs/aiohttp/blob/master/examples/web_ws.py
"""

import sys

import uvloop
from aiohttp import WSMsgType, web

ROOM: set[web.WebSocketResponse] = set()


async def chat(request: web.Request) -> web.WebSocketResponse:
    """One viewer: everything it says goes to everybody."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    ROOM.add(socket)
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                for other in list(ROOM):
                    await other.send_str(message.data)
    except ConnectionError:
        pass  # one of the others went away meanwhile
    finally:
        ROOM.discard(socket)
    return socket


app = web.Application()
app.add_routes([web.get("/", chat)])
uvloop.install()
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), backlog=4096, print=None, access_log=None)
