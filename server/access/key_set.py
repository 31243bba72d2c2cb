"""The public keys that tokens may be signed with, read from PEM or from a JWKS (RFC 7517).

A key counts only if it fits the one algorithm of the settings: its type, its curve, its use. So no
key set can make us accept `none`, or a public key as the secret of HS256.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PublicAlgorithm = Literal["RS256", "ES256", "EdDSA"]

KID_CHARS_MAX: Final = 256
TRIED_MAX: Final = 4
"""Most keys tried for one token: each costs about 0.1 ms, and a stranger may send any token."""
_KINDS: Final[Mapping[str, Mapping[str, str]]] = {
    "RS256": {"kty": "RSA"},
    "ES256": {"kty": "EC", "crv": "P-256"},
    "EdDSA": {"kty": "OKP", "crv": "Ed25519"},
}
"""The type of key that each algorithm needs."""
_RSA_BITS: Final = range(2048, 8193)
_RSA_EXPONENT_MAX: Final = 2**32
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_SECRET_PARTS: Final = frozenset({"k", "d", "p", "q", "dp", "dq", "qi", "oth"})


class BadKeys(Exception):
    """Keys can't be used; the text is the end of a sentence that began with where they are."""


class KeySet:
    """The keys, by the `kid` that tokens name. Equal sets accept the same tokens."""

    def __init__(self, keys: Iterable[jwt.PyJWK] = ()) -> None:
        self._all = tuple(keys)
        self._by_kid: dict[str | None, tuple[jwt.PyJWK, ...]] = {}
        for key in self._all:
            self._by_kid[key.key_id] = (*self._by_kid.get(key.key_id, ()), key)
        self._prints = frozenset((key.key_id, _print_of(key)) for key in self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeySet) and self._prints == other._prints

    def __hash__(self) -> int:
        return hash(self._prints)

    def for_kid(self, kid: str | None) -> tuple[jwt.PyJWK, ...]:
        """Return the keys that may have signed a token with this `kid`; none if it is unknown.

        A key without a `kid`, as PEM has, may have signed any; a token without one may be of any.
        """
        if kid is None:
            return self._all
        return self._by_kid.get(kid, ()) or self._by_kid.get(None, ())


def read_key_set(
    text: bytes, algorithm: PublicAlgorithm, keys_max: int, *, whole: bool = False
) -> KeySet:
    """Read PEM or a JWKS.

    With `whole` each key in it must be one of ours; otherwise those that are not for us are left
    out, as RFC 7517 asks: who publishes keys also has others. Raises BadKeys if there are more
    keys than `keys_max`, or none of ours.
    """
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        raise BadKeys("is no text") from None
    if decoded.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        found = _jwks(decoded)
    else:
        found = _pem(decoded, algorithm)
    if len(found) > keys_max:
        raise BadKeys(
            f"holds {len(found)} keys, and no more than {keys_max} are read: remove those that "
            "sign no tokens, or raise jwt.keys_max"
        )
    keys, refused = [], []
    for place, jwk in enumerate(found, 1):
        try:
            keys.append(_key(jwk, algorithm))
        except BadKeys as why:
            refused.append(f"key {place} of {len(found)} {why}")
    if whole and refused:
        raise BadKeys(f"holds a key that is not used: {refused[0]}; remove it")
    if not keys:
        why_not = f": {refused[0]}" if refused else ""
        raise BadKeys(f"has no key for {algorithm}{why_not}")
    return KeySet(keys)


def _jwks(text: str) -> list[Any]:
    try:
        keys = json.loads(text)
    except (ValueError, RecursionError):
        raise BadKeys("is no JSON") from None
    keys = keys.get("keys") if isinstance(keys, dict) else None
    if not isinstance(keys, list):
        raise BadKeys('is no JWKS: it must be {"keys": [...]}')
    return keys


def _pem(text: str, algorithm: PublicAlgorithm) -> list[Any]:
    """The public keys in PEM, or the one in the format of OpenSSH, as JWKs."""
    blocks = list(_PEM.finditer(text))
    if text.count("-----BEGIN ") != len(blocks):
        raise BadKeys("has a PEM block that is not whole")
    found: list[Any] = []
    for block in blocks:
        if "PRIVATE" in block[1]:
            raise BadKeys("holds a private key: put only the public one here")
    for pem in [block[0] for block in blocks] or [text]:
        implementation = jwt.get_algorithm_by_name(algorithm)
        try:
            found.append(implementation.to_jwk(implementation.prepare_key(pem), as_dict=True))
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise BadKeys(f"has a key that can't be read for {algorithm}: {error}") from None
    return found


def _key(jwk: Any, algorithm: PublicAlgorithm) -> jwt.PyJWK:
    """Return the key of a JWK. Raises BadKeys, saying why it is not for our tokens."""
    if not isinstance(jwk, dict):
        raise BadKeys("is no JSON object")
    if why := _why_not_ours(jwk, algorithm):
        raise BadKeys(why)
    try:
        key = jwt.PyJWK(jwk, algorithm)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
        raise BadKeys(f"can't be read: {error}") from None
    if algorithm == "RS256":
        numbers = key.key.public_numbers()
        if numbers.n.bit_length() not in _RSA_BITS or numbers.e > _RSA_EXPONENT_MAX:
            raise BadKeys("is no RSA key of 2048 to 8192 bits")
    return key


def _why_not_ours(jwk: Mapping[str, Any], algorithm: PublicAlgorithm) -> str:
    if jwk.get("kty") == "oct" or not _SECRET_PARTS.isdisjoint(jwk):
        return "is secret, and must not be published"
    for name, must_be in _KINDS[algorithm].items():
        if jwk.get(name) != must_be:
            return f"has the `{name}` {jwk.get(name)!r}, and {algorithm} needs {must_be!r}"
    return _why_not_its_use(jwk, algorithm)


def _why_not_its_use(jwk: Mapping[str, Any], algorithm: PublicAlgorithm) -> str:
    uses, kid = jwk.get("key_ops", ["verify"]), jwk.get("kid")
    if jwk.get("alg", algorithm) != algorithm:
        return f"is for the `alg` {jwk['alg']!r}, not {algorithm}"
    if jwk.get("use", "sig") != "sig":
        return f"is for the `use` {jwk['use']!r}, not 'sig'"
    if not isinstance(uses, list) or "verify" not in uses:
        return "may not verify (`key_ops`)"
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= KID_CHARS_MAX):
        return f"has a `kid` that is no text of 1 to {KID_CHARS_MAX} characters"
    return ""


def _print_of(key: jwt.PyJWK) -> bytes:
    """Return what tells one key from another."""
    printed: bytes = key.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return printed
