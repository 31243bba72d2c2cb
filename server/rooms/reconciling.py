"""Makes Redis and the records agree after a restore: each was copied at its own moment.

Redis was copied first. What the records have beyond it came later than the backup, and goes. What
they lack of it was taken away later, and goes, too.
"""

from collections.abc import Sequence

from msgspec import Struct, msgpack

from server.background.clock import unix_ms
from server.background.troubles import Troubles
from server.records.database import Database
from server.records.retired import away_rooms, drop_room, has_parts, note_back, snapshot_of
from server.rooms.deleting import Deletes, delete_room
from server.rooms.every_room import EveryRoom
from server.store.room_store import RoomStore


class _Moved(Struct):
    moved: bool


_MOVED = msgpack.Decoder(_Moved)


class Reconciler:
    """Compares rooms' places with the records. Nobody else uses them meanwhile.

    Methods raise RecordsAway, CommandError, RedisError or OSError; they can be called again.
    """

    def __init__(self, store: RoomStore, records: Database, deletes: Sequence[Deletes]) -> None:
        self._store = store
        self._records = records
        self._deletes = deletes

    async def bring_back(self) -> None:
        """Note that rooms are back which left Redis after its copy."""
        for room in await away_rooms(self._records):
            key = self._store.keys.room(room, "room")
            there, left = await self._store.redis.hmget(key, "created", "left")
            if there is not None and left is None:
                async with self._records.writing() as connection:
                    await note_back(connection, room, unix_ms())

    async def drop(self, rooms: Sequence[str]) -> None:
        """Drop the snapshots of rooms that were made after the copy of Redis and left by then."""
        for room in rooms:
            if not await self._store.redis.exists(self._store.keys.room(room, "room")):
                async with self._records.writing() as connection:
                    await drop_room(connection, room)

    async def follow_records(self) -> list[str]:
        """Look after rooms that left Redis before its copy, with a snapshot that the records lack.

        One that came back and left again since has a newer snapshot; one that was deleted since has
        none, and is deleted here. Returns these.
        """
        deleted = []
        async for page in EveryRoom(self._store, Troubles("restore")).pages():
            for room in page:
                left = await self._store.redis.hget(self._store.keys.room(room, "room"), "left")
                if left is None or left.startswith(b"leaving:"):
                    continue
                async with self._records.reading() as connection:
                    if await has_parts(connection, left.decode()):
                        continue
                    newest = await snapshot_of(connection, room)
                if newest:
                    args = {"old": left.decode(), "new": newest}
                    await self._store.run_script("room_move_left", room, args, _MOVED)
                else:
                    await delete_room(self._store, self._records, room, self._deletes)
                    deleted.append(room)
        return deleted
