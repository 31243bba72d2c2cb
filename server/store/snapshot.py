"""A consistent copy of the private Redis: its snapshot, and data that a Redis starts on.

A snapshot (RDB) is the state of one moment. A Redis with an append-only log does not read it at its
start, but the base of such a log is a snapshot: so it is laid down as the base of an empty log.
"""

import asyncio
import os
import shutil
from pathlib import Path
from typing import Any

from redis.exceptions import ResponseError

from server.store.release import Release

FILE = "dump.rdb"
"""What Redis calls its snapshot, in its folder."""
_LOOK_AGAIN_S = 0.05
_BASE = "appendonly.aof.1.base.rdb"
_LOG = "appendonly.aof.1.incr.aof"
_MANIFEST = f"file {_BASE} seq 1 type b\nfile {_LOG} seq 1 type i\n"


class SnapshotFailed(Exception):
    """Redis could not write its snapshot; the text says what to do."""


async def save_snapshot(redis: Any, home: Path, target: Path) -> None:
    """Have a private Redis, whose folder is `home`, write its state of now to the file `target`.

    It goes on serving. Raises SnapshotFailed, RedisError or OSError.
    """
    made = home / FILE
    await asyncio.to_thread(made.unlink, missing_ok=True)
    begun = False
    while not await asyncio.to_thread(made.exists):
        told = await redis.info("persistence")
        if not told["rdb_bgsave_in_progress"]:
            if begun and not await asyncio.to_thread(made.exists):
                raise SnapshotFailed(
                    f"Redis could not write a snapshot in {home}: see redis.log there. Mostly the "
                    "disk is full or the memory too small for a second process."
                )
            begun = await _begin(redis)
        await asyncio.sleep(_LOOK_AGAIN_S)
    try:
        await asyncio.to_thread(_copy, made, target)
    finally:
        await asyncio.to_thread(made.unlink, missing_ok=True)


async def _begin(redis: Any) -> bool:
    """Begin a snapshot; False while Redis is rewriting its log, which comes first."""
    try:
        await redis.bgsave(schedule=False)
    except ResponseError as error:
        if "in progress" in str(error):
            return False
        raise
    return True


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o600)
    with target.open("rb+") as file:
        os.fsync(file.fileno())


def lay_down(snapshot: Path, home: Path, writer: Release) -> None:
    """Make `home` a folder that a private Redis starts on with the data of a snapshot.

    `writer` is the release that wrote it. Raises OSError, also if `home` exists and is not empty.
    """
    made = home.with_name(f"{home.name}.restoring")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(mode=0o700, parents=True)
    if writer.name == "redis" and writer.version and writer.version < (7,):
        _copy(snapshot, made / "appendonly.aof")  # one file, of which the snapshot is the beginning
    else:
        folder = made / "appendonlydir"
        folder.mkdir(mode=0o700)
        _copy(snapshot, folder / _BASE)
        (folder / _LOG).touch()
        (folder / "appendonly.aof.manifest").write_text(_MANIFEST, encoding="ascii")
    made.rename(home)
