"""Opens standard input, output and error if our starter closed them.

Otherwise the next opened file or socket gets a free standard descriptor. libuv aborts the process
when it closes a handle with such a number, and the output of a child would go into a socket.
"""

import os
import sys


def open_missing_streams() -> None:
    """Open /dev/null in place of closed standard streams. Call it before any other open."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # gets the lowest free number: this one
            os.set_inheritable(opened, True)
    # The interpreter sets closed streams to None.
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
