"""What may help when the records refuse something; and how they are left."""

import asyncio
import sqlite3
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from server.house import records_of
from server.records.database import Database
from server.records.errors import RecordsAway, lies_in_row
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


async def fails(records: Database, statement: str, **values: object) -> Exception:
    """Return what a statement raises inside the transaction of a writer."""
    async with records.writing() as connection:
        try:
            async with connection.begin_nested():
                await connection.execute(text(statement), values)
        except Exception as error:
            return error
    raise AssertionError(f"{statement} does not fail")


@pytest.mark.parametrize(
    "values",
    [
        {"life": 2**70, "room": "r"},
        {"life": 1, "room": ["r"]},
        {"life": 1, "room": None},
        {"life": 1, "room": "\ud800"},
    ],
    ids=["too large", "a list", "missing", "no text"],
)
async def test_an_error_about_a_value_lies_in_the_row(
    records: Database, values: dict[str, object]
) -> None:
    put = "INSERT INTO archive_projections VALUES (:room, 1, :life)"
    error = await fails(records, put, **values)
    assert lies_in_row(error), repr(error)


async def test_an_error_of_the_database_does_not_lie_in_the_row(records: Database) -> None:
    error = await fails(records, "INSERT INTO nowhere VALUES (1)")
    assert not lies_in_row(error), repr(error)
    for away in (RecordsAway("busy"), OSError("no route"), TimeoutError(), MemoryError()):
        assert not lies_in_row(away)
    assert lies_in_row(KeyError("x"))


@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_a_full_disk_does_not_lie_in_the_row(records: Database) -> None:
    async with records.writing() as connection:
        pages = await connection.scalar(text("PRAGMA page_count"))
        await connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    big = "INSERT INTO archive_projections VALUES ('x' || hex(zeroblob(9000000)), 1, 1)"
    with pytest.raises(RecordsAway, match="full") as caught:
        async with records.writing() as connection:
            await connection.execute(text(big))
    cause = caught.value.__cause__
    assert isinstance(cause, OperationalError)
    assert not lies_in_row(cause)


@pytest.mark.parametrize("records_url", ["sqlite"], indirect=True)
async def test_a_locked_database_does_not_lie_in_the_row(
    records: Database, records_settings: Settings
) -> None:
    other = sqlite3.connect(records.url.database or "", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        async with records.reading() as connection:
            await connection.execute(text("PRAGMA busy_timeout = 1"))
            with pytest.raises(OperationalError) as caught:
                await connection.execute(text("DELETE FROM archive_projections"))
    finally:
        other.close()
    assert not lies_in_row(caught.value)
