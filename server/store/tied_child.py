"""Starts a program that the kernel ends when its parent ends, for whatever reason; ends a child."""

import asyncio
import contextlib
import os
import sys

# This launcher asks the kernel for SIGTERM at its parent's end, then executes the program. It is a
# separate program, because code between fork and exec is not safe in a process with threads.
# Systems without prctl leave an orphan after kill -9.
_TIE = """\
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 15)
if os.getppid() != int(sys.argv[1]):
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


def tied(program: str, *arguments: str) -> list[str]:
    """Return the command line that runs `program` (a path) tied to this process."""
    return [sys.executable, "-I", "-S", "-c", _TIE, str(os.getpid()), program, *arguments]


async def end_child(child: asyncio.subprocess.Process, within_s: float) -> None:
    """Ask a child to end, and kill it if it has not after so many seconds."""
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(within_s):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
