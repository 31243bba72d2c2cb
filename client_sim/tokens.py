"""Tokens for simulated people, made here with the server's development secret."""

import time
from pathlib import Path

import jwt

from client_sim.client.errors import RoomError
from server.protocol.roles import Role

TTL_S = 7 * 86_400
SECRET_BYTES_MIN = 32  # RFC 7518 3.2


class CannotRun(RoomError):
    """The simulation can't start, or can't go on; a sentence that says what to do."""


def read_secret(secret: str | None, data_dir: str) -> str:
    """The given secret, or the one a development server keeps in its data folder."""
    if secret:
        if len(secret.encode()) < SECRET_BYTES_MIN:
            raise CannotRun(f"The secret must be at least {SECRET_BYTES_MIN} bytes long.")
        return secret
    path = Path(data_dir) / "jwt_secret"
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise CannotRun(
            f"Simulated viewers need tokens, and {path} can't be read ({error.strerror}): give "
            "the server's --data-dir, or its secret by --secret or LIVEROOM_JWT_SECRET."
        ) from None


def mint(secret: str, sub: str, name: str, role: Role = Role.VIEWER) -> str:
    """An HS256 token for one person, valid for a week in every room."""
    now_s = int(time.time())
    claims = {"sub": sub, "name": name, "role": role.value, "iat": now_s, "exp": now_s + TTL_S}
    return jwt.encode(claims, secret, algorithm="HS256")
