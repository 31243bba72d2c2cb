"""A room on websockets, with its own `broadcast`.

https://websockets.readthedocs.io/en/stable/topics/broadcast.html
"""

import asyncio
import sys

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

ROOM: set[ServerConnection] = set()


async def chat(connection: ServerConnection) -> None:
    """One viewer: everything it says goes to everybody."""
    ROOM.add(connection)
    try:
        async for message in connection:
            broadcast(ROOM, message)
    finally:
        ROOM.discard(connection)


async def main() -> None:
    """Serve until killed."""
    port = int(sys.argv[1])
    async with serve(chat, "127.0.0.1", port, compression=None, backlog=4096) as server:
        await server.serve_forever()


uvloop.install()
asyncio.run(main())
