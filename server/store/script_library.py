"""Reads the Lua scripts and assembles them.

A file begins with comment lines: a description, `keys:` (names that `Keys` knows), `args:`,
`returns:`, `holds:` (the invariant). The `keys:` line takes effect: a script can use only the keys
that it declares there. `uses: NAME` puts `_NAME.lua`, from any folder, in front. A script with
`durable: yes` is answered only once the configured promise is kept (`durability`), for all that was
written before, too: so does a script that only reads what money moves for, or others are told. A
script with `of: host` works on the keys of a host instead of a room, one with `of: all` on those
that all rooms share. A script with `keyed: yes` remembers what it did for a request with a key, and
does it once (`request_key`).

What a room has left to do stands in the keys that the files `pending.lua` declare. A script that
declares one of them wakes the room: while the room is asleep it refuses with `ASLEEP` and the mark
under which the room sleeps, and changes nothing (see `room_store`). `wakes: yes` says the same of a
script without such a key.

A script with `parts: NAME(ARGUMENTS)` is assembled from the features' parts: the file `NAME.lua` of
each feature's folder becomes a function of these arguments, and the list PARTS holds all these
functions in the order of the folders, PART_OF the names of these. So a reading or change at one
instant stays one script, while each feature keeps its part in its own folder.

A room that left Redis (see `rooms.retiring`) has the field `left` in its hash, and no other key.
The scripts of rooms refuse it with the code `left`, except those with `tombstone: yes`, which take
rooms out and bring them back; `keys: *` are all keys of a room.

Inside a script `K.name` is a key and `A` the table of arguments. The script returns one packed
value, or `{err = code, msg = sentence}` for a refusal.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import NamedTuple

ROOM, HOST, ALL = "room", "host", "all"
"""Whose keys a script works on: those of a room, of a host, or those that all rooms share."""
ASLEEP = "asleep"
"""The code of the refusal by which a script tells that its room is asleep; no client hears it."""
PENDING = "pending"
"""The name of the parts that say whether something is pending in a room."""
_ENGINE = ""
LEFT = "left"
"""The code with which scripts refuse a room that left Redis, and the field that says so."""
_MUST_BE_HERE = f"""if redis.call('HEXISTS', K.room, '{LEFT}') == 1 then
  return cmsgpack.pack({{ err = '{LEFT}', msg = 'The room `' .. A.room .. '` is not in Redis.' }})
end
"""
_AWAKE_ONLY = f"""if not A.awake then
  local mark = redis.call('GET', K.asleep)
  if mark then
    return cmsgpack.pack({{ err = '{ASLEEP}', msg = mark }})
  end
end
"""
_ONCE = """local function script()
{}
end
if A.request then
  return once(script)
end
return script()
"""


class Script(NamedTuple):
    """An assembled script: its text with preludes, its SHA-1, the names of its keys in order."""

    name: str
    text: str
    sha: str
    keys: tuple[str, ...]
    durable: bool = False
    of: str = ROOM
    keyed: bool = False
    wakes: bool = False


class LuaFile(NamedTuple):
    """One file: its folder ("" for the engine's), the lines of its head by name, and its text."""

    folder: str
    name: str
    head: Mapping[str, str]
    text: str

    @property
    def path(self) -> str:
        """The file's name in error sentences."""
        return f"{self.folder}/{self.name}.lua".removeprefix("/")

    @property
    def keyed(self) -> bool:
        """Whether it works only once for all copies of a request with a key."""
        return self.head.get("keyed") == "yes"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that its head declares, and those that remember requests."""
        declared = tuple(self.head["keys"].replace(",", " ").split())
        return (*declared, "requests", "requests_due") if self.keyed else declared

    @property
    def of(self) -> str:
        """Whose keys they are."""
        return self.head.get("of", ROOM)

    @property
    def uses(self) -> tuple[str, ...]:
        """The preludes that its head names, and the one that remembers requests."""
        declared = tuple(self.head.get("uses", "").split())
        return (*declared, "answers") if self.keyed else declared


class Library:
    """All scripts by name: `FOLDER.FILE` for a feature's, `FILE` for the engine's.

    `folders` maps a feature's name to its folder, in order; `engine` is the engine's own folder;
    `keys` are the known names of a room, of a host, and of all rooms;
    `constants` maps names to Lua lines that define them: a script gets those that it names.
    Raises ValueError, naming the file, for files that do not fit together.
    """

    def __init__(
        self,
        engine: Traversable,
        folders: Mapping[str, Traversable],
        keys: Mapping[str, Iterable[str]],
        constants: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._constants = constants
        self._known = {of: frozenset(names) for of, names in keys.items()}
        self.files = [
            file for name, at in {_ENGINE: engine, **folders}.items() for file in _read(name, at)
        ]
        self.preludes: dict[str, LuaFile] = {}
        for file in self.files:
            if file.name.startswith("_"):
                known = self.preludes.setdefault(file.name[1:], file)
                if known is not file:
                    raise ValueError(f"{file.path} has the name of {known.path}; rename it.")
        part_names = {
            file.head["parts"].partition("(")[0] for file in self.files if "parts" in file.head
        }
        self.scripts: dict[str, Script] = {}
        self.pending_keys: frozenset[str] = frozenset(
            key for file in self.files if file.folder and file.name == PENDING for key in file.keys
        )
        """The keys of a room that say what it has left to do."""
        self.parts: dict[str, list[LuaFile]] = {name: [] for name in part_names}
        whole: list[LuaFile] = []
        for file in self.files:
            if file.name.startswith("_"):
                continue
            if file.folder and file.name in part_names:
                self.parts[file.name].append(file)
            else:
                whole.append(file)
        for file in whole:
            name = f"{file.folder}.{file.name}".removeprefix(".")
            self.scripts[name] = self._put_together(name, file)

    def files_of(self, script: LuaFile) -> list[LuaFile]:
        """Return the features' parts of a script, in order; empty for a script without parts."""
        return self.parts[script.head["parts"].partition("(")[0]] if "parts" in script.head else []

    def _put_together(self, name: str, file: LuaFile) -> Script:
        parts = self.files_of(file)
        of, tombstone = file.of, file.head.get("tombstone") == "yes"
        if of not in self._known:
            raise ValueError(f"{file.path} is `of: {of}`; write {', '.join(self._known)}.")
        keys = tuple(dict.fromkeys(key for each in (file, *parts) for key in each.keys))
        if keys == ("*",):
            keys = tuple(sorted(self._known[of]))
        must_be_here = of == ROOM and not tombstone
        wakes = must_be_here and (
            file.head.get("wakes") == "yes" or not self.pending_keys.isdisjoint(keys)
        )
        keys = tuple(dict.fromkeys((*keys, *("room",) * must_be_here, *("asleep",) * wakes)))
        unknown = [key for key in keys if key not in self._known[of]]
        if unknown:
            raise ValueError(f"{file.path} declares unknown keys: {', '.join(unknown)}.")
        table = ", ".join(f"{key} = KEYS[{n}]" for n, key in enumerate(keys, 1))
        texts = []
        for prelude in dict.fromkeys(used for each in (file, *parts) for used in each.uses):
            if prelude not in self.preludes:
                raise ValueError(f"{file.path} uses `{prelude}`, and there is no _{prelude}.lua.")
            texts.append(self.preludes[prelude].text)
        if "parts" in file.head:
            arguments = file.head["parts"].partition("(")[2].rstrip(")")
            texts.append("local PARTS = {}\n")
            texts += [
                f"PARTS[#PARTS + 1] = function({arguments})\n{part.text}\nend\n" for part in parts
            ]
            owners = ", ".join(f"'{part.folder}'" for part in parts)
            texts.append(f"local PART_OF = {{ {owners} }}\n")
        if wakes:
            texts.insert(0, _AWAKE_ONLY)
        rest = "".join(texts) + (_ONCE.format(file.text) if file.keyed else file.text)
        begin = f"local K = {{ {table} }}\nlocal A = cmsgpack.unpack(ARGV[1])\n"
        if must_be_here:
            begin += _MUST_BE_HERE
        # A script makes its tables anew at each call, so it gets no constant that it does not name.
        text = (
            begin + "".join(line for word, line in self._constants.items() if word in rest) + rest
        )
        durable = file.head.get("durable") == "yes"
        return Script(name, text, sha_of(text), keys, durable, file.of, file.keyed, wakes)


def sha_of(text: str) -> str:
    """Return the SHA-1 by which EVALSHA calls a script."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _read(folder: str, at: Traversable) -> list[LuaFile]:
    found = sorted((entry for entry in at.iterdir() if entry.name.endswith(".lua")), key=_by_name)
    files = []
    for entry in found:
        name, text = entry.name.removesuffix(".lua"), entry.read_text(encoding="utf-8")
        head = head_of(text)
        if "keys" not in head and not name.startswith("_"):
            raise ValueError(f"{folder}/{name}.lua has no `-- keys:` line.")
        files.append(LuaFile(folder, name, head, text))
    return files


def _by_name(entry: Traversable) -> str:
    return entry.name


def head_of(text: str) -> dict[str, str]:
    """Return the `name: value` lines of the comment at the top of a script."""
    head: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        found = re.match(r"-- (\w+): *(.*)", line)
        if found:
            head[found[1]] = found[2]
    return head
