"""Reads the tokens that almost every client has; all others are PyJWT's to judge.

A token is plain if it is a good HS256 token of the usual form. Then reading it takes a tenth of the
time. Nothing is refused here: what is unusual, expired or not signed with our key is not plain, and
PyJWT says what is wrong with it.
"""

import base64
import binascii
import functools
import hmac
import json
from collections.abc import Collection, Mapping
from typing import Any, Final

_HEADER_CHARS_MAX: Final = 256
_HEADER_FIELDS: Final = frozenset({"alg", "typ", "kid"})
_load = json.JSONDecoder().decode


def plain_claims(
    token: str,
    key: bytes,
    now_s: float,
    leeway_s: float,
    issuer: str = "",
    audience: Collection[str] = (),
) -> dict[str, Any] | None:
    """Return the claims of a token that is valid now (Unix s); None if it is not plain.

    `key` is the HS256 secret. Claims are as `jwt.decode` returns them with `exp` and `sub`
    required, and `iss` and `aud` checked only where `issuer` and `audience` are given.
    """
    header, _, rest = token.partition(".")
    payload, _, signature = rest.partition(".")
    if len(header) > _HEADER_CHARS_MAX or not _is_plain_header(header):
        return None
    try:
        signed = f"{header}.{payload}".encode("ascii")
        if not hmac.compare_digest(_encoded(hmac.digest(key, signed, "sha256")), signature):
            return None
        claims = _good(_load(_decoded(payload).decode()), now_s, leeway_s)
    except (ValueError, TypeError, RecursionError):
        return None
    if claims is None or (issuer and claims.get("iss") != issuer):
        return None
    return claims if not audience or _is_for(claims.get("aud"), audience) else None


def _is_for(aud: Any, audience: Collection[str]) -> bool:
    """Whether a claim `aud` of the usual types, a text or a list of texts, names one of these."""
    named = aud if type(aud) is list else [aud]
    if not aud or any(type(each) is not str for each in named):
        return False
    return any(each in audience for each in named)


def _good(claims: Any, now_s: float, leeway_s: float) -> dict[str, Any] | None:
    """The same claims, if they are valid now and of the usual types."""
    if type(claims) is not dict or type(claims.get("sub")) is not str:
        return None
    begins = max(_second(claims, "iat"), _second(claims, "nbf"))
    if begins > now_s + leeway_s or _second(claims, "exp") <= now_s - leeway_s:
        return None
    return claims if type(claims.get("jti", "")) is str else None


def _second(claims: Mapping[str, Any], name: str) -> int:
    """A time in claims, in whole Unix s; 0 if it is absent. Raises ValueError or TypeError."""
    at = claims.get(name, 0)
    if type(at) is int:
        return at
    if type(at) is not float:
        raise TypeError(name)
    return int(at) if abs(at) < 2**53 else _never()


def _never() -> int:
    raise ValueError("no time of this era")


@functools.lru_cache(maxsize=64)
def _is_plain_header(segment: str) -> bool:
    """Whether a token's first segment says HS256, and nothing that changes how it is read."""
    try:
        header = _load(_decoded(segment).decode())
    except (ValueError, RecursionError):
        return False
    return (
        type(header) is dict
        and header.get("alg") == "HS256"
        and header.keys() <= _HEADER_FIELDS
        and type(header.get("kid", "")) is str
    )


def _decoded(segment: str) -> bytes:
    """The bytes of a base64url text without padding. Raises ValueError if they have another."""
    try:
        found = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error:
        raise ValueError("no base64url") from None
    if _encoded(found) != segment:
        raise ValueError("no base64url of the shortest form")
    return found


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
