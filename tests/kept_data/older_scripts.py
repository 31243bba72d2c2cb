"""The scripts of the version before, as its workers run them beside ours: `older-scripts.json.xz`.

`python -m tests.kept_data.older_scripts`, run in a checkout of that version, writes the file.
"""

import json
import lzma
from pathlib import Path

import msgspec

from server.house import HOUSE
from server.store.keys import Keys
from server.store.room_store import RoomStore
from server.store.script_library import ALL, HOST, ROOM, Script, sha_of

FILE = Path(__file__).parent / "older-scripts.json.xz"


class _Kept(msgspec.Struct):
    """A script: its text with preludes, and the names of its keys in order."""

    text: str
    keys: tuple[str, ...]
    durable: bool
    of_host: bool


def older_store(ours: RoomStore) -> RoomStore:
    """A runner of the version before, on the same Redis and under the same prefix."""
    kept = msgspec.json.decode(lzma.decompress(FILE.read_bytes()), type=dict[str, _Kept])
    library = {
        name: Script(
            *(name, one.text, sha_of(one.text), one.keys, one.durable),
            of=HOST if one.of_host else ROOM,
        )
        for name, one in kept.items()
    }
    names = {of_host: dict[str, str]() for of_host in (False, True)}
    for one in kept.values():
        names[one.of_host].update(dict.fromkeys(one.keys, ""))
    return RoomStore(ours.redis, Keys(ours.keys.prefix, names[False], names[True]), library)


def write() -> None:
    """Keep the scripts of this checkout."""
    kept = {
        name: _Kept(one.text, one.keys, one.durable, one.of == HOST)
        for name, one in HOUSE.library.scripts.items()
        if one.of != ALL
    }
    FILE.write_bytes(lzma.compress(json.dumps(msgspec.to_builtins(kept), indent=0).encode()))


if __name__ == "__main__":
    write()
