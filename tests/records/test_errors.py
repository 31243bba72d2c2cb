"""What may help when the records refuse something; and how they are left."""

import asyncio
import threading

import pytest
from sqlalchemy import text

from server.house import records_of
from server.records.database import Database
from server.records.errors import RecordsAway
from server.settings import Settings

SLOW = """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT max(i) FROM (SELECT i FROM n LIMIT 400000)"""


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


@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
def test_no_thread_is_left_of_connections_whose_use_was_cancelled(
    records_settings: Settings,
) -> None:
    async def asks(records: Database) -> None:
        async with records.reading() as connection:
            await connection.execute(text(SLOW))

    async def asks_and_is_cancelled(after_s: float) -> None:
        records = records_of(records_settings)
        await records.upgrade()
        asking = [asyncio.create_task(asks(records)) for _ in range(3)]
        await asyncio.sleep(after_s)
        for _ in range(3):
            for task in asking:
                task.cancel()
            await asyncio.sleep(0)
        await asyncio.gather(*asking, return_exceptions=True)
        await records.aclose()

    others = set(threading.enumerate())
    for n in range(10):
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(asks_and_is_cancelled(n / 100))
        assert [each for each in threading.enumerate() if each not in others] == []
