"""Frames that are no command: every one becomes a sentence, never another error."""

import json
from typing import Any

import msgpack
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server.features.comments.messages import Comment
from server.house import HOUSE
from server.protocol.codec import CommandReader, Encoding, UnreadableCommand

JSON, MSGPACK = HOUSE.readers[Encoding.JSON], HOUSE.readers[Encoding.MSGPACK]

both = pytest.mark.parametrize("codec", [JSON, MSGPACK], ids=["json", "msgpack"])


def pack(codec: CommandReader, message: Any) -> bytes:
    return json.dumps(message).encode() if codec is JSON else bytes(msgpack.packb(message))


def unreadable(codec: CommandReader, data: bytes) -> UnreadableCommand:
    with pytest.raises(UnreadableCommand) as caught:
        codec.decode(data)
    assert caught.value.msg.endswith((".", "?"))
    assert len(caught.value.msg) < 300
    return caught.value


@both
@pytest.mark.parametrize(
    ("message", "ref", "sentence"),
    [
        ({}, None, "The command has no `op`; send one, for example `join`."),
        ({"ref": 3}, 3, "The command has no `op`; send one, for example `join`."),
        ({"op": 5, "ref": 3}, 3, "The command has no `op`; send one, for example `join`."),
        ({"op": "dance", "ref": 3}, 3, "There is no command `dance`."),
        ({"op": "x" * 5000, "ref": 3}, 3, f"There is no command `{'x' * 32}`."),
        ({"op": "ping"}, None, "The command `ping` cannot be read: Object missing required field"),
        ({"op": "ping", "ref": "3"}, None, "Expected `int`, got `str` - at `$.ref`."),
        ({"op": "ping", "ref": True}, None, "Expected `int`, got `bool` - at `$.ref`."),
        ({"op": "ping", "ref": 1.5}, None, "Expected `int`, got `float` - at `$.ref`."),
        ({"op": "ping", "ref": 0}, None, "Expected `int` >= 1 - at `$.ref`."),
        ({"op": "ping", "ref": -1}, None, "Expected `int` >= 1 - at `$.ref`."),
        ({"op": "ping", "ref": 2**53 + 1}, None, "at `$.ref`."),
        ({"op": "ping", "ref": None}, None, "Expected `int`, got"),
        ({"op": "comment", "ref": 3}, 3, "Object missing required field `text`."),
        ({"op": "comment", "ref": 3, "text": None}, 3, "Expected `str`, got"),
        ({"op": "comment", "ref": 3, "text": "x" * 2001}, 3, "length <= 2000 - at `$.text`."),
        ({"op": "like", "ref": 3, "n": 51}, 3, "Expected `int` <= 50 - at `$.n`."),
        ({"op": "like", "ref": 3, "n": 0}, 3, "Expected `int` >= 1 - at `$.n`."),
        ({"op": "pay", "ref": 3, "order": "a b"}, 3, "matching regex"),
        ({"op": "pay", "ref": 3, "order": "o1\n"}, 3, "matching regex"),
        ({"op": "mute", "ref": 3, "user": "\x01staff", "seconds": 9}, 3, "matching regex"),
        ({"op": "moderator.add", "ref": 3, "user": "u1\n"}, 3, "matching regex"),
        ({"op": "buy", "ref": 3, "key": "k", "lines": []}, 3, "length >= 1 - at `$.lines`."),
        ({"op": "join", "ref": 1, "source": {"kind": "y" * 5000}}, 1, "Invalid enum value"),
        ({"op": "shelf.put", "ref": 3, "product": {"sku": "a"}}, 3, "`title` - at `$.product`."),
    ],
)
def test_a_bad_command_is_told_what_is_wrong_under_its_ref(
    codec: CommandReader, message: Any, ref: int | None, sentence: str
) -> None:
    error = unreadable(codec, pack(codec, message))
    assert error.ref == ref
    assert sentence in error.msg


@both
@pytest.mark.parametrize("message", [None, 1, "join", [], [{"op": "ping", "ref": 1}], True])
def test_a_value_that_is_no_object_is_no_command(codec: CommandReader, message: Any) -> None:
    error = unreadable(codec, pack(codec, message))
    assert (error.ref, error.msg) == (
        None,
        f"The frame is not one {codec.encoding.name} object with `op` and `ref`.",
    )


PING = b'{"op":"ping","ref":1'
DEEP = 100_000


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"{",
        b"\xff\xfe",
        b"\xef\xbb\xbf" + PING + b"}",
        PING + b"} x",
        PING + b"}" + PING + b"}",
        PING + b',"x":NaN}',
        PING + b',"x":Infinity}',
        PING + b',"x":01}',
        PING + b',"x":' + b"[" * DEEP,
        PING + b',"x":' + b"[" * DEEP + b"]" * DEEP + b"}",
        PING + b',"x":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
        b'{"op":"comment","ref":1,"text":"\xff"}',
        b'{"op":"comment","ref":1,"text":"\xed\xa0\x80"}',
        b'{"op":"comment","ref":1,"text":"\\ud800"}',
        b'{"op":"comment","ref":1,"text":"\\udc00\\ud800"}',
        b'{"op":"comment","ref":1,"text":"\\u00"}',
        b'{"op":"comment","ref":1,"text":"a\nb"}',
        b'{"op":"like","ref":1,"n":' + b"9" * 5000 + b"}",
        b'{"op":"ping","ref":' + b"9" * 5000 + b"}",
        b'{"op":"ping","ref":1e2}',
        b'{"op":"ping","ref":-0}',
        b'{"\\ud800":1,"op":"ping"}',
    ],
    ids=lambda data: repr(data[:40]),
)
def test_hostile_json_is_refused_and_nothing_worse(data: bytes) -> None:
    unreadable(JSON, data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        b"\x81",
        b"\x81" * DEEP,
        b"\x91" * DEEP,
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x01",
        msgpack.packb({"op": "ping", "ref": 1}) + b"\xc0",
        msgpack.packb({1: 2, "op": "ping", "ref": 1}),
        msgpack.packb({b"op": b"ping", b"ref": 1}),
        msgpack.packb({"op": "ping", "ref": 2**64 - 1}),
        msgpack.packb({"op": "ping", "ref": -(2**63)}),
        msgpack.packb({"op": "ping", "ref": msgpack.Timestamp(1, 1)}),
        msgpack.packb({"op": "like", "ref": 1, "n": float("nan")}),
        msgpack.packb({"op": "like", "ref": 1, "n": float("inf")}),
        msgpack.packb({"op": "comment", "ref": 1, "text": b"bytes"}),
        msgpack.packb({"op": "comment", "ref": 1, "text": msgpack.ExtType(9, b"x")}),
        b"\x83\xa2op\xa7comment\xa3ref\x01\xa4text\xa2\xff\xfe",
        b"\x83\xa2op\xa7comment\xa3ref\x01\xa4text\xa3\xed\xa0\x80",
        b"\x83\xa2op\xa4ping\xa3ref\x01\xa1x" + b"\x91" * DEEP,
        b"\x82\xa2\xff\xfe\x01\xa3ref\x03",
    ],
    ids=lambda data: repr(data[:40]),
)
def test_hostile_msgpack_is_refused_and_nothing_worse(data: bytes) -> None:
    unreadable(MSGPACK, data)


@pytest.mark.parametrize(
    "data",
    [
        b'{"op":"dance","ref":1,"ref":7}',
        b'{"op":"comment","ref":7,"text":"\xff"}',
        b'{"ref":7,"op":"comment","text":5}',
    ],
)
def test_the_ref_is_read_where_it_can_be(data: bytes) -> None:
    assert unreadable(JSON, data).ref == 7


def test_of_two_fields_of_one_name_the_last_is_taken() -> None:
    command = JSON.decode(b'{"op":"comment","ref":1,"text":"a","text":"b"}')
    assert isinstance(command, Comment)
    assert command.text == "b"


@pytest.mark.parametrize("again", ["pong", "comment"])
def test_two_ops_that_differ_are_refused(again: str) -> None:
    unreadable(JSON, b'{"op":"ping","op":"%s","ref":1,"text":"a"}' % again.encode())


words = st.sampled_from(["op", "ref", "text", "n", "join", "comment", "product", "last"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=8,
)


def packable(value: Any) -> bool:
    """Whether msgpack can carry the value at all."""
    try:
        msgpack.packb(value)
    except (OverflowError, UnicodeEncodeError, ValueError):
        return False
    return True


@given(data=st.binary(max_size=200))
@example(data=b"\x80")
def test_any_bytes_are_a_command_or_unreadable(data: bytes) -> None:
    for codec in (JSON, MSGPACK):
        decode_or_refuse(codec, data)


@given(message=values.filter(packable), op=words)
def test_any_message_is_a_command_or_unreadable(message: Any, op: str) -> None:
    for value in (message, {"op": op, "ref": message, "text": message, "product": message}):
        for codec in (JSON, MSGPACK):
            decode_or_refuse(codec, pack(codec, value))


@given(cut=st.integers(0, 80), at=st.integers(0, 80), byte=st.integers(0, 255))
def test_a_command_cut_short_or_bent_is_a_command_or_unreadable(
    cut: int, at: int, byte: int
) -> None:
    command = {"op": "buy", "ref": 5, "key": "k", "lines": [{"sale": "s1", "qty": 2}]}
    for codec in (JSON, MSGPACK):
        data = bytearray(pack(codec, command))
        data[at % len(data)] = byte
        decode_or_refuse(codec, bytes(data))
        decode_or_refuse(codec, pack(codec, command)[:cut])


def decode_or_refuse(codec: CommandReader, data: bytes) -> None:
    try:
        codec.decode(data)
        return
    except UnreadableCommand as refusal:
        error = refusal
    assert error.ref is None or 1 <= error.ref <= 2**53
    error.msg.encode()  # it can be sent
