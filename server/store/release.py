"""Which program a Redis is: Redis or Valkey, and of which version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """A program and its version, such as `valkey` (9, 1, 2); () if it doesn't tell it."""

    name: str
    """`redis` or `valkey`."""
    version: Version

    @classmethod
    def told_by(cls, info: Mapping[str, Any]) -> Self:
        """The release behind the answer to INFO (its section `server`)."""
        # Valkey tells a `redis_version` too: for ever that of the Redis it began as.
        name = "valkey" if "valkey_version" in info else "redis"
        return cls(name, parsed(str(info.get(f"{name}_version", ""))))

    @property
    def number(self) -> str:
        """The version as people write it: `9.1.2`."""
        return shown(self.version) or "?"

    def __str__(self) -> str:
        return f"{self.name.title()} {self.number}"


@dataclass(frozen=True, slots=True)
class Releases:
    """The releases that will do: from which version of each program; None is no version."""

    redis: Version | None
    valkey: Version | None

    def include(self, release: Release) -> bool:
        """Whether this release will do."""
        oldest = self.redis if release.name == "redis" else self.valkey
        return oldest is not None and release.version >= oldest

    def __str__(self) -> str:
        each = (("Redis", self.redis), ("Valkey", self.valkey))
        oldest = " or ".join(f"{name} {shown(version)}" for name, version in each if version)
        return f"{oldest} or newer"


SUPPORTED = Releases(redis=(6, 2), valkey=(7, 2))


def parsed(text: str) -> Version:
    """The numbers that a version begins with: `8.0.0-rc1` is (8, 0, 0); () if there are none."""
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def shown(version: Version) -> str:
    """As people write it: `7.0`."""
    return ".".join(map(str, version))
