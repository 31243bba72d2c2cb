"""Names a place in the lineup for the page after it, as text that a client hands back unread."""

import base64
import binascii
import hashlib
from typing import NamedTuple

from server.protocol.codes import CommandError

_KEY = b"liveroom rooms"
"""No secret: the list is public. It tells what this server wrote from what was changed since."""
_TAG_BYTES = 6


class Place(NamedTuple):
    """A room's place: its score, and its id, by which rooms of one score stand."""

    score: int
    room: bytes


def written(band: str, place: Place) -> str:
    """Return the cursor of the page after a place in the list `band`."""
    said = b" ".join((band.encode(), str(place.score).encode(), place.room))
    return _text(_tag(said) + said)


def read(band: str, cursor: str) -> Place | None:
    """Return the place that a cursor names, None for the empty one. Raises CommandError
    `bad_message` if no page of this list named it."""
    if not cursor:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError):
        raise _unknown() from None
    tag, said = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    # Several texts decode to the same bytes; only one of them was written.
    if tag != _tag(said) or _text(raw) != cursor:
        raise _unknown()
    of, score, room = said.split(b" ", 2)
    if of.decode() != band:
        raise CommandError(
            "bad_message",
            f"The cursor is of the list of {of.decode()} rooms: go on there, or leave it out.",
        )
    return Place(int(score), room)


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _tag(said: bytes) -> bytes:
    return hashlib.blake2b(said, digest_size=_TAG_BYTES, key=_KEY).digest()


def _unknown() -> CommandError:
    return CommandError(
        "bad_message",
        "The cursor is none that this list named: take the `next` of a page as it is, or leave "
        "it out to begin.",
    )
