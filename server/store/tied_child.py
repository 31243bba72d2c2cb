"""Starts a program that the kernel ends when its parent ends, however that comes."""

import os
import sys

# The child asks the kernel for SIGTERM at its parent's end, then becomes the program. It is a
# program of its own, because code between fork and exec is not safe in a process with threads.
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
    """The command line that runs `program` (a path) tied to this process."""
    return [sys.executable, "-I", "-S", "-c", _TIE, str(os.getpid()), program, *arguments]
