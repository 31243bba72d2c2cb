"""Finds out which programs can read the log that a private Redis left in its folder.

Redis 6 keeps one file, which all later versions take over. Redis 7 and Valkey keep a folder, which
Redis 6 ignores: it would start empty. The folder's manifest names the base, a snapshot in the
format of the program that last wrote it. The first bytes of the base name the format, such as
`REDIS0010` or `VALKEY080`, and the bytes after them the program.
"""

import re
from pathlib import Path
from typing import NamedTuple

from server.store.release import SUPPORTED, Release, Releases, parsed

_HEAD_BYTES = 64
# The last Redis format that Valkey can read; only Redis reads later ones.
_SHARED_FORMAT_MAX = 11
_FORMAT_OF_REDIS_7_0 = 10
_FORMAT_OF_VALKEY_9_0 = 80

_ANY_WITH_FOLDER = Releases(redis=(7, 0), valkey=SUPPORTED.valkey)


class Kept(NamedTuple):
    """The data in a folder: the releases that can read them, and the writer, if known."""

    readers: Releases
    writer: Release | None = None


def kept_in(home: Path) -> Kept:
    """Inspect the data of a folder's private Redis. Any release can read an empty folder.

    An unreadable base is not reported here: the program that is started fails on it and says why.
    """
    folder = home / "appendonlydir"
    if not folder.exists():
        return Kept(SUPPORTED)
    try:
        base = folder / _base_named_by(folder / "appendonly.aof.manifest")
        with base.open("rb") as file:
            return _told_by(file.read(_HEAD_BYTES))
    except OSError:
        return Kept(_ANY_WITH_FOLDER)


def _base_named_by(manifest: Path) -> str:
    """Return the base's file name. Raises OSError if the manifest is unreadable or names none."""
    found = re.search(r"^file (\S+) seq \d+ type b$", manifest.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise FileNotFoundError(manifest)
    return found[1]


def _told_by(head: bytes) -> Kept:
    form = re.match(rb"(REDIS|VALKEY)(\d+)", head)
    if form is None:  # a log of commands without a snapshot, as Redis 6 may leave it
        return Kept(_ANY_WITH_FOLDER)
    told = re.search(rb"(redis|valkey)-ver.(\d+\.\d+)", head, re.DOTALL)
    writer = Release(told[1].decode(), parsed(told[2].decode())) if told else None
    return Kept(_readers(form[1].decode().lower(), int(form[2]), writer), writer)


def _readers(name: str, number: int, writer: Release | None) -> Releases:
    if name == "redis" and number <= _SHARED_FORMAT_MAX:
        since = (7, 0) if number <= _FORMAT_OF_REDIS_7_0 else (7, 2)
        return Releases(redis=since, valkey=SUPPORTED.valkey)
    # Only one program uses this format: any release as new as the writer can read it.
    wrote = writer.version if writer and writer.name == name else ()
    if name == "redis":
        return Releases(redis=wrote or (7, 4), valkey=None)
    known = number <= _FORMAT_OF_VALKEY_9_0
    return Releases(redis=None, valkey=(9, 0) if known or not wrote else wrote)
