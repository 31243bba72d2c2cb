"""Which programs can read the log that a private Redis left in its folder.

Redis 6 keeps one file, which all later ones take over. Redis 7 and Valkey keep a folder that
Redis 6 doesn't look at: it would start empty. In it a manifest names the base, a snapshot in the
format of the program that last wrote it. Its first bytes name the format, such as `REDIS0010` or
`VALKEY080`, and soon after the program.
"""

import re
from pathlib import Path
from typing import NamedTuple

from server.store.release import SUPPORTED, Release, Releases, parsed

_HEAD_BYTES = 64
# The numbers of Redis' formats that Valkey reads too; later ones are Redis' alone.
_SHARED_FORMAT_MAX = 11
_FORMAT_OF_REDIS_7_0 = 10
_FORMAT_OF_VALKEY_9_0 = 80

_ANY_WITH_FOLDER = Releases(redis=(7, 0), valkey=SUPPORTED.valkey)


class Kept(NamedTuple):
    """What is in a folder: the releases that can read it, and what wrote it, if it says so."""

    readers: Releases
    writer: Release | None = None


def kept_in(home: Path) -> Kept:
    """What the private Redis of this folder left there; an empty folder is for any release.

    A base that can't be read is left to the program that will fail on it, and say why.
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
    """The file of the base. Raises OSError for a manifest that can't be read or has none."""
    found = re.search(r"^file (\S+) seq \d+ type b$", manifest.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise FileNotFoundError(manifest)
    return found[1]


def _told_by(head: bytes) -> Kept:
    form = re.match(rb"(REDIS|VALKEY)(\d+)", head)
    if form is None:  # a log of commands from its beginning, as Redis 6 may leave it
        return Kept(_ANY_WITH_FOLDER)
    told = re.search(rb"(redis|valkey)-ver.(\d+\.\d+)", head, re.DOTALL)
    writer = Release(told[1].decode(), parsed(told[2].decode())) if told else None
    return Kept(_readers(form[1].decode().lower(), int(form[2]), writer), writer)


def _readers(name: str, number: int, writer: Release | None) -> Releases:
    if name == "redis" and number <= _SHARED_FORMAT_MAX:
        since = (7, 0) if number <= _FORMAT_OF_REDIS_7_0 else (7, 2)
        return Releases(redis=since, valkey=SUPPORTED.valkey)
    # A format of one program alone: one as new as the writer can surely read it.
    wrote = writer.version if writer and writer.name == name else ()
    if name == "redis":
        return Releases(redis=wrote or (7, 4), valkey=None)
    known = number <= _FORMAT_OF_VALKEY_9_0
    return Releases(redis=None, valkey=(9, 0) if known or not wrote else wrote)
