"""The power fails: the log ends anywhere after the last answer. Nothing that was answered is lost.

With `appendfsync always` Redis answers after the log is on disk, so what may be missing after a
power cut is what was written later. The log is cut there, also in the middle of a command.
"""

import asyncio
import random
import shutil
from pathlib import Path

import pytest

from server.features.orders.messages import Order
from server.house import keys_under, store_on
from server.settings import Settings
from server.store.redis_program import RedisProgram
from tests.conftest import MakeSettings
from tests.orders.redis_process import RedisProcess
from tests.orders.shop import shop_on
from tests.programs import PROGRAMS, name_of
from tests.torture.size import SECONDS, rounds

BUYERS = 60


def log_of(folder: Path) -> Path:
    """The file Redis appends to: Redis 7 keeps a folder of parts, Redis 6 one file."""
    parts = sorted(folder.rglob("*.incr.aof"))
    return parts[-1] if parts else folder / "appendonly.aof"


@pytest.mark.timeout(600 + 4 * SECONDS)
@pytest.mark.parametrize("program", PROGRAMS, ids=name_of)
@pytest.mark.parametrize("seed", range(rounds(1)))
async def test_an_answered_order_survives_a_cut_of_the_log(
    tmp_path: Path, make_settings: MakeSettings, seed: int, program: RedisProgram
) -> None:
    chance = random.Random(seed)
    settings = make_settings(orders={"fair_window_ms": 0})
    answered: list[tuple[int, Order]] = []  # (length of the log at the answer, the answer)
    async with RedisProcess(tmp_path / "redis", program=program) as redis:
        store = await asyncio.to_thread(store_on, redis.client, keys_under("p"))
        shop = shop_on(store, settings)
        await shop.build()
        sale = await shop.open(stock=40)
        log = log_of(redis.folder)

        async def buyer(n: int) -> None:
            await asyncio.sleep(chance.random() / 10)
            order = await shop.buy(f"u{n}", sale)
            answered.append((log.stat().st_size, order))
            order = await (shop.pay if n % 3 else shop.cancel)(order)
            answered.append((log.stat().st_size, order))

        await asyncio.gather(*(buyer(n) for n in range(BUYERS)), return_exceptions=True)
        await redis.kill()

    total = log.stat().st_size
    for n in range(8):
        cut = chance.randint(answered[0][0], total)
        known = [order for size, order in answered if size <= cut]
        after = RedisProcess(tmp_path / f"cut-{n}", program=program)
        await survive(after, redis.folder, cut, known, settings)


async def survive(
    after: RedisProcess, source: Path, cut: int, known: list[Order], settings: Settings
) -> None:
    """Start Redis on a log of `cut` bytes: all that was `known` then is there, and adds up."""
    await asyncio.to_thread(shutil.copytree, source, after.folder)
    with log_of(after.folder).open("r+b") as log:
        log.truncate(cut)
    async with after as redis:
        store = await asyncio.to_thread(store_on, redis.client, keys_under("p"))
        shop = shop_on(store, settings)
        assert await shop.audit() == []
        latest = {order.order: order for order in known}
        for order in latest.values():
            (found,) = await shop.own(order.user)
            assert found.order == order.order
            if order.status != "held":
                assert found == order
