"""The roles that a token can give, from least to most."""

from enum import StrEnum


class Role(StrEnum):
    """A guest has no token and only reads; an admin may do everything in every room.

    A merchant acts for the merchant whose id is the token's `sub`; in rooms it is a viewer.
    """

    GUEST = "guest"
    VIEWER = "viewer"
    MERCHANT = "merchant"
    MODERATOR = "moderator"
    HOST = "host"
    ADMIN = "admin"

    def at_least(self, other: "Role") -> bool:
        """Whether this role may do everything that `other` may."""
        return _RANK[self] >= _RANK[other]


_RANK = {role: rank for rank, role in enumerate(Role)}
