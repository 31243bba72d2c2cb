"""Thousands of buyers on several workers, while workers and Redis are killed -9."""

import asyncio
import json
import random
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from server.features.ledger import ledger
from server.house import keys_under, store_on
from tests.conftest import MakeSettings
from tests.orders.redis_process import RedisProcess
from tests.orders.shop import Shop, shop_on
from tests.torture.size import SECONDS, rounds

WORKERS = 3
BUYERS = 1500
STOCK = 400
ROOM = "r1"
AFTER = {"held": 0, "cancelled": 1, "expired": 1, "paid": 2}


class Workers:
    """The processes, and every answer any of them gave."""

    def __init__(self, port: int, sales: list[str], fair_ms: int) -> None:
        self.plans = [
            {
                "port": port,
                "room": ROOM,
                "sales": sales,
                "fair_ms": fair_ms,
                "buyers": list(range(n, BUYERS, WORKERS)),
            }
            for n in range(WORKERS)
        ]
        self.processes = [self._start(n) for n in range(WORKERS)]
        self.answers: list[dict[str, Any]] = []

    def _start(self, n: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.torture.buyers", json.dumps(self.plans[n])],
            stdout=subprocess.PIPE,
        )

    def _hear(self, process: subprocess.Popen[bytes]) -> None:
        out, _ = process.communicate(timeout=300)
        self.answers += [json.loads(line) for line in out.splitlines()]

    def kill(self, n: int) -> None:
        """kill -9 a worker, keep what it had answered, and start it again."""
        self.processes[n].kill()
        self._hear(self.processes[n])
        self.processes[n] = self._start(n)

    def finish(self) -> None:
        """Let every worker come to its end."""
        for n, process in enumerate(self.processes):
            self._hear(process)
            assert process.returncode == 0, f"worker {n} failed"


@pytest.mark.torture("1,500 buyers, and everything killed under them")
@pytest.mark.timeout(600 + 4 * SECONDS)
@pytest.mark.parametrize("seed", range(rounds(1)))
async def test_every_answer_is_true_after_any_crash(
    tmp_path: Path, make_settings: MakeSettings, seed: int
) -> None:
    chance = random.Random(seed)
    fair_ms = chance.choice((0, 300))
    settings = make_settings(orders={"fair_window_ms": fair_ms})
    async with RedisProcess(tmp_path / "redis") as redis:
        store = await asyncio.to_thread(store_on, redis.client, keys_under("h"))
        shop = shop_on(store, settings, ROOM)
        await shop.build()
        sales = [await shop.open(stock=STOCK, sku=sku, per_user=2) for sku in ("tea", "cup")]
        workers = await asyncio.to_thread(Workers, redis.port, [s.sale for s in sales], fair_ms)
        for _ in range(3):
            await asyncio.sleep(0.6 + chance.random())
            await asyncio.to_thread(workers.kill, chance.randrange(WORKERS))
            await asyncio.sleep(chance.random())
            await redis.kill()
            await redis.start()
        await asyncio.to_thread(workers.finish)
        await check(shop, workers.answers)


async def check(shop: Shop, answers: list[dict[str, Any]]) -> None:
    assert await shop.audit() == []
    made: dict[str, int] = defaultdict(int)
    status: dict[str, str] = {}
    buyer: dict[str, list[str]] = defaultdict(list)
    async for lines in ledger.read(shop.store, ROOM):
        for _, line in lines:
            if line["k"] == "order":
                order = line["order"]
                made[order["order"]] += "was" not in line
                status[order["order"]] = order["status"]
                if "was" not in line:
                    buyer[order["user"]].append(order["order"])
    for answer in answers:
        if "order" in answer:
            assert made[answer["order"]] == 1, f"answered, but not once in the ledger: {answer}"
            assert buyer[answer["user"]] == [answer["order"]], f"one key, two orders: {answer}"
            assert AFTER[status[answer["order"]]] >= AFTER[answer["status"]], answer
    # A refused key stays free: a worker that was started again asks again, and may be luckier.
    last = {answer["user"]: answer for answer in answers}
    for answer in last.values():
        if answer.get("refused") in ("sold_out", "limit_reached"):
            assert answer["user"] not in buyer, f"refused, but it has an order: {answer}"
    assert len(last) == BUYERS, "everybody got an answer"
