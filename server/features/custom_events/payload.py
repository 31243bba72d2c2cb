"""The `data` of a custom event: any JSON that every client reads alike."""

import math
from typing import Any, NamedTuple

import msgspec

from server.protocol.codes import CommandError

DEPTH_MAX = 32
"""How deep lists and maps may be nested."""
_STR_32 = b"\xdb"
WHOLE_MAX = 2**53
"""Beyond it a browser reads another number than was written."""


class Payload(NamedTuple):
    """The data as JSON text, empty if there are none, and packed for the bus."""

    text: str
    packed: bytes

    @property
    def as_text(self) -> msgspec.Raw:
        """The packed data as an argument of a script: Redis reads texts of any bytes, and no other
        bytes."""
        return msgspec.Raw(_STR_32 + len(self.packed).to_bytes(4) + self.packed)


def payload_of(data: Any, bytes_max: int) -> Payload:
    """Check and encode. Raises CommandError `bad_message` or `too_long`."""
    _must_be_json(data, DEPTH_MAX)
    text = "" if data is None else msgspec.json.encode(data).decode()
    size = len(text.encode())
    if size > bytes_max:
        raise CommandError(
            "too_long", f"`data` can have {bytes_max} bytes as JSON; these have {size}."
        )
    return Payload(text, msgspec.msgpack.encode(data))


def _must_be_json(data: Any, depth: int) -> None:
    if depth < 0:
        raise CommandError("bad_message", f"`data` is nested deeper than {DEPTH_MAX} levels.")
    if isinstance(data, dict):
        if not all(isinstance(name, str) for name in data):
            raise CommandError("bad_message", "A key of a map in `data` is no text.")
        data = list(data.values())
    if isinstance(data, list):
        for each in data:
            _must_be_json(each, depth - 1)
    elif why := _why_not(data):
        raise CommandError("bad_message", why)


def _why_not(value: object) -> str:
    """Return why a value that is no list or map can't be told; empty if it can."""
    if value is None or isinstance(value, bool | str):
        return ""
    if isinstance(value, int):
        wide = "`data` has a whole number of more than 53 bits, which browsers read as another: "
        return "" if abs(value) <= WHOLE_MAX else wide + "send it as text."
    if isinstance(value, float) and math.isfinite(value):
        return ""
    return "`data` has something that JSON can't say."
