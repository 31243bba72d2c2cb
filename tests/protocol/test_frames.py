"""Arrays of messages and WebSocket frames, read back by other people's parsers."""

import json
import zlib
from collections.abc import Generator
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from server.features.likes.messages import LikesEvent
from server.protocol.codec import BINARY, CODECS, TEXT, Encoding, deflate, ws_frame

JSON, MSGPACK = CODECS[Encoding.JSON], CODECS[Encoding.MSGPACK]


def parse(data: bytes, *, extension: PerMessageDeflate | None = None) -> Frame:
    """The one frame in these bytes, by websockets' own parser."""
    reader = StreamReader()
    reader.feed_data(data)
    parsing: Generator[None, None, Frame] = Frame.parse(
        reader.read_exact,
        mask=False,
        max_size=None,
        extensions=[extension] if extension else [],
    )
    with pytest.raises(StopIteration) as done:
        next(parsing)
    reader.feed_eof()
    at_end = reader.at_eof()
    with pytest.raises(StopIteration) as ended:
        next(at_end)
    assert ended.value.value is True, "bytes are left after the frame"
    frame: Frame = done.value.value
    return frame


def read(payload: bytes, encoding: Encoding) -> Any:
    if encoding is Encoding.JSON:
        return json.loads(payload)
    return msgpack.unpackb(payload)


@pytest.mark.parametrize("n", [0, 1, 15, 16, 65_535, 65_536])
@pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])
def test_an_array_holds_any_number_of_messages(codec: Any, n: int) -> None:
    parts = [codec.encode(LikesEvent(total=7))] * n
    assert read(codec.array(parts), codec.encoding) == [{"t": "likes", "total": 7}] * n


@pytest.mark.parametrize(
    ("n", "head"),
    [
        (15, "9f"),
        (16, "dc0010"),
        (65_535, "dcffff"),
        (65_536, "dd00010000"),
    ],
)
def test_a_msgpack_array_has_the_shortest_head(n: int, head: str) -> None:
    array = MSGPACK.array([b"\xc0"] * n)
    assert array[: len(array) - n].hex() == head
    assert array == msgpack.packb([None] * n)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 70_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_frame_of_any_size_is_read_back(opcode: int, size: int) -> None:
    payload = b"x" * size
    frame = parse(ws_frame(payload, opcode))
    assert (frame.opcode, frame.data, frame.fin) == (Opcode(opcode), payload, True)
    assert (frame.rsv1, frame.rsv2, frame.rsv3) == (False, False, False)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_a_frame_has_the_shortest_head(size: int) -> None:
    payload = b"x" * size
    assert ws_frame(payload, TEXT) == Frame(Opcode.TEXT, payload).serialize(mask=False)


@given(payload=st.binary(max_size=3000), again=st.integers(1, 3))
def test_a_compressed_frame_is_read_back_by_any_connection_however_often(
    payload: bytes, again: int
) -> None:
    frame = ws_frame(deflate(payload), BINARY, compressed=True)
    extension = PerMessageDeflate(
        remote_no_context_takeover=True,
        local_no_context_takeover=True,
        remote_max_window_bits=15,
        local_max_window_bits=15,
    )
    for _ in range(again):
        assert parse(frame, extension=extension).data == payload


def test_a_compressed_frame_is_also_read_by_a_connection_that_keeps_its_context() -> None:
    extension = PerMessageDeflate(
        remote_no_context_takeover=False,
        local_no_context_takeover=True,
        remote_max_window_bits=15,
        local_max_window_bits=15,
    )
    for text in (b"first " * 50, b"second " * 50, b"first " * 50):
        assert (
            parse(ws_frame(deflate(text), TEXT, compressed=True), extension=extension).data == text
        )


def test_a_compressed_payload_has_lost_its_empty_block() -> None:
    packed = deflate(b"a room that sells " * 20)
    assert not packed.endswith(b"\x00\x00\xff\xff")
    plain = zlib.decompressobj(-15).decompress(packed + b"\x00\x00\xff\xff")
    assert plain == b"a room that sells " * 20


@pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])
def test_only_a_payload_of_at_least_the_limit_is_compressed(codec: Any) -> None:
    parts = [codec.encode(LikesEvent(total=7))] * 20
    size = len(codec.array(parts))
    assert codec.frame(parts) == codec.frame(parts, deflate_from=size + 1)
    compressed = codec.frame(parts, deflate_from=size)
    assert compressed[0] & 0x40
    assert len(compressed) < size


def test_json_goes_in_text_frames_and_msgpack_in_binary_ones() -> None:
    assert parse(JSON.frame([])).opcode is Opcode.TEXT
    assert parse(MSGPACK.frame([])).opcode is Opcode.BINARY
