"""A use of the records that is cancelled leaves nothing behind that the process would wait for."""

import asyncio
import threading

from sqlalchemy import text

from server.house import records_of
from tests.conftest import MakeSettings

PATIENCE_S = 60


async def test_a_use_that_is_cancelled_again_while_it_closes_leaves_no_task(
    make_settings: MakeSettings,
) -> None:
    records = records_of(make_settings())
    await records.upgrade()
    began, go_on = threading.Event(), threading.Event()

    def wait() -> int:
        began.set()
        return int(go_on.wait(PATIENCE_S))

    async def use() -> None:
        async with records.reading() as connection:
            raw = await connection.get_raw_connection()
            assert raw.driver_connection is not None
            await raw.driver_connection.create_function("wait", 0, wait)
            await connection.scalar(text("SELECT wait()"))

    before = asyncio.all_tasks()
    using = asyncio.create_task(use())
    await asyncio.to_thread(began.wait, PATIENCE_S)
    using.cancel()
    async with asyncio.timeout(PATIENCE_S):
        while asyncio.all_tasks() <= before | {using}:
            await asyncio.sleep(0)
    using.cancel()  # a task closes the connection now
    await asyncio.wait([using])
    closing = asyncio.all_tasks() - before
    go_on.set()

    _, waiting = await asyncio.wait(closing, timeout=PATIENCE_S)

    assert closing
    assert not waiting
    await records.aclose()
