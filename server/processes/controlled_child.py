"""Starts a child of the server's own program, with a socket on which parent and child speak."""

import asyncio
import socket
import sys
from typing import NamedTuple


class ControlledChild(NamedTuple):
    """A child, what it says, and what it is told. It reads the end when `writer` is closed."""

    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def start_controlled(command: str) -> ControlledChild:
    """Start `liveroom COMMAND --control-fd N`. A cancelled start leaves no child behind. Raises
    OSError."""
    ours, theirs = socket.socketpair()
    with theirs:
        reader, writer = await asyncio.open_connection(sock=ours)
        # Nothing is awaited after this.
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "server"),
                *(command, "--control-fd", str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        except BaseException:
            writer.close()
            raise
    return ControlledChild(process, reader, writer)
