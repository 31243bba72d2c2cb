"""Tokens: `mint` makes them and `TokenVerifier` checks them, with the same settings."""

import base64
import os
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from pydantic import SecretStr

from server.access.plain_token import plain_claims
from server.access.verified_tokens import VerifiedTokens
from server.protocol.plain_text import hides_something, plain_name
from server.protocol.roles import Role
from server.settings import Settings, SettingsError

SESSION_COOKIE = "liveroom_session"
"""The cookie that holds the token of a user signed in on our pages."""

SUB_CHARS_MAX = 64
NAME_CHARS_MAX = 40
_SECRET_FILE = "jwt_secret"  # noqa: S105 - the name of the file, not a secret
_TOKEN_ROLES = tuple(role for role in Role if role is not Role.GUEST)
_NOT_VALID = "The token is not valid for this server."


class BadToken(Exception):
    """A token is not accepted; the text is a sentence that the client may see."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The user of a connection, by their token. `rooms` None means every room."""

    user: str
    name: str
    role: Role
    rooms: frozenset[str] | None = None
    issued_ms: int = field(default=0, compare=False)
    """When the token was issued (Unix ms), 0 if it does not say."""

    def may_enter(self, room: str) -> bool:
        """Whether the token is valid for this room."""
        return self.rooms is None or room in self.rooms


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


def mint(
    settings: Settings,
    sub: str,
    role: Role,
    name: str = "",
    rooms: Collection[str] | None = None,
    ttl_s: float = 86_400,
) -> str:
    """Make a token for `sub`, valid for `ttl_s` seconds. Raises SettingsError or ValueError."""
    if settings.jwt.algorithm != "HS256":
        raise SettingsError(
            f"jwt.algorithm is {settings.jwt.algorithm}: only the holder of the private key can "
            "make tokens; Liveroom has the public one."
        )
    claims: dict[str, Any] = {"sub": sub, "name": name or sub[:NAME_CHARS_MAX], "role": role.value}
    if rooms is not None:
        claims["rooms"] = sorted(rooms)
    try:
        _identity(claims)
    except BadToken as bad:
        raise ValueError(str(bad)) from None
    now_s = time.time()
    # With milliseconds, a token that is issued just after a sign-out everywhere is good.
    claims |= {"iat": round(now_s, 3), "exp": int(now_s) + int(ttl_s)}
    return jwt.encode(claims, _hs256_secret(settings), algorithm="HS256")


def session_token(cookie_headers: Iterable[str]) -> str | None:
    """Return the token in the session cookie, or None; `cookie_headers` are all `Cookie` headers.

    Other cookies of the domain are skipped unparsed, even if malformed: a parser that stopped at
    one of them would sign people out (RFC 6265 section 5.4).
    """
    for header in cookie_headers:
        for pair in header.split(";"):
            name, equals, value = pair.partition("=")
            if equals and name.strip() == SESSION_COOKIE:
                return value.strip().strip('"')
    return None


def _never(_user: str, _issued_ms: int) -> bool:
    return False


class TokenVerifier:
    """Checks tokens with one key and one algorithm, which are read once.

    `ended(user, issued_ms)` tells whether the user signed out everywhere since a token was issued.
    """

    def __init__(self, settings: Settings, ended: Callable[[str, int], bool] = _never) -> None:
        self._ended = ended
        self._algorithm = settings.jwt.algorithm
        self._leeway_s = settings.jwt.leeway_s
        self._secret = b""
        """The HS256 secret; empty with another algorithm."""
        if self._algorithm == "HS256":
            self._key: jwt.PyJWK | str = _hs256_key(settings)
            self._secret = _hs256_secret(settings).encode()
        else:
            self._key = _public_key(settings)
        self._verified: VerifiedTokens[Identity] = VerifiedTokens()

    def verify(self, token: str) -> Identity:
        """Return the identity in a token. Raises BadToken."""
        now_s = time.time()
        try:
            name = self._verified.name_of(token)
        except UnicodeError:
            raise BadToken(_NOT_VALID) from None
        who = self._verified.get(name, now_s - self._leeway_s)
        if who is None:
            claims = self._claims(token, now_s)
            who = _identity(claims)
            self._verified.keep(name, int(claims["exp"]), who)
        if self._ended(who.user, who.issued_ms):
            raise BadToken("This user signed out everywhere after the token was issued; sign in.")
        return who

    def _claims(self, token: str, now_s: float) -> dict[str, Any]:
        """Return the claims of a good token. Raises BadToken."""
        if self._secret:
            claims = plain_claims(token, self._secret, now_s, self._leeway_s)
            if claims is not None:
                return claims
        try:
            return jwt.decode(
                token,
                self._key,
                algorithms=[self._algorithm],
                leeway=self._leeway_s,
                options={"require": ["exp", "sub"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError:
            raise BadToken("The token has expired; get a new one.") from None
        except jwt.MissingRequiredClaimError as missing:
            raise BadToken(f"The token has no `{missing.claim}`.") from None
        except (jwt.PyJWTError, ValueError, UnicodeError):
            raise BadToken(_NOT_VALID) from None


def _identity(claims: Mapping[str, Any]) -> Identity:
    user, name = claims.get("sub"), claims.get("name", "")
    if not _is_text(user, SUB_CHARS_MAX) or not user:
        raise BadToken(f"The token's `sub` must be 1 to {SUB_CHARS_MAX} printable characters.")
    if hides_something(user):
        raise BadToken(
            f"The token's `sub` must be 1 to {SUB_CHARS_MAX} printable characters: it has control "
            "characters, or others that nobody can see. Sign one without them."
        )
    if not _is_text(name, NAME_CHARS_MAX):
        raise BadToken(f"The token's `name` must be at most {NAME_CHARS_MAX} printable characters.")
    role = claims.get("role", Role.VIEWER.value)
    if role not in _TOKEN_ROLES:
        raise BadToken("The token's `role` must be one of " + ", ".join(_TOKEN_ROLES) + ".")
    rooms = claims.get("rooms")
    if rooms is not None and not (
        isinstance(rooms, list) and all(isinstance(room, str) for room in rooms)
    ):
        raise BadToken("The token's `rooms` must be a list of room ids.")
    return Identity(
        user,
        _shown(name, user),
        Role(role),
        None if rooms is None else frozenset(rooms),
        _issued_ms(claims.get("iat")),
    )


def _issued_ms(iat: object) -> int:
    """The time of a claim `iat`, in Unix ms; 0 if it has none, which is before every sign-out."""
    return int(iat * 1000) if isinstance(iat, int | float) else 0


def _shown(name: str, user: str) -> str:
    """The name that stands beside what this person says; the id's beginning if there is none."""
    return plain_name(name) or plain_name(user)[:NAME_CHARS_MAX].strip()


def _is_text(value: object, chars_max: int) -> bool:
    # A lone surrogate is half a character, for example of a name cut in the middle of an emoji.
    # It can't be encoded, so such a name could not be passed on.
    return (
        isinstance(value, str)
        and len(value) <= chars_max
        and not re.search(r"[\ud800-\udfff]", value)
    )


def _hs256_secret(settings: Settings) -> str:
    if settings.jwt.secret is None:
        raise SettingsError("jwt.secret is not set: set LIVEROOM_JWT_SECRET.")
    return settings.jwt.secret.get_secret_value()


def _hs256_key(settings: Settings) -> jwt.PyJWK:
    """Parse the secret into a key once; PyJWT would parse a text again for each token."""
    secret = base64.urlsafe_b64encode(_hs256_secret(settings).encode()).rstrip(b"=").decode()
    return jwt.PyJWK({"kty": "oct", "k": secret, "alg": "HS256"})


def _public_key(settings: Settings) -> str:
    path = Path(settings.jwt.public_key_file)
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"Can't read jwt.public_key_file {path}: {error}.") from None
