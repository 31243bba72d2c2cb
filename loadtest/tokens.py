"""Tokens for simulated people: HS256, as docs say a shop's own backend makes them."""

import time

import jwt

VALID_S = 86_400


def mint(
    secret: str, user: str, name: str, role: str = "viewer", rooms: list[str] | None = None
) -> str:
    """A token for `user`, valid for a day; a moderator moderates in `rooms`."""
    now = int(time.time())
    claims: dict[str, object] = {
        "sub": user,
        "name": name,
        "role": role,
        "iat": now,
        "exp": now + VALID_S,
    }
    if rooms is not None:
        claims["rooms"] = rooms
    return jwt.encode(claims, secret, algorithm="HS256")
