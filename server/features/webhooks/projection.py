"""Notes for each endpoint that a room has lines to tell, in the transaction that archives them."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import MsgspecError, Raw, msgpack
from sqlalchemy import case, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.archive.aside import rows_aside
from server.features.archive.tables import POSITIONS
from server.features.webhooks.tables import DELIVERIES, ENDPOINTS, PLACES
from server.records.projection import Entry, RoomHead
from server.records.upsert import insert_into

LEDGER = "ledger"
_LINES = msgpack.Decoder(list[Raw])


class WebhookProjection:
    """Makes rooms due. What is archived at the time that an endpoint is made, it is not told."""

    name = "webhooks"
    version = 1
    streams: Collection[str] = (LEDGER,)

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Make the room due at every endpoint, whatever its state: a paused one goes on later."""
        assert stream in self.streams
        if room.practice or not entries:
            return  # nobody is told of a practice
        endpoints = (await connection.scalars(select(ENDPOINTS.c.id))).all()
        if not endpoints:
            return
        archived = await last_archived(connection, room.life)
        new = [entry for entry in entries if entry.ms > archived]
        if len(new) < len(entries):  # the room is folded again: of what was told that tells nothing
            aside = await rows_aside(connection, life=room.life, projection=self.name)
            late = {(each.ms, each.n) for each in aside}
            new = [each for each in entries if each.ms > archived or (each.ms, each.n) in late]
        if not new:
            return
        insert = insert_into(connection, PLACES).values(
            [
                _place(room, each, _first_line(new[0]) - 1, max(new[-1].ms, archived))
                for each in endpoints
            ]
        )
        values = {name: insert.excluded[name] for name in ("life", "last", "due")}
        # Only a row that was set aside lies before what is told; it is told with all that follows.
        values["n"] = _least(connection)(PLACES.c.n, insert.excluded.n)
        await connection.execute(
            insert.on_conflict_do_update(
                index_elements=["endpoint", "room", "made"],
                set_=values
                | {
                    "waits_since": case(
                        (PLACES.c.due, PLACES.c.waits_since), else_=insert.excluded.waits_since
                    )
                },
            )
        )

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Follow an archive that ends earlier than before, because Redis has lost the last lines:
        others will have their numbers. Nothing else is forgotten, for it was told."""
        if life is None:
            return
        last = await last_archived(connection, life)
        least = _least(connection)
        await connection.execute(
            update(PLACES)
            .where(PLACES.c.life == life, PLACES.c.last > last)
            .values(
                n=least(PLACES.c.n, last),
                highest=least(PLACES.c.highest, last),
                last=last,
                due=PLACES.c.n < last,
            )
        )


def _least(connection: AsyncConnection) -> Any:
    return func.min if connection.dialect.name == "sqlite" else func.least


async def last_archived(connection: AsyncConnection, life: int) -> int:
    """The number of the last line of a room's ledger that is archived; 0 if none is."""
    asked = select(POSITIONS.c.ms).where(POSITIONS.c.life == life, POSITIONS.c.stream == LEDGER)
    return int(await connection.scalar(asked) or 0)


async def delete_room(connection: AsyncConnection, room: str) -> None:
    """Remove what is kept of a room that is deleted."""
    for table in (PLACES, DELIVERIES):
        await connection.execute(delete(table).where(table.c.room == room))


def _first_line(entry: Entry) -> int:
    """The number of the first line of an entry; of one that can't be read, its last."""
    try:
        return entry.ms - len(_LINES.decode(entry.body)) + 1
    except MsgspecError:
        return entry.ms


def _place(room: RoomHead, endpoint: str, told: int, last: int) -> dict[str, object]:
    return {
        "endpoint": endpoint,
        "room": room.room,
        "made": room.made,
        "life": room.life,
        "n": told,
        "last": last,
        "highest": told,
        "since": 0,
        "due": True,
        "waits_since": unix_ms(),
        "tries": 0,
        "failing_since": 0,
        "again_at": 0,
        "away": False,
    }
