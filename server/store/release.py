"""The program behind a Redis server: Redis or Valkey, and its version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """A program and its version, such as `valkey` (9, 1, 2); the version is () if unknown."""

    name: str
    """`redis` or `valkey`."""
    version: Version

    @classmethod
    def told_by(cls, info: Mapping[str, Any]) -> Self:
        """Read the release from the answer to INFO (its section `server`)."""
        # Valkey has a `redis_version` too: always that of the Redis it was forked from.
        name = "valkey" if "valkey_version" in info else "redis"
        return cls(name, parsed(str(info.get(f"{name}_version", ""))))

    @property
    def number(self) -> str:
        """The version in the usual form: `9.1.2`."""
        return shown(self.version) or "?"

    def __str__(self) -> str:
        return f"{self.name.title()} {self.number}"


@dataclass(frozen=True, slots=True)
class Releases:
    """The accepted releases: the least version of each program; None accepts no version."""

    redis: Version | None
    valkey: Version | None

    def include(self, release: Release) -> bool:
        """Whether this release is accepted."""
        oldest = self.redis if release.name == "redis" else self.valkey
        return oldest is not None and release.version >= oldest

    def __str__(self) -> str:
        each = (("Redis", self.redis), ("Valkey", self.valkey))
        oldest = " or ".join(f"{name} {shown(version)}" for name, version in each if version)
        return f"{oldest} or newer"


SUPPORTED = Releases(redis=(6, 2), valkey=(7, 2))


def parsed(text: str) -> Version:
    """Return a version's leading numbers: (8, 0, 0) for `8.0.0-rc1`; () if there are none."""
    found = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def shown(version: Version) -> str:
    """Format a version in the usual form: `7.0`."""
    return ".".join(map(str, version))
