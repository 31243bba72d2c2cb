"""Packs which items earlier pages gave into few bytes: a cursor of the feed."""

import base64
import zlib
from collections.abc import Iterable

CURSOR = r"[A-Za-z0-9_-]{0,1300}"
"""The shape of places: three bytes an item, so that 300 items fit into a cursor."""
_BYTES = 3


def code_of(item: str) -> int:
    """A number that stands for an item. Of 600 candidates one shares its number with one of 300
    given items in every ninetieth page, and is left out of it."""
    return zlib.crc32(item.encode()) & 0xFFFFFF


def place_after(given: Iterable[int]) -> str:
    """Return the place behind the items with these numbers."""
    packed = b"".join(code.to_bytes(_BYTES, "big") for code in given)
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def given_before(place: str) -> list[int]:
    """Return the numbers of the items that were given before a place."""
    packed = base64.urlsafe_b64decode(place + "=" * (-len(place) % 4))
    return [
        int.from_bytes(packed[start : start + _BYTES], "big")
        for start in range(0, len(packed) - _BYTES + 1, _BYTES)
    ]
