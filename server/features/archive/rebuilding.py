"""Folds everything again for projections of which the records hold another version, or none."""

from collections.abc import Sequence

from sqlalchemy import select, update

from server.features.archive.folding import Folding
from server.features.archive.tables import PROJECTIONS, ROOMS, WHOLE
from server.records.database import Database
from server.records.projection import Projection, RoomHead
from server.records.upsert import insert_into


async def rebuild(
    records: Database, projections: Sequence[Projection], folding: Folding | None = None
) -> int:
    """Bring each projection up to its version, a room a transaction; return how many rooms.

    It goes on where an earlier call was stopped. Nothing may be copied meanwhile: whoever calls
    this holds the lease. Raises RecordsAway.
    """
    rooms, folding = 0, folding or Folding()
    for projection in projections:
        done = await _begun(records, projection)
        while done < WHOLE:
            done = await _next_room(records, projection, folding, done)
            rooms += done < WHOLE
    return rooms


async def _begun(records: Database, projection: Projection) -> int:
    """Return the last room that is folded by this version; a new version begins empty."""
    async with records.writing() as connection:
        stored = (
            await connection.execute(
                select(PROJECTIONS).where(PROJECTIONS.c.name == projection.name)
            )
        ).first()
        if stored is not None and stored.version == projection.version:
            return int(stored.life)
        await projection.clear(connection)
        values = {"version": projection.version, "life": 0}
        insert = insert_into(connection, PROJECTIONS).values(name=projection.name, **values)
        await connection.execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))
        return 0


async def _next_room(
    records: Database, projection: Projection, folding: Folding, after: int
) -> int:
    """Fold the next room again; return its number, or WHOLE behind the last."""
    async with records.writing() as connection:
        row = (
            await connection.execute(
                select(ROOMS).where(ROOMS.c.life > after).order_by(ROOMS.c.life).limit(1)
            )
        ).first()
        done = WHOLE if row is None else int(row.life)
        if row is not None:
            await folding.again(connection, projection, RoomHead(*row))
        await connection.execute(
            update(PROJECTIONS).where(PROJECTIONS.c.name == projection.name).values(life=done)
        )
        return done
