"""Deletes an ended room for good: from Redis, from the lists, from the records."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from msgspec import Struct, msgpack
from sqlalchemy.ext.asyncio import AsyncConnection

from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.retention import drop_taken
from server.records.retired import drop_room
from server.rooms.retiring import Stays
from server.store.room_store import RoomStore

Deletes = Callable[[AsyncConnection, str], Awaitable[None]]
"""(connection, room) -> removes what a feature's tables hold of a room."""


class _Deleted(Struct):
    host: str


_DELETED = msgpack.Decoder(_Deleted)


async def delete_room(
    store: RoomStore,
    records: Database,
    room: str,
    deletes: Sequence[Deletes],
    undeletable: Sequence[Stays] = (),
) -> None:
    """Delete a room that has ended, or that left Redis, or a fan group that sells nothing.

    `undeletable` say why it must stay. The lists come last: until then the command can be given
    again. Raises CommandError (`not_found`, or `conflict` for a room that has not ended or must
    stay), RecordsAway, RedisError or OSError.
    """
    for stays in undeletable:
        if why := await stays(store, room):
            raise CommandError("conflict", f"The room `{room}` must not be deleted yet: {why}.")
    args: dict[str, Any] = {}
    deleted = await store.run_script("room_delete", room, args, _DELETED)
    async with records.writing() as connection:
        for each in deletes:
            await each(connection, room)
        await drop_room(connection, room)
        await drop_taken(connection, room)
    keys, redis = store.keys, store.redis
    await redis.zrem(keys.host(deleted.host, "rooms"), room)
    await redis.zrem(keys.lineup, room)
    await redis.zrem(keys.rooms, room)
    await redis.zrem(keys.unlisted, room)
    await redis.zrem(keys.groups, room)
    await redis.zrem(keys.awake, room)
    await redis.unlink(keys.room(room, "room"))
