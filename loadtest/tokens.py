"""Tokens for simulated people: HS256, as docs say a shop's own backend makes them."""

import time

import jwt

VALID_S = 86_400


def mint(secret: str, user: str, name: str, role: str = "viewer") -> str:
    """A token for `user`, valid for a day."""
    now = int(time.time())
    claims = {"sub": user, "name": name, "role": role, "iat": now, "exp": now + VALID_S}
    return jwt.encode(claims, secret, algorithm="HS256")
