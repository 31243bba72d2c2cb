"""Starts the program in a wheel, where this folder is the package `liveroom`.

The folders `server`, `client_sim` and `loadtest` are named for whoever works on them, and a shop
may well have a `server` of its own. So a wheel puts them into `liveroom/code`, where no other
program finds them, and only our own processes look there.
"""

import sys
from pathlib import Path


def main() -> None:
    """Run the command `liveroom`."""
    sys.path.insert(0, str(code_folder()))
    from server.__main__ import main as run_command

    run_command()


def code_folder() -> Path:
    """Return the folder of `server`: beside this file in a wheel, above it in a checkout."""
    here = Path(__file__).resolve().parent
    packed = here / "code"
    return packed if packed.is_dir() else here.parents[1]
