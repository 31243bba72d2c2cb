"""Whatever arrives in one segment is answered as if it had come piece by piece."""

import struct
from typing import Any

import pytest

from server.edge.edge import Edge
from server.protocol.codes import BAD_MESSAGES, BAD_TOKEN, FLOOD, FORBIDDEN, WRONG_KIND
from tests.edge.conftest import Connect, Token, shorten
from tests.edge.raw_socket import BINARY, CLOSE, FIN, PING, RawSocket, command, frame, request

OUR_CLOSE: dict[str, tuple[dict[str, Any], bytes, int]] = {
    "bad token": ({}, command("join", token="nonsense"), BAD_TOKEN.code),
    "wrong kind of frame": ({}, frame(b"\x80", BINARY), WRONG_KIND.code),
    "bad messages": ({"bad_messages_max": 2}, frame("{") * 2, BAD_MESSAGES.code),
    "bad fragments": (
        {"bad_messages_max": 1},
        frame("{", first=1) + frame("x", first=FIN),
        BAD_MESSAGES.code,
    ),
    "commands before the join": (
        {"bad_messages_max": 1},
        command("ping"),
        BAD_MESSAGES.code,
    ),
    "a flood of commands": ({"commands_burst": 2}, command("ping") * 9, FLOOD.code),
    "a flood of pings": ({"commands_burst": 2}, frame(b"", PING) * 9, FLOOD.code),
    "a broken frame": ({}, b"\xf1\x80\0\0\0\0", 1002),
    "a frame that is too big": ({}, b"\x81\xff" + struct.pack("!Q", 1 << 20), 1009),
}
BEHIND: dict[str, bytes] = {
    "nothing": b"",
    "a close frame": frame(struct.pack("!H", 1000), CLOSE),
    "an empty close frame": frame(b"", CLOSE),
    "two close frames": frame(struct.pack("!H", 1001), CLOSE) * 2,
    "a bad close frame": frame(b"\x00", CLOSE),
    "a broken frame": b"\xf1\x80\0\0\0\0",
    "a frame that is too big": b"\x81\xff" + struct.pack("!Q", 1 << 20),
    "half a frame": command("join")[:7],
    "another command": command("join", 2),
    "a ping": frame(b"x", PING),
}


@pytest.mark.parametrize(("limits", "cause", "code"), OUR_CLOSE.values(), ids=OUR_CLOSE)
async def test_our_close_code_is_seen_whatever_comes_behind_its_cause(
    connect: Connect, edge: Edge, cause: bytes, code: int
) -> None:
    shorten(edge.closing)  # nobody ends half a frame
    for name, behind in BEHIND.items():
        for with_request in (False, True):
            raw = await connect()
            raw.send(request(), *([cause, behind] if with_request else []))
            assert (await raw.response()).status == 101
            if not with_request:
                raw.send(cause, behind)
            got, said = await raw.ended()
            assert got == code, name
            if code >= 4000:
                assert (said[-1]["t"], said[-1]["code"]) == ("bye", code), name


async def test_a_token_of_another_room_and_a_close_frame_end_with_our_code(
    raw: RawSocket, token: Token
) -> None:
    await raw.upgrade()
    join = command("join", token=token(rooms=["r2"]))
    raw.send(join, frame(struct.pack("!H", 1000), CLOSE))
    assert (await raw.ended())[0] == FORBIDDEN.code


async def test_a_close_frame_behind_a_good_join_is_echoed(raw: RawSocket) -> None:
    await raw.upgrade()
    raw.send(command("join"), frame(struct.pack("!H", 1000), CLOSE))
    assert (await raw.ended())[0] == 1000


async def test_bytes_behind_a_close_frame_are_not_read(raw: RawSocket) -> None:
    await raw.upgrade()
    raw.send(frame(struct.pack("!H", 1001), CLOSE), command("join", token="nonsense"))
    code, said = await raw.ended()
    assert (code, said) == (1001, [])


@pytest.mark.parametrize(("limits", "cause", "code"), OUR_CLOSE.values(), ids=OUR_CLOSE)
async def test_our_close_code_is_seen_when_the_peer_ends_its_side_at_once(
    raw: RawSocket, cause: bytes, code: int
) -> None:
    await raw.upgrade()
    raw.send(cause)
    raw.writer.write_eof()
    read = await raw.is_cut()
    assert struct.pack("!H", code) in read
