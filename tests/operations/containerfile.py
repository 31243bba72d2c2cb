"""Reads a Containerfile as far as ours goes: stages of instructions, each with flags and words.

What it doesn't know it refuses, so that nothing in the file goes unread.
"""

import json
import re
import shlex
from typing import NamedTuple

FLAGS = {
    "ARG": set[str](),
    "CMD": set[str](),
    "COPY": {"from", "chown", "chmod"},
    "ENTRYPOINT": set[str](),
    "ENV": set[str](),
    "EXPOSE": set[str](),
    "FROM": {"platform"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "retries"},
    "LABEL": set[str](),
    "RUN": {"mount"},
    "STOPSIGNAL": set[str](),
    "USER": set[str](),
    "VOLUME": set[str](),
    "WORKDIR": set[str](),
}
"""Every instruction that is read, with its flags."""
EXEC_FORM = ("CMD", "ENTRYPOINT")


class Instruction(NamedTuple):
    """One instruction: `COPY --from=build a b` has the name COPY, a flag and two words."""

    name: str
    flags: dict[str, str]
    value: str

    @property
    def words(self) -> list[str]:
        """The words of a list in JSON, or of a line as a shell splits it."""
        if self.value.startswith("["):
            found = json.loads(self.value)
            assert all(isinstance(word, str) for word in found), self.value
            return list(found)
        return shlex.split(self.value)


class Stage(NamedTuple):
    """From one FROM to the next."""

    image: str
    name: str
    instructions: list[Instruction]

    def each(self, name: str) -> list[Instruction]:
        """The instructions of a name, in order."""
        return [each for each in self.instructions if each.name == name]

    def only(self, name: str) -> Instruction:
        """The one of this name."""
        [found] = self.each(name)
        return found

    @property
    def env(self) -> dict[str, str]:
        """The variables that a container of it has."""
        pairs = (word.partition("=")[::2] for each in self.each("ENV") for word in each.words)
        return dict(pairs)


def stages_of(text: str) -> list[Stage]:
    """Read a whole file. Raises ValueError for an instruction or flag that is not known."""
    stages: list[Stage] = []
    for line in _joined(text):
        made = _instruction(line)
        if made.name == "FROM":
            image, *more = made.words
            name = more[1] if more and more[0].upper() == "AS" else ""
            stages.append(Stage(image, name, []))
        elif stages:
            stages[-1].instructions.append(made)
        elif made.name != "ARG":
            raise ValueError(f"{line!r} stands before the first FROM")
    return stages


def _joined(text: str) -> list[str]:
    """Lines without comments and blank ones, those that go on put together."""
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    return re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines()


def _instruction(line: str) -> Instruction:
    name, _, rest = line.strip().partition(" ")
    if name not in FLAGS:
        raise ValueError(f"{line!r} begins with an instruction that is not known")
    flags: dict[str, str] = {}
    rest = rest.strip()
    while rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        key, _, value = flag[2:].partition("=")
        if key not in FLAGS[name]:
            raise ValueError(f"{name} has no flag --{key}")
        flags[key] = value
        rest = rest.strip()
    if name in EXEC_FORM and not rest.startswith("["):
        raise ValueError(f"{line!r} would run in a shell, which does not pass signals on")
    return Instruction(name, flags, rest)
