"""Standard input, output and error, open even if whoever started us closed them.

A number that is free is given to the next file or socket that is opened. libuv ends the process
when it closes a handle under the numbers of the standard streams, and what a child prints would
end up in a socket.
"""

import os
import sys


def open_missing_streams() -> None:
    """Put /dev/null where a standard stream is closed. To be called before anything is opened."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this
            os.set_inheritable(opened, True)
    # The interpreter has None for what it found closed.
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
