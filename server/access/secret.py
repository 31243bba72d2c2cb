"""The secret of HS256 tokens: from the settings, or made once in development."""

import base64
import os
import secrets
from pathlib import Path

import jwt
from pydantic import SecretStr

from server.settings import Settings, SettingsError

_SECRET_FILE = "jwt_secret"  # noqa: S105 - the name of the file, not a secret


def with_secret(settings: Settings) -> tuple[Settings, bool]:
    """Return settings with the HS256 secret filled in, and whether the secret was made just now.

    Development mode keeps one secret per data folder, so that tokens outlive a restart. Several
    processes may call this at once. Raises SettingsError if the file can't be used.
    """
    if settings.jwt.algorithm != "HS256" or settings.jwt.secret is not None:
        return settings, False
    path = Path(settings.data.dir) / _SECRET_FILE
    try:
        made = _make_once(path)
        secret = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise SettingsError(
            f"Can't keep the development token secret in {path}: {error.strerror}. "
            "Choose another --data-dir, or set LIVEROOM_JWT_SECRET."
        ) from None
    section = settings.jwt.model_copy(update={"secret": SecretStr(secret)})
    return settings.model_copy(update={"jwt": section}), made


def _make_once(path: Path) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return False
    # The file is written under another name and then linked: no reader sees half a secret, and
    # if two processes start together, one of them wins.
    draft = path.with_name(f"{_SECRET_FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


def hs256_secret(settings: Settings) -> str:
    """Return the secret. Raises SettingsError without one."""
    if settings.jwt.secret is None:
        raise SettingsError("jwt.secret is not set: set LIVEROOM_JWT_SECRET.")
    return settings.jwt.secret.get_secret_value()


def hs256_key(settings: Settings) -> jwt.PyJWK:
    """Parse the secret into a key once; PyJWT would parse a text again for each token."""
    secret = base64.urlsafe_b64encode(hs256_secret(settings).encode()).rstrip(b"=").decode()
    return jwt.PyJWK({"kty": "oct", "k": secret, "alg": "HS256"})
