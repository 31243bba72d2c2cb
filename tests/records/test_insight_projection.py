"""The projection of insights, folded without a worker."""

import msgspec
from sqlalchemy import func, insert, select

from server.background.clock import unix_ms
from server.features.insights.projection import InsightProjection
from server.features.insights.tables import PRESENCE
from server.features.ties.tables import TIES
from server.records.database import Database
from server.records.projection import Entry, RoomHead


async def test_a_crowd_that_came_during_an_outage_is_folded_at_once(records: Database) -> None:
    now, many = unix_ms(), 33_000
    room = RoomHead(1, "r1", 1, "mumu", "stream", "T", "live", 0, now, 0, practice=False)
    came = [{"user": f"u{n}", "conn": n, "at": now} for n in range(many)]
    visits = {"k": "visits", "at": now, "worker": "w", "left": [], "came": came}
    last = {"life": 1, "user": f"u{many - 1}", "kind": "follow", "ref": "mumu", "on": True, "at": 1}
    async with records.writing() as connection:
        await connection.execute(insert(TIES).values(**last))
        entry = Entry(1, 0, msgspec.msgpack.encode(visits))
        await InsightProjection(0).add(connection, room, "timeline", [entry])
        assert await connection.scalar(select(func.count()).select_from(PRESENCE)) == 1
