"""What every feature keeps from the archive: an entry that can't be read is left out by each."""

from collections.abc import Sequence

import msgspec
import pytest
from sqlalchemy import func, select

from server.records.database import Database
from server.records.projection import Entry, Projection, RoomHead
from server.records.schema import RECORDS
from server.settings import Settings
from tests.conftest import MakeSettings
from tests.protocol.test_protocol_page import worker_of

PACK = msgspec.msgpack.encode
KINDS = ("order", "sale", "payment", "case", "coupon", "claim", "shelf", "pin", "follow", "phase")
UNREADABLE = [
    b"",
    b"\xc1",
    b"\x81\xa1k",
    b"\x92\x81\xa1k\xa1\xff\xc0",
    PACK(7),
    PACK({"k": "order"}),
    PACK([{"k": 1}]),
    *(PACK([{"k": kind, kind: "none"}]) for kind in KINDS),
    *(PACK({"k": kind, "put": "none", "on": "none", "user": 1}) for kind in KINDS),
]
ROOM = RoomHead(1, "r1", 1, "h", "stream", "T", "live", 0, 0, 0, practice=False)


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    return make_settings(records={"url": records_url})


@pytest.fixture
def projections(records_settings: Settings) -> list[Projection]:
    """Those of all features, as a worker has them."""
    running = worker_of(records_settings).running.values()
    return [projection for feature in running for projection in feature.projections]


async def counted(records: Database) -> dict[str, int]:
    """How many rows each table has."""
    async with records.reading() as connection:
        return {
            name: int(await connection.scalar(select(func.count()).select_from(table)) or 0)
            for name, table in RECORDS.tables.items()
        }


def entries() -> Sequence[Entry]:
    return [Entry(n, 0, body) for n, body in enumerate(UNREADABLE, 1)]


async def test_no_projection_stumbles_over_an_entry_that_it_can_not_read(
    records: Database, projections: list[Projection]
) -> None:
    assert len(projections) > 5
    before = await counted(records)
    for projection in projections:
        for stream in set(projection.streams) & {"ledger", "timeline"}:
            async with records.writing() as connection:
                await projection.add(connection, ROOM, stream, entries())
    after = await counted(records)

    # A webhook's place is where a room's ledger has come to, readable or not.
    assert {name for name in after if after[name] != before[name]} <= {"webhook_places"}
    for projection in projections:
        async with records.writing() as connection:
            await projection.clear(connection, ROOM.life)
            await projection.clear(connection)
    assert await counted(records) == after
