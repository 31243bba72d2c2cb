"""Frames that are read without websockets' parser are read as it would read them."""

import struct
import zlib
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.protocol import State

from server.edge.handshake import frame_reader
from server.edge.plain_frame import plain_frame
from server.house import Settings

BYTES_MAX = 300
EDGE = Settings.model_validate({"edge": {"frame_in_bytes_max": BYTES_MAX}}).edge


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


@st.composite
def segments(draw: st.DrawFn) -> bytes:
    """Bytes as a client may send them at once: mostly one frame, right or nearly so."""
    first = draw(
        st.sampled_from([0x81, 0x82, 0x8A, 0xC1, 0xC2, 0x89, 0x88, 0x01, 0x80, 0xCA, 0xA1])
    )
    payload = draw(st.binary(max_size=BYTES_MAX + 5))
    if first & 0x40 and draw(st.booleans()):
        payload = deflated(payload * draw(st.integers(1, 3)))
    size = len(payload)
    heads = [struct.pack("!BBH", first, 0x80 | 126, size)]
    heads += [struct.pack("!BBQ", first, 0x80 | 127, size)]
    heads += [struct.pack("!BB", first, 0x80 | size)] * 3 if size < 126 else []
    frame = draw(st.sampled_from(heads)) + bytes(4) + payload
    cut = draw(st.sampled_from([None, None, None, None, -1, 1, 5]))
    return frame[:cut] + draw(st.sampled_from([b"", b"", b"", b"\x8a", frame]))


@given(segments(), st.booleans())
@example(struct.pack("!BBH", 0x81, 0xFE, BYTES_MAX + 1) + bytes(4) + b"x" * (BYTES_MAX + 1), False)
@example(struct.pack("!BBH", 0x8A, 0xFE, 126) + bytes(4) + b"x" * 126, False)
@example(b"\xc1\x80" + bytes(4), False)
def test_a_plain_frame_is_the_one_that_websockets_reads(data: bytes, deflate: bool) -> None:
    def extensions() -> list[Any]:
        return [PerMessageDeflate(True, True, 15, 15)] if deflate else []

    ours = plain_frame(data, extensions(), BYTES_MAX)
    theirs: list[Any] = []
    reader = frame_reader(extensions(), EDGE, theirs.append)
    reader.receive_data(data)

    if ours is not None:
        assert [(f.opcode, bytes(f.data), f.fin) for f in theirs] == [
            (ours.opcode, bytes(ours.data), ours.fin)
        ]
        assert reader.data_to_send() == []
        assert reader.state is State.OPEN
        assert not reader.reader.buffer
    reader.forget()


def test_a_whole_message_and_a_pong_are_plain() -> None:
    packed = [PerMessageDeflate(True, True, 15, 15)]
    for first, payload, extensions in (
        (0x81, b"{}", []), (0x82, b"", []), (0x82, b"x" * 200, []), (0x8A, b"", packed),
        (0xC1, deflated(b"{}"), packed),
    ):  # fmt: skip
        size = len(payload)
        head = struct.pack("!BBH", first, 254, size) if size > 125 else bytes((first, 128 + size))
        assert plain_frame(head + bytes(4) + payload, extensions, BYTES_MAX) is not None
