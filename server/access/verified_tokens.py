"""Remembers tokens that were found good, so that a page, its requests and its reconnects cost one
check of the signature.

What was found is kept under a keyed hash of the token: neither the token nor anything that stands
for it stays in memory. It is emptied when the keys change that found them good.
"""

import hashlib
import secrets
from typing import Final, Generic, TypeVar

VERIFIED_MAX: Final = 10_000
"""Most tokens remembered, about 300 bytes each and their `meta`; the one that was used longest ago
goes first."""

Found = TypeVar("Found")


class VerifiedTokens(Generic[Found]):
    """What was found in each token, until the token expires."""

    def __init__(self, tokens_max: int = VERIFIED_MAX) -> None:
        self._tokens_max = tokens_max
        self._hash_key = secrets.token_bytes(16)
        self._found: dict[bytes, tuple[int, Found]] = {}

    def __len__(self) -> int:
        return len(self._found)

    def name_of(self, token: str) -> bytes:
        """Return what a token is remembered under. Raises UnicodeError if it is no text."""
        return hashlib.blake2b(token.encode(), key=self._hash_key, digest_size=16).digest()

    def get(self, name: bytes, now_s: float) -> Found | None:
        """Return what was found in a token; None if it is unknown or expired by now (Unix s)."""
        entry = self._found.pop(name, None)
        if entry is None or entry[0] <= now_s:
            return None
        self._found[name] = entry  # at the end: used last
        return entry[1]

    def keep(self, name: bytes, until_s: int, found: Found) -> None:
        """Remember what was found in a token that expires at `until_s` (Unix s)."""
        if len(self._found) >= self._tokens_max:
            del self._found[next(iter(self._found))]
        self._found[name] = until_s, found

    def clear(self) -> None:
        """Forget all: they were found good by keys that may no longer count."""
        self._found.clear()
