"""Combines what browsers are allowed on the pages beyond the pages' own needs, as features declare
it."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

HOST = "{host}"
"""In an origin: the name under which the page itself was asked for."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """Origins for the Content-Security-Policy, and powers for the Permissions-Policy."""

    connect: tuple[str, ...] = ()
    """Origins that scripts may ask."""
    media: tuple[str, ...] = ()
    """Origins that pictures and sound are played from."""
    media_from_anywhere: bool = True
    """Whether they are played from all other origins too."""
    permissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The powers, such as `camera`, of our own scripts on a page, by the path of the page."""

    @classmethod
    def together(cls, parts: Iterable[Self]) -> "Opened":
        """Return all that the parts open."""
        return functools.reduce(Opened._with, parts, Opened())

    def _with(self, other: "Opened") -> "Opened":
        pages = {**self.permissions, **other.permissions}
        return Opened(
            connect=tuple(sorted({*self.connect, *other.connect})),
            media=tuple(sorted({*self.media, *other.media})),
            media_from_anywhere=self.media_from_anywhere and other.media_from_anywhere,
            permissions={
                page: (*self.permissions.get(page, ()), *other.permissions.get(page, ()))
                for page in pages
            },
        )

    def sources(self, origins: Iterable[str], host: str) -> str:
        """Return origins as a policy has them, each with a space before it. `host` is the name of
        the page's own host; without one what depends on it is left out."""
        named = [each.replace(HOST, host) for each in origins if host or HOST not in each]
        return "".join(f" {each}" for each in named)
