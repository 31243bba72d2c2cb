"""A room on python-socketio, with the Redis manager that several workers need.

https://python-socketio.readthedocs.io/en/stable/server.html
"""

import sys
from typing import Any

import socketio
import uvloop
from aiohttp import web

sio = socketio.AsyncServer(
    async_mode="aiohttp",
    client_manager=socketio.AsyncRedisManager(sys.argv[2]),
    cors_allowed_origins="*",
)


async def connect(sid: str, _environ: dict[str, Any], _auth: Any = None) -> None:
    """A viewer enters the room."""
    await sio.enter_room(sid, "room")


async def comment(_sid: str, data: Any) -> None:
    """Everything it says goes to everybody."""
    await sio.emit("comment", data, room="room")


sio.on("connect", connect)
sio.on("comment", comment)
app = web.Application()
sio.attach(app)
uvloop.install()
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), backlog=4096, print=None, access_log=None)
