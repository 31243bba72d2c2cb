"""Nobody in a room but its host goes by the host's name."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from cachetools import LRUCache

from server.access.auth import NAME_CHARS_MAX, Identity
from server.protocol.plain_text import plain_name
from server.protocol.roles import Role
from server.text.readings import looks_of

LOOKS_REMEMBERED_MAX = 20_000
"""Names whose looks are kept; the one asked for longest ago goes first."""


class Host(NamedTuple):
    """The host of a room; fixed when it was made."""

    user: str
    name: str


class Naming:
    """Keeps the names that people go by in a room."""

    def __init__(self) -> None:
        self._looks: LRUCache[str, frozenset[str]] = LRUCache(LOOKS_REMEMBERED_MAX)

    def named_in(self, who: Identity, host: Host) -> Identity:
        """`who` under their own name, or another if theirs reads as the host's.

        The host and admins, who may do everything, keep theirs.
        """
        if who.user == host.user or who.role is Role.ADMIN or not self._alike(who.name, host.name):
            return who
        names = _instead(who.user)
        return replace(who, name=next(n for n in names if not self._alike(n, host.name)))

    def _alike(self, name: str, other: str) -> bool:
        return not self._looks_of(name).isdisjoint(self._looks_of(other))

    def _looks_of(self, name: str) -> frozenset[str]:
        looks = self._looks.get(name)
        if looks is None:
            looks = self._looks[name] = frozenset(looks_of(name)) or frozenset({name})
        return looks


def _instead(user: str) -> Iterator[str]:
    yield plain_name(user)[:NAME_CHARS_MAX].strip()
    digest = hashlib.sha256(user.encode()).hexdigest()
    for chars in range(6, NAME_CHARS_MAX - len("viewer-")):
        yield f"viewer-{digest[:chars]}"
