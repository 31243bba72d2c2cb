"""Marks of searches: the id by which a link from a search says which one it was.

A mark is another one each time, so that who sees it in an order, such as a host, can't learn what
was searched for by searching for it too. It is of who searched, so that a host can't have others
come with it until its words are told. Only the server's key reads it. Pure.
"""

import base64
import binascii
import hashlib
import secrets
from typing import Final, NamedTuple

_NONCE: Final = 6
_TAG: Final = 4
QUERY_BYTES: Final = 8


class Marked(NamedTuple):
    """What a mark names: the name of a query; empty if this server did not write it for this user.
    `own`: they had signed in when they searched."""

    query: str
    own: bool


_NOTHING: Final = Marked("", own=False)


def query_id(text: str) -> str:
    """The name of a folded query in the counts."""
    return hashlib.blake2s(text.encode(), digest_size=QUERY_BYTES).hexdigest()


def mark_of(query: str, key: bytes, user: str, nonce: bytes | None = None) -> str:
    """Make a mark of a query's name for a user ('' for a guest): 24 characters that a link can
    hold."""
    nonce = secrets.token_bytes(_NONCE) if nonce is None else nonce
    hidden = _mixed(bytes.fromhex(query), nonce, key)
    return base64.urlsafe_b64encode(nonce + hidden + _tag(nonce + hidden, key, user)).decode()


def query_in(mark: str, key: bytes, user: str) -> Marked:
    """Return what a mark names for a user: one of their own, or of a guest, who may have signed in
    since."""
    try:
        raw = base64.b64decode(mark, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return _NOTHING
    if len(raw) != _NONCE + QUERY_BYTES + _TAG:
        return _NOTHING
    said, tag = raw[:-_TAG], raw[-_TAG:]
    own = bool(user) and secrets.compare_digest(tag, _tag(said, key, user))
    if not own and not secrets.compare_digest(tag, _tag(said, key, "")):
        return _NOTHING
    return Marked(_mixed(said[_NONCE:], said[:_NONCE], key).hex(), own)


def _mixed(query: bytes, nonce: bytes, key: bytes) -> bytes:
    stream = hashlib.blake2s(nonce, key=key, person=b"mark", digest_size=QUERY_BYTES).digest()
    return bytes(a ^ b for a, b in zip(query, stream, strict=True))


def _tag(said: bytes, key: bytes, user: str) -> bytes:
    whole = said + user.encode(errors="replace")
    return hashlib.blake2s(whole, key=key, person=b"tag", digest_size=_TAG).digest()
