"""What may help when the records refuse something: trying again, or nothing."""

import asyncio

import pytest
from sqlalchemy import text

from server.records.database import Database
from server.records.errors import RecordsAway


# SQLite has one writer at a time, so two never wait for each other.
@pytest.mark.parametrize("records_url", ["postgresql"], indirect=True)
async def test_of_two_who_wait_for_each_other_one_is_told_to_try_again(records: Database) -> None:
    both = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> None:
        async with records.writing() as connection:
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({first})"))
            await both.wait()
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({second})"))

    ends = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    assert sorted(map(type, ends), key=str) == [type(None), RecordsAway]
