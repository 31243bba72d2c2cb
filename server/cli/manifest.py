"""Reads and writes the folder of a backup: the manifest, and the files that it vouches for."""

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

MANIFEST = "backup.json"
FORGOTTEN_FILE = "forgotten.json"
"""Who was forgotten by then, and when (ms): for a restore of an older backup."""
FORM = 1
"""The version of the backup's own form."""


class BackupUnusable(Exception):
    """A backup can't be made there, or not be restored; the text says why."""


class File(Struct, forbid_unknown_fields=True):
    """A file of a backup, with what it is recognised by."""

    name: str
    bytes: int
    sha256: str


class RedisPart(Struct):
    """The copy of Redis."""

    file: File
    program: str
    """`redis` or `valkey`, and the version that wrote it."""
    version: str
    data_version: int


class RecordsPart(Struct):
    """The copy of the records."""

    file: File
    engine: str
    revisions: list[str]


class Manifest(Struct):
    """The contents of a backup. Written last: one without it is not whole. Times in Unix ms."""

    form: int
    version: str
    """The Liveroom that made it."""
    began: int
    ended: int
    records: RecordsPart
    redis: RedisPart | None = None
    """None if Redis is one by URL, which has a backup of its own."""


def read_forgotten(path: Path) -> dict[str, int]:
    """Read a list of people who were forgotten. Raises BackupUnusable."""
    if path.is_dir():
        path /= FORGOTTEN_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, int])
    except FileNotFoundError:
        raise BackupUnusable(
            f"There is no list of people who were forgotten at {path}: name a newer backup, or "
            "what `liveroom records forgotten` printed."
        ) from None
    except msgspec.MsgspecError as error:
        raise BackupUnusable(f"{path} can't be read: {error}.") from None


def read_manifest(folder: Path) -> Manifest:
    """Read a backup's manifest, and check that its files are whole. Raises BackupUnusable."""
    try:
        raw = (folder / MANIFEST).read_bytes()
        form = msgspec.json.decode(raw, type=dict[str, Any]).get("form")
        if form != FORM:
            raise BackupUnusable(
                f"The backup in {folder} has form {form}, and this Liveroom reads form {FORM}: "
                "restore it with the one that made it."
            )
        manifest = msgspec.json.decode(raw, type=Manifest)
    except FileNotFoundError:
        raise BackupUnusable(
            f"There is no whole backup in {folder}: {MANIFEST} is missing, which is written last."
        ) from None
    except msgspec.MsgspecError as error:
        raise BackupUnusable(f"{folder / MANIFEST} can't be read: {error}.") from None
    for part in (manifest.redis, manifest.records):
        if part is not None and file_at(folder / Path(part.file.name).name) != part.file:
            raise BackupUnusable(
                f"The file {part.file.name} of the backup in {folder} is not the one that was "
                "written: copy the backup anew, or restore another."
            )
    return manifest


def make_empty(folder: Path) -> None:
    """Make the folder of a new backup. Raises BackupUnusable if it holds something."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if holds_any(folder):
        raise BackupUnusable(f"The folder {folder} is not empty: a backup gets one of its own.")


def holds_any(folder: Path) -> bool:
    """Say whether there is such a folder with something in it."""
    return folder.exists() and any(folder.iterdir())


def file_at(path: Path) -> File:
    """Read a file of a backup, and return what it is recognised by."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return File(path.name, path.stat().st_size, digest)


def write_whole(path: Path, content: bytes) -> None:
    """Write JSON so that, after a power loss too, the file is whole or not there."""
    made = path.with_name(f"{path.name}.part")
    with made.open("wb") as file:
        file.write(msgspec.json.format(content, indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    made.rename(path)
