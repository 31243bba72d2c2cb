"""Tokens: `mint` makes them and `TokenVerifier` checks them, with the same settings."""

import contextlib
import difflib
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jwt
import msgspec

from server.access.key_set import TRIED_MAX
from server.access.plain_token import plain_claims
from server.access.secret import hs256_key, hs256_secret
from server.access.token_keys import TokenKeys
from server.access.verified_tokens import VerifiedTokens
from server.protocol.fields import MERCHANT_CHARS_MAX, META_BYTES_MAX, MerchantId
from server.protocol.plain_text import hides_something, plain_name
from server.protocol.roles import Role
from server.settings import Settings, SettingsError

SESSION_COOKIE = "liveroom_session"
"""The cookie that holds the token of a user signed in on our pages."""

SERVER = "server"
"""The `role` of another server's token: an admin within the token's `scopes`."""
HEARS_ROOMS = "rooms:read"
"""The scope with which a server may join rooms."""
SCOPES_MAX = 100
SUB_CHARS_MAX = 64
NAME_CHARS_MAX = 40
DELIVER_CHARS_MAX = 200
_TOKEN_ROLES = tuple(role for role in Role if role is not Role.GUEST)
_NOT_VALID = "The token is not valid for this server."


class BadToken(Exception):
    """A token is not accepted; the text is a sentence that the client may see."""


class _NotItsKey(BadToken):
    """The token is not signed with the key it was tried with."""


class UnknownKey(BadToken):
    """A token names a key, `kid`, that is not known yet: `TokenVerifier.identify` looks for it."""

    def __init__(self, kid: str | None) -> None:
        super().__init__("The token is signed with a key (`kid`) that this server does not know.")
        self.kid = kid


@dataclass(frozen=True, slots=True)
class Identity:
    """The user of a connection, by their token. `rooms` None means every room."""

    user: str
    name: str
    role: Role
    rooms: frozenset[str] | None = None
    issued_ms: int = field(default=0, compare=False)
    """When the token was issued (Unix ms), 0 if it does not say."""
    deliver: str = field(default="", compare=False)
    """Where the shop sends what this user buys: a reference that only the shop understands."""
    expires_ms: int = field(default=0, compare=False)
    """When the token expires (Unix ms); 0 without a token."""
    scopes: frozenset[str] | None = None
    """What a server may do, as an admin within these; None for people."""
    meta: str = field(default="", compare=False)
    """What the shop wrote about its user for itself; nobody else is shown it."""

    @property
    def is_operator(self) -> bool:
        """Whether this is an admin, by a token that is not for some rooms only: nobody else decides
        about what is in no room."""
        return self.role is Role.ADMIN and self.rooms is None

    def may_enter(self, room: str) -> bool:
        """Whether the token is valid for this room."""
        return self.rooms is None or room in self.rooms

    def lacks(self, scope: str) -> bool:
        """Whether this is a server whose token does not have this scope."""
        return self.scopes is not None and scope not in self.scopes

    def why_not_in(self, room: str) -> str:
        """Return why the token does not let in to this room; empty if it does."""
        if not self.may_enter(room):
            return f"This token is not for the room `{room}`."
        if self.lacks(HEARS_ROOMS):
            return f"This token has no scope `{HEARS_ROOMS}`, which joining a room needs."
        return ""


def mint(
    settings: Settings,
    sub: str,
    role: Role,
    name: str = "",
    rooms: Collection[str] | None = None,
    ttl_s: float = 86_400,
    scopes: Collection[str] | None = None,
) -> str:
    """Make a token for `sub`, valid for `ttl_s` seconds; with `scopes` for a server, whose `role`
    does not count. Raises SettingsError or ValueError."""
    if settings.jwt.algorithm != "HS256":
        raise SettingsError(
            f"jwt.algorithm is {settings.jwt.algorithm}: only the holder of the private key can "
            "make tokens; Liveroom has the public one."
        )
    claims: dict[str, Any] = {"sub": sub, "name": name or sub[:NAME_CHARS_MAX], "role": role.value}
    if settings.jwt.issuer:
        claims["iss"] = settings.jwt.issuer
    if settings.jwt.audience:
        claims["aud"] = settings.jwt.audience[0]
    if rooms is not None:
        claims["rooms"] = sorted(rooms)
    if scopes is not None:
        claims |= {"role": SERVER, "scopes": sorted(scopes)}
    try:
        _identity(claims, scopes or ())
    except BadToken as bad:
        raise ValueError(str(bad)) from None
    now_s = time.time()
    # With milliseconds, a token that is issued just after a sign-out everywhere is good.
    claims |= {"iat": round(now_s, 3), "exp": int(now_s) + int(ttl_s)}
    return jwt.encode(claims, hs256_secret(settings), algorithm="HS256")


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
    """Checks tokens with one algorithm, and with its secret or the public keys there are now.

    `ended(user, issued_ms)` tells whether the user signed out everywhere since a token was issued.
    `keys` follow the public keys; without it those of a file are read once. `scopes` are all there
    are.
    """

    def __init__(
        self,
        settings: Settings,
        ended: Callable[[str, int], bool] = _never,
        keys: TokenKeys | None = None,
        scopes: Collection[str] = (),
    ) -> None:
        self._ended = ended
        self._scopes = scopes
        self._settings = settings.jwt
        self._verified: VerifiedTokens[Identity] = VerifiedTokens()
        self._secret = b""
        """The HS256 secret; empty with another algorithm."""
        if settings.jwt.algorithm == "HS256":
            self._secret_key = hs256_key(settings)
            self._secret = hs256_secret(settings).encode()
        else:
            self._keys = keys or TokenKeys(settings)
            self._keys.changed.append(self._verified.clear)

    def verify(self, token: str) -> Identity:
        """Return the identity in a token. Raises BadToken; UnknownKey if its key is not known."""
        now_s = time.time()
        try:
            name = self._verified.name_of(token)
        except UnicodeError:
            raise BadToken(_NOT_VALID) from None
        who = self._verified.get(name, now_s - self._settings.leeway_s)
        if who is None:
            claims = self._claims(token, now_s)
            who = _identity(claims, self._scopes)
            self._verified.keep(name, int(claims["exp"]), who)
        if self._ended(who.user, who.issued_ms):
            raise BadToken(
                "This token was issued before its user was signed out everywhere; sign in again."
            )
        return who

    async def identify(self, token: str) -> Identity:
        """Return the identity in a token; look for its key first if that is not known.

        Raises BadToken, or CommandError `unavailable` while the key can't be looked for.
        """
        try:
            return self.verify(token)
        except UnknownKey as unknown:
            await self._keys.look_again(unknown.kid)
        return self.verify(token)

    def why_not_ready(self) -> str:
        """Return why no token can be checked yet; empty if they can be."""
        return "" if self._secret else self._keys.why_not_ready()

    def _claims(self, token: str, now_s: float) -> dict[str, Any]:
        """Return the claims of a good token. Raises BadToken."""
        limits = self._settings
        if self._secret:
            claims = plain_claims(
                token, self._secret, now_s, limits.leeway_s, limits.issuer, limits.audience
            )
            return self._decoded(token, self._secret_key) if claims is None else claims
        for key in self._keys_for(token):
            with contextlib.suppress(_NotItsKey):
                return self._decoded(token, key)
        raise BadToken(_NOT_VALID)

    def _keys_for(self, token: str) -> Sequence[jwt.PyJWK]:
        """Return the public keys that may have signed a token. Raises BadToken."""
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.PyJWTError, ValueError, RecursionError):
            raise BadToken(_NOT_VALID) from None
        if header.get("alg") != self._settings.algorithm:
            raise BadToken(_NOT_VALID)
        kid = header.get("kid")
        found = self._keys.keys.for_kid(kid)
        if not found:
            raise UnknownKey(kid)
        if len(found) > TRIED_MAX:
            raise BadToken("The token does not name its key (`kid`), and there are several.")
        return found

    def _decoded(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        """Return the claims of a token signed with this key, as PyJWT reads them."""
        limits = self._settings
        try:
            return jwt.decode(
                token,
                key,
                algorithms=[limits.algorithm],
                leeway=limits.leeway_s,
                issuer=limits.issuer or None,
                audience=limits.audience or None,
                options={"require": ["exp", "sub"], "verify_aud": bool(limits.audience)},
            )
        except jwt.InvalidSignatureError:
            raise _NotItsKey(_NOT_VALID) from None
        except jwt.ExpiredSignatureError:
            raise BadToken("The token has expired; get a new one.") from None
        except jwt.InvalidAudienceError:
            raise BadToken("The token is for somebody else: its `aud` names others.") from None
        except jwt.InvalidIssuerError:
            raise BadToken("The token's `iss` is not who issues tokens for this server.") from None
        except jwt.MissingRequiredClaimError as missing:
            raise BadToken(f"The token has no `{missing.claim}`.") from None
        except (jwt.PyJWTError, ValueError, OverflowError):
            raise BadToken(_NOT_VALID) from None


def _identity(claims: Mapping[str, Any], known_scopes: Collection[str]) -> Identity:
    user, name = _user(claims), claims.get("name", "")
    if not _is_text(name, NAME_CHARS_MAX):
        raise BadToken(f"The token's `name` must be at most {NAME_CHARS_MAX} printable characters.")
    role, scopes = _role(claims, user), None
    if claims.get("role") == SERVER:
        scopes = _scopes(claims.get("scopes"), known_scopes)
    meta = _meta(claims)
    return Identity(
        user,
        _shown(name, user),
        role,
        _rooms(claims),
        _issued_ms(claims.get("iat")),
        _deliver(claims),
        int(claims.get("exp", 0)) * 1000,
        scopes,
        meta,
    )


def _user(claims: Mapping[str, Any]) -> str:
    user = claims.get("sub")
    if not _is_text(user, SUB_CHARS_MAX) or not user:
        raise BadToken(f"The token's `sub` must be 1 to {SUB_CHARS_MAX} printable characters.")
    if hides_something(user):
        raise BadToken(
            f"The token's `sub` must be 1 to {SUB_CHARS_MAX} printable characters: it has control "
            "characters, or others that nobody can see. Sign one without them."
        )
    return str(user)


def _role(claims: Mapping[str, Any], user: str) -> Role:
    """Return the role of a person, or of another server: that of an admin within its scopes."""
    role = claims.get("role", Role.VIEWER.value)
    if role == SERVER:
        return Role.ADMIN
    if role not in _TOKEN_ROLES:
        named = ", ".join((*_TOKEN_ROLES, SERVER))
        raise BadToken(f"The token's `role` must be one of {named}.")
    if role == Role.MERCHANT and not _is_merchant_id(user):
        raise BadToken(
            f"The `sub` of a merchant's token must be 1 to {MERCHANT_CHARS_MAX} letters, digits or "
            "`_.@-`: it is the merchant's id."
        )
    return Role(role)


def _rooms(claims: Mapping[str, Any]) -> frozenset[str] | None:
    rooms = claims.get("rooms")
    if rooms is None:
        return None
    if not isinstance(rooms, list) or not all(isinstance(room, str) for room in rooms):
        raise BadToken("The token's `rooms` must be a list of room ids.")
    return frozenset(rooms)


def _deliver(claims: Mapping[str, Any]) -> str:
    deliver = claims.get("deliver", "")
    if not _is_text(deliver, DELIVER_CHARS_MAX) or (deliver and hides_something(deliver)):
        raise BadToken(
            f"The token's `deliver` must be at most {DELIVER_CHARS_MAX} printable characters."
        )
    return str(deliver)


def _meta(claims: Mapping[str, Any]) -> str:
    meta = claims.get("meta", "")
    if not _is_text(meta, META_BYTES_MAX) or len(meta.encode()) > META_BYTES_MAX:
        raise BadToken(f"The token's `meta` must be a text of at most {META_BYTES_MAX} bytes.")
    return str(meta)


def _scopes(named: Any, known: Collection[str]) -> frozenset[str]:
    """Return the scopes that a server's token names. Raises BadToken."""
    if not isinstance(named, list) or not 0 < len(named) <= SCOPES_MAX:
        raise BadToken(f"A server's token must list 1 to {SCOPES_MAX} `scopes`.")
    for scope in named:
        if not isinstance(scope, str) or scope not in known:
            close = difflib.get_close_matches(str(scope)[:100], sorted(known), n=1)
            hint = f": did you mean `{close[0]}`?" if close else "."
            raise BadToken(f"The token has the scope `{scope!s:.100}`, which is none{hint}")
    return frozenset(named)


def _is_merchant_id(user: str) -> bool:
    try:
        msgspec.convert(user, MerchantId)
    except msgspec.ValidationError:
        return False
    return True


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
