"""The storage port: where the bytes of pictures are kept. A folder, or a bucket (`s3`).

A file is written once and never changed; its name is made of lower-case letters, digits, `/`, `-`
and `.`. All workers of an installation, on all its machines, must see the same files.
"""

import asyncio
import os
import secrets
from pathlib import Path
from typing import Protocol


class StorageAway(Exception):
    """The storage can't be read or written now; the text says why, for the operator."""


class Storage(Protocol):
    """Keeps files. Each method may raise StorageAway; then it may be done or not."""

    async def put(self, name: str, body: bytes) -> None:
        """Store a file, for good when it returns; the same again changes nothing."""

    async def get(self, name: str) -> bytes | None:
        """Return a file; None if there is none."""

    async def remove(self, name: str) -> None:
        """Remove a file; one that is not there is removed already."""


class FolderStorage:
    """Files in a folder of this machine, or of one that all machines have mounted."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: str, body: bytes) -> None:
        """Write beside it, then rename: nobody ever sees half a file."""
        try:
            await asyncio.to_thread(_write, self._folder / name, body)
        except OSError as error:
            raise StorageAway(f"{self._folder}: {error}") from error

    async def get(self, name: str) -> bytes | None:
        """Read a file."""
        try:
            return await asyncio.to_thread((self._folder / name).read_bytes)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageAway(f"{self._folder}: {error}") from error

    async def remove(self, name: str) -> None:
        """Remove a file; its folder stays."""
        try:
            await asyncio.to_thread((self._folder / name).unlink, missing_ok=True)
        except OSError as error:
            raise StorageAway(f"{self._folder}: {error}") from error


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with made.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        made.replace(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name too stays after a loss of power
    finally:
        os.close(folder)
