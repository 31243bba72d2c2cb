"""Reads a frame that fills a segment, as almost all that clients send does.

Reading it so takes a fifth of the time that websockets' parser takes, which can stop anywhere. Any
other bytes are no plain frame: they, and all after them, are for that parser to read or refuse.
"""

from collections.abc import Sequence
from typing import Final

from websockets.exceptions import PayloadTooBig, ProtocolError
from websockets.extensions.base import Extension
from websockets.frames import Frame, Opcode

try:
    from websockets.speedups import apply_mask
except ImportError:  # websockets has it for some platforms only
    from websockets.utils import apply_mask

_FIN_RSV1: Final = 0xC0
_COMPRESSED: Final = 0xC0
_OPCODES: Final = {
    first: Opcode(first & 0x0F) for first in (0x81, 0x82, 0x8A, _FIN_RSV1 | 1, _FIN_RSV1 | 2)
}
"""Of first bytes: whole messages, compressed or not, and pongs."""
_CONTROL_BYTES_MAX: Final = 125  # RFC 6455 section 5.5


def plain_frame(data: bytes, extensions: Sequence[Extension], bytes_max: int) -> Frame | None:
    """Read the one final, masked frame that `data` is; None if it is anything else.

    A payload that is longer than `bytes_max`, also once decompressed, is not plain.
    """
    size = len(data)
    opcode = _OPCODES.get(data[0]) if size >= 6 else None
    if opcode is None:
        return None
    length, start = data[1] - 0x80, 6  # without the mask's bit it is negative
    if length == 126 and opcode is not Opcode.PONG and size >= 8:
        length, start = data[2] << 8 | data[3], 8
    elif length > _CONTROL_BYTES_MAX:
        return None
    if size != start + length or length > bytes_max:
        return None
    payload = apply_mask(data[start:], data[start - 4 : start])
    if data[0] & _COMPRESSED != _COMPRESSED:
        return Frame(opcode, payload)
    return _decompressed(Frame(opcode, payload, rsv1=True), extensions, bytes_max)


def _decompressed(frame: Frame, extensions: Sequence[Extension], bytes_max: int) -> Frame | None:
    """The frame's message; an extension keeps nothing of it, so a parser may read it again."""
    if len(extensions) != 1:
        return None
    try:
        return extensions[0].decode(frame, max_size=bytes_max)
    except (PayloadTooBig, ProtocolError):
        return None
