"""The roles that a token can give, from least to most."""

from enum import StrEnum


class Role(StrEnum):
    """A guest has no token and only reads; an admin may do everything in every room."""

    GUEST = "guest"
    VIEWER = "viewer"
    MODERATOR = "moderator"
    HOST = "host"
    ADMIN = "admin"

    def at_least(self, other: "Role") -> bool:
        """Whether this role may do everything that `other` may."""
        return _RANK[self] >= _RANK[other]


_RANK = {role: rank for rank, role in enumerate(Role)}
