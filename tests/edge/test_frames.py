"""Frames good and bad, from a viewer in the room."""

import asyncio
import json
import struct
import zlib
from typing import Any

import msgpack
import pytest

from server.edge import edge as edge_module
from server.edge.connection import Connection
from server.edge.edge import Edge
from server.protocol.codes import (
    BAD_MESSAGES,
    FLOOD,
    INTERNAL,
    PROTOCOL,
    SILENT,
    TOO_BIG,
    WRONG_KIND,
)
from tests.edge.conftest import Connect, Token
from tests.edge.raw_socket import (
    BINARY,
    CLOSE,
    CONT,
    FIN,
    PING,
    PONG,
    RSV1,
    TEXT,
    RawSocket,
    command,
    frame,
)

PING_JSON = json.dumps({"op": "ping", "ref": 5})
WAYWARD = {
    "unmasked": b"\x81\x02{}",
    "a reserved bit": frame("{}", first=FIN | 0x20 | TEXT),
    "compressed without agreement": frame(b"\xaa\x56\x05\x00", first=FIN | RSV1 | TEXT),
    "an unknown data opcode": frame("{}", 0x3),
    "an unknown control opcode": frame(b"", 0xB),
    "a continuation of nothing": frame("{}", CONT),
    "a new message within another": frame("{", first=TEXT) + frame("{}"),
    "a ping in pieces": frame(b"x", first=PING),
    "a ping too long": frame(b"x" * 126, PING),
    "a close of one byte": frame(b"\x03", CLOSE),
    "a close with a reserved code": frame(struct.pack("!H", 1005), CLOSE),
    "a close with an unknown code": frame(struct.pack("!H", 999), CLOSE),
    "a close within a message": frame("{", first=TEXT) + frame(b"\x03\xe8", CLOSE),
}


@pytest.mark.parametrize("data", WAYWARD.values(), ids=WAYWARD)
async def test_a_frame_against_the_protocol_closes_the_connection(
    joined: RawSocket, bystander: RawSocket, data: bytes
) -> None:
    joined.send(data)
    code, _ = await joined.ended()
    assert code == PROTOCOL.code


@pytest.mark.parametrize("limits", [{"frame_in_bytes_max": 1000}])
@pytest.mark.parametrize(
    "data",
    [
        frame("x" * 1001),
        b"\x81\xfe\xff\xff",
        b"\x81\xff" + struct.pack("!Q", 2**63 - 1),
        frame("x" * 600, first=TEXT) + frame("x" * 600, first=CONT),
        frame("", first=TEXT) + frame("x" * 1001, CONT),
    ],
    ids=["whole", "announced", "announced as endless", "in pieces", "in its last piece"],
)
async def test_a_message_that_is_too_big_closes_the_connection(
    joined: RawSocket, bystander: RawSocket, data: bytes
) -> None:
    joined.send(data)
    code, _ = await joined.ended()
    assert code == TOO_BIG.code


async def test_a_length_with_its_highest_bit_set_is_refused(
    joined: RawSocket, bystander: RawSocket
) -> None:
    joined.send(b"\x81\xff" + b"\xff" * 8)
    assert (await joined.ended())[0] in {PROTOCOL.code, TOO_BIG.code}


@pytest.mark.parametrize("limits", [{"frame_in_bytes_max": 1000}])
async def test_the_biggest_message_is_read(joined: RawSocket) -> None:
    joined.send(frame(json.dumps({"op": "ping", "ref": 5}).ljust(1000)))
    assert (await joined.message("ok"))["ref"] == 5


@pytest.mark.parametrize(
    ("subprotocol", "opcode"), [("liveroom.v1.json", BINARY), ("liveroom.v1.msgpack", TEXT)]
)
async def test_the_wrong_kind_of_frame_closes_the_connection(
    raw: RawSocket, bystander: RawSocket, subprotocol: str, opcode: int
) -> None:
    await raw.upgrade(f"Sec-WebSocket-Protocol: {subprotocol}")
    raw.send(frame(PING_JSON, opcode))
    while (got := await raw.received()).opcode != CLOSE:
        pass
    assert struct.unpack("!H", got.payload[:2]) == (WRONG_KIND.code,)


async def test_a_command_may_come_in_pieces_with_a_ping_between(joined: RawSocket) -> None:
    text = PING_JSON.encode()
    joined.send(frame(text[:3], first=TEXT), frame(b"hello", PING))
    joined.send(frame(b"", first=CONT), frame(text[3:9], first=CONT), frame(text[9:], CONT))
    got = [await joined.received() for _ in range(2)]  # in either order
    assert (FIN | PONG, b"hello") in got
    assert any(b'"ref":5' in payload for _, payload in got)


async def test_frames_may_be_torn_anywhere_by_tcp(joined: RawSocket) -> None:
    for byte in command("ping", 5) + command("ping", 6):
        joined.send(bytes([byte]))
        await joined.writer.drain()
    assert (await joined.message("ok"))["ref"] == 5
    assert (await joined.message("ok"))["ref"] == 6


async def test_a_ping_is_answered_with_its_own_payload(joined: RawSocket) -> None:
    joined.send(frame(b"\x00\xff payload", PING))
    while (got := await joined.received()).opcode != PONG:
        pass
    assert got.payload == b"\x00\xff payload"


async def test_a_pong_nobody_asked_for_is_ignored(joined: RawSocket) -> None:
    joined.send(frame(b"x", PONG), command("ping", 5))
    assert (await joined.message("ok"))["ref"] == 5


async def test_msgpack_commands_are_answered_in_msgpack(raw: RawSocket) -> None:
    await raw.upgrade("Sec-WebSocket-Protocol: liveroom.v1.msgpack")
    raw.send(frame(msgpack.packb({"op": "join", "ref": 1}), BINARY))
    got = await raw.received()
    assert got.opcode == BINARY
    [reply] = msgpack.unpackb(got.payload)
    assert (reply["t"], reply["ref"], reply["room"]["room"]) == ("ok", 1, "r1")


# Compression


def deflated(text: str) -> bytes:
    """A compressed frame as a client sends it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(text.encode()) + packer.flush(zlib.Z_SYNC_FLUSH)
    return frame(packed[:-4], first=FIN | RSV1 | TEXT)


@pytest.fixture
async def deflating(raw: RawSocket) -> RawSocket:
    """A connection that agreed on compression."""
    await raw.upgrade("Sec-WebSocket-Extensions: permessage-deflate")
    return raw


async def test_compressed_commands_are_read_each_on_its_own(deflating: RawSocket) -> None:
    deflating.send(deflated('{"op":"join","ref":1}'), deflated('{"op":"like","ref":2}'))
    refs = {(await deflating.messages())[0]["ref"] for _ in range(2)}
    assert refs == {1, 2}


@pytest.mark.parametrize("limits", [{"frame_in_bytes_max": 16384}])
async def test_a_small_frame_that_unpacks_to_too_much_closes_the_connection(
    deflating: RawSocket, bystander: RawSocket
) -> None:
    bomb = deflated(" " * 10_000_000)
    assert len(bomb) < 16384
    deflating.send(bomb)
    assert (await deflating.ended())[0] == TOO_BIG.code


async def test_a_compressed_frame_that_does_not_unpack_closes_the_connection(
    deflating: RawSocket, bystander: RawSocket
) -> None:
    deflating.send(frame(b"\xff\xff\xff\xff", first=FIN | RSV1 | TEXT))
    assert (await deflating.ended())[0] in {PROTOCOL.code, 1007, INTERNAL.code}


@pytest.mark.parametrize("limits", [{"deflate_bytes_min": 200}])
async def test_a_broadcast_is_compressed_for_those_who_agreed(
    deflating: RawSocket, connect: Connect, token: Token
) -> None:
    deflating.send(command("join"))
    await deflating.message("ok")
    author = await connect()
    await author.join(token())
    author.send(command("comment", 2, text="hello " * 33))
    while True:
        got = await deflating.received()
        if got.first & RSV1:
            break
    assert got.first == FIN | RSV1 | TEXT
    plain = zlib.decompressobj(-15).decompress(got.payload + b"\x00\x00\xff\xff")
    assert any(message["t"] == "comment" for message in json.loads(plain))
    assert "hello" in (await author.message("comment"))["text"]


# Bad messages


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"\xff\xfe", b'{"op":"dance","ref":1}', b"null"]
)
async def test_a_message_that_is_no_command_gets_an_error_and_the_connection_stays(
    joined: RawSocket, bystander: RawSocket, payload: bytes
) -> None:
    joined.send(frame(payload), command("ping", 5))
    error = await joined.message("err")
    assert error["code"] == "bad_message"
    assert error["msg"].endswith(".")
    assert (await joined.message("ok"))["ref"] == 5


@pytest.mark.parametrize("limits", [{"bad_messages_max": 3}])
async def test_too_many_bad_messages_close_the_connection(
    joined: RawSocket, bystander: RawSocket
) -> None:
    joined.send(frame("1"), command("ping", 5), frame("2"), frame("3"), command("ping", 6))
    code, said = await joined.ended()
    answers = [m for m in said if m["t"] in {"err", "ok"}]
    assert [m["ref"] for m in answers] == [None, 5, None, None]
    assert code == BAD_MESSAGES.code
    assert said[-1] == {"t": "bye", "code": code}


# Too much, too fast


@pytest.mark.parametrize("limits", [{"commands_per_s": 0.1, "commands_burst": 4}])
async def test_commands_over_the_rate_are_refused_under_their_ref(joined: RawSocket) -> None:
    joined.send(*(command("ping", ref) for ref in range(10, 15)))
    assert [(await joined.message("ok"))["ref"] for _ in range(3)] == [10, 11, 12]
    for ref in (13, 14):
        error = await joined.message("err")
        assert (error["ref"], error["code"]) == (ref, "rate_limited")
        assert 0 < error["retry_ms"] <= 60_000


@pytest.mark.parametrize("limits", [{"commands_per_s": 0.1, "commands_burst": 4}])
@pytest.mark.parametrize(
    "data",
    [command("ping"), frame(b"x", PING), frame(b"x", PONG), frame("1"), frame("", first=TEXT)],
    ids=["commands", "pings", "pongs", "bad messages", "pieces"],
)
async def test_a_flood_of_any_frames_closes_the_connection(
    joined: RawSocket, bystander: RawSocket, data: bytes
) -> None:
    pieces = data == frame("", first=TEXT)
    joined.send(data, *([frame("", first=CONT) if pieces else data] * 50))
    code, said = await joined.ended()
    assert code == FLOOD.code
    assert said[-1] == {"t": "bye", "code": code}
    assert len(said) < 20


async def test_a_flood_in_one_piece_is_not_read_to_its_end(
    joined: RawSocket, bystander: RawSocket
) -> None:
    joined.send(frame(b"", PING) * 100_000)
    answers = (await joined.is_cut()).count(bytes([FIN | PONG, 0]))
    assert 0 < answers < 1000


# The end


async def test_a_close_is_answered_and_the_socket_ends(joined: RawSocket) -> None:
    joined.send(frame(struct.pack("!H", 1000) + b"thanks", CLOSE))
    while (got := await joined.received()).opcode != CLOSE:
        pass
    assert got.payload == struct.pack("!H", 1000) + b"thanks"
    assert await joined.is_cut() == b""


async def test_frames_after_a_close_are_ignored(joined: RawSocket, bystander: RawSocket) -> None:
    joined.send(frame(struct.pack("!H", 1000), CLOSE), command("ping", 5), b"\xff" * 5000)
    while (got := await joined.received()).opcode != CLOSE:
        assert b'"ref":5' not in got.payload
    await joined.is_cut()


@pytest.mark.parametrize(
    "data", [b"", b"\x81", command("ping")[:-3], frame("{", first=TEXT), b"\x81\xfe\x00"]
)
async def test_a_client_that_vanishes_anywhere_is_forgotten(
    joined: RawSocket, bystander: RawSocket, data: bytes
) -> None:
    joined.send(data)
    await joined.writer.drain()
    joined.writer.transport.abort()


async def test_half_a_goodbye_is_a_goodbye(joined: RawSocket, bystander: RawSocket) -> None:
    joined.writer.write_eof()
    await joined.is_cut()


async def next_ping(raw: RawSocket) -> bytes:
    while (got := await raw.received()).opcode != PING:
        assert got.opcode != CLOSE
    return got.payload


@pytest.mark.parametrize("limits", [{"ping_interval_s": 0.05, "ping_timeout_s": 1000}])
async def test_a_client_that_answers_no_ping_is_sent_away(edge: Edge, joined: RawSocket) -> None:
    await next_ping(joined)
    [connection] = edge.connections
    assert isinstance(connection, Connection)
    connection.heard_at -= 1000
    code, said = await joined.ended()
    assert code == SILENT.code
    assert said[-1]["t"] == "bye"
    assert said[-1]["reconnect_ms"] > 0


@pytest.mark.parametrize("limits", [{"ping_interval_s": 0.05, "ping_timeout_s": 1000}])
async def test_a_client_that_answers_pings_stays(edge: Edge, joined: RawSocket) -> None:
    payload = await next_ping(joined)
    [connection] = edge.connections
    assert isinstance(connection, Connection)
    connection.heard_at -= 600
    silent_since = connection.heard_at
    joined.send(frame(payload, PONG))
    while connection.heard_at == silent_since:
        await asyncio.sleep(0.01)
    connection.heard_at -= 600  # too long, had the answer not been heard
    for _ in range(3):
        await next_ping(joined)
    joined.send(command("ping", 5))
    assert (await joined.message("ok"))["ref"] == 5


@pytest.fixture
def quick_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_module, "CLOSE_ANSWER_S", 0.05)


@pytest.mark.parametrize("limits", [{"bad_messages_max": 1}])
async def test_a_client_that_ignores_our_close_is_cut(
    quick_cut: None, joined: RawSocket, bystander: RawSocket
) -> None:
    joined.send(frame("1"))
    while (await joined.received()).opcode != CLOSE:
        pass
    assert await joined.is_cut() == b""


async def test_a_worker_that_stops_says_when_to_come_back(joined: RawSocket, worker: Any) -> None:
    worker.drain()
    code, said = await joined.ended()
    assert code == 4000
    assert said[-1]["code"] == 4000
    assert said[-1]["reconnect_ms"] > 0
