"""Takes kinds of records out of a room while it leaves Redis, and out of the archive after it."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

import msgpack

from server.records.retired import Part
from server.rooms.pseudonyms import Pseudonyms
from server.rooms.retention import Keeping, emptied

_UNREADABLE = (ValueError, TypeError)


class Expiry:
    """Empties the texts of some kinds of records. The same bytes are always rewritten alike."""

    def __init__(self, keepings: Sequence[Keeping]) -> None:
        # Must-events are for people who come back to a live room, and repeat what was said.
        self._keys = {key for each in keepings for key in each.keys} | {"events"}
        self._facts = {kind: paths for each in keepings for kind, paths in each.facts.items()}
        self._rows = {key: paths for each in keepings for key, paths in each.rows.items()}
        self._words = [kind.encode() for kind in self._facts]
        self.streams: Collection[str] | None = ("timeline", "actions")

    async def over(self, batches: AsyncIterator[list[Part]]) -> AsyncIterator[list[Part]]:
        """Yield the same parts without these records."""
        async for parts in batches:
            without = []
            for part in parts:
                if part.key not in self._keys:
                    without.append(self._part(part))
                await asyncio.sleep(0)  # a large room takes long, and others wait for this loop
            yield without

    def _part(self, part: Part) -> Part:
        if part.kind == "stream":
            items = [self._fields(each) if n % 2 else each for n, each in enumerate(part.items)]
            return part._replace(items=items)
        if part.kind == "hash" and part.key in self._rows:
            paths = self._rows[part.key]
            items = [_row(each, paths) if n % 2 else each for n, each in enumerate(part.items)]
            return part._replace(items=items)
        return part

    def _fields(self, packed: bytes) -> bytes:
        """The fields of a stream's entry, packed as a list."""
        if not any(word in packed for word in self._words):
            return packed
        fields = msgpack.unpackb(packed)
        fields[1::2] = map(self.body, fields[1::2])
        return bytes(msgpack.packb(fields))

    def body(self, body: bytes) -> bytes:
        """Return a packed fact without these texts; other bytes as they are."""
        if not any(word in body for word in self._words):
            return body
        try:
            fact = msgpack.unpackb(body, unicode_errors="surrogateescape")
        except _UNREADABLE:
            return body
        paths = self._facts.get(fact.get("k", "")) if isinstance(fact, dict) else None
        return body if paths is None else _packed(fact, paths, body)


def _row(packed: bytes, paths: Collection[str]) -> bytes:
    try:
        row = msgpack.unpackb(packed, unicode_errors="surrogateescape")
    except _UNREADABLE:
        return packed
    return _packed(row, paths, packed) if isinstance(row, dict) else packed


def _packed(value: Any, paths: Collection[str], before: bytes) -> bytes:
    new = emptied(value, paths)
    return before if new == value else msgpack.packb(new, unicode_errors="surrogateescape")


class Strangers(Pseudonyms):
    """Puts a pseudonym of its own in the place of each of some users of one room.

    Facts of the kinds `spares` go on naming them. The same secret gives the same pseudonyms.
    """

    def __init__(
        self,
        users: Collection[str],
        secret: str,
        shapes: Mapping[str, str],
        spares: Collection[str] = (),
    ) -> None:
        super().__init__({user: _pseudonym(user, secret) for user in users}, shapes)
        self._spares = spares
        self.streams: Collection[str] | None = None

    def body(self, body: bytes, owner: str = "") -> bytes:
        """The same of a packed map or list, unless it is a fact that is spared."""
        rewritten = super().body(body, owner)
        if rewritten == body or not self._spares:
            return rewritten
        fact = msgpack.unpackb(body, strict_map_key=False, unicode_errors="surrogateescape")
        is_spared = isinstance(fact, dict) and fact.get("k") in self._spares
        return body if is_spared else rewritten


def _pseudonym(user: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), user.encode(errors="surrogateescape"), "sha256")
    return f"gone-{digest.hexdigest()[:12]}"
