"""A room that is deleted: all who are in it by WebSocket or by HTTP are sent out."""

from typing import Any

import pytest
from msgspec.msgpack import Decoder

from server.edge.edge import Edge
from server.protocol.codes import NO_ROOM
from tests.edge.conftest import Connect, Token
from tests.edge.raw_socket import RawSocket
from tests.edge.raw_stream import RawStream, get
from tests.edge.test_joining import refused


async def delete_r1(edge: Edge) -> None:
    """End the room r1, and delete it from Redis as `rooms.deleting` does."""
    store = edge.rooms._reader.store
    await store.redis.hset(store.keys.room("r1", "room"), "phase", "ended")
    await store.run_script("room_delete", "r1", {}, Decoder(Any))
    for rooms in (store.keys.awake, store.keys.rooms, store.keys.lineup):
        await store.redis.zrem(rooms, "r1")
    await store.redis.unlink(store.keys.room("r1", "room"))


@pytest.mark.parametrize("named", [True, False], ids=["a viewer", "a guest"])
async def test_a_room_that_is_deleted_is_left_by_all_and_lets_nobody_in(
    edge: Edge, raw: RawSocket, connect: Connect, token: Token, named: bool
) -> None:
    fields = {"token": token()} if named else {}
    await raw.join(**fields)
    stream = await RawStream(await connect()).open()
    await stream.sent()
    late = await connect()

    await delete_r1(edge)

    code, said = await raw.ended()
    assert (code, said[-1]) == (NO_ROOM.code, {"t": "bye", "code": NO_ROOM.code})
    assert (await stream.message("bye")) == {"t": "bye", "code": NO_ROOM.code}
    assert await stream.raw.is_cut() == b""
    assert await refused(late, **fields) == ("not_found", NO_ROOM.code)
    raw = await connect()
    raw.send(get("r1"))
    assert (await raw.response()).status == 404


async def test_a_viewer_who_comes_into_a_deleted_room_before_its_worker_heard_is_refused(
    edge: Edge, raw: RawSocket, connect: Connect, token: Token
) -> None:
    await raw.join(token("first"))
    room = edge.rooms.get("r1")
    assert room is not None
    room.heard = lambda message: None  # type: ignore[method-assign]  # the bus loses it
    await delete_r1(edge)

    assert await refused(await connect(), token=token()) == ("not_found", NO_ROOM.code)
    assert (await raw.ended())[0] == NO_ROOM.code
