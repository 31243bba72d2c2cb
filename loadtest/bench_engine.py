"""Orders a second below the socket: the bare script, one at a time, and our engine.

This is the one load test that looks inside the server: the engine can't be measured from outside.
"""

import asyncio
import itertools
import resource
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import uvloop

from server.access.auth import Identity
from server.features.orders.messages import Buy, OrderOk
from server.features.orders.orders import Orders, buy_of
from server.features.orders.settings import OrderSettings
from server.features.payments.messages import Pay
from server.features.payments.payments import Payments
from server.features.payments.providers import SandboxProvider
from server.features.sales.messages import SaleOpen
from server.features.sales.sales import Sales
from server.features.stock.messages import SaleOk
from server.house import HOUSE, keys_under, store_on
from server.processes.collector import Collector
from server.protocol.roles import Role
from server.rooms.call import Call
from server.settings import Settings
from server.store import redis_program
from server.store.client import connect
from server.store.embedded import EmbeddedRedis
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

ROOM = "bench"
BUYERS = 2000
PIPELINE = 10
_ANY = msgspec.msgpack.Decoder()


class Row(NamedTuple):
    """One line of the table; CPU in microseconds an order, of Redis and of Python."""

    name: str
    per_s: float
    redis_us: float
    python_us: float
    paid: bool = False


class Bench:
    """A room with a sale that never sells out, on a Redis of its own."""

    def __init__(self, store: RoomStore, settings: Settings, room: str = ROOM) -> None:
        self.store = store
        self.room = room
        self.settings = settings
        self.orders = Orders(store, settings)
        self.payments = Payments(store, settings, SandboxProvider(), self.orders)
        self.numbers = itertools.count()
        self.sale = ""

    async def build(self) -> None:
        """Make the room and open the sale."""
        product = {"sku": "tea", "title": "春茶 250 g", "price": 9900, "currency": "CNY"}
        await self._run("room_create", title="Bench", host="h", host_name="H", scheduled=0,
                        epoch="e")  # fmt: skip
        await self._run("shelf.put", product=product, products_max=9)
        await self._run("phases.set", phase="live", user="h")
        cmd = SaleOpen(ref=1, sku="tea", price=990, stock=1_000_000, per_user=1000, hold_s=600)
        opened = await Sales(self.store, self.settings).open(self._call("h"), cmd)
        assert isinstance(opened, SaleOk)
        self.sale = opened.sale.sale

    async def end(self) -> None:
        """End the stream."""
        await self._run("phases.set", phase="ended", user="h")

    async def _run(self, script: str, **args: Any) -> None:
        await self.store.run_script(script, self.room, {"events_max": 10_000} | args, _ANY)

    def _call(self, user: str) -> Call:
        return Call(self.room, Identity(user, user, Role.VIEWER, None))

    def _buy(self) -> tuple[Call, Buy]:
        n = next(self.numbers)
        return self._call(f"u{n}"), Buy(ref=1, key=f"k{n}", sale=self.sale)

    def _items(self, count: int) -> list[dict[str, Any]]:
        return [
            buy_of(*self._buy(), self.settings.section(OrderSettings), 64) for _ in range(count)
        ]

    def _packed(self, batch: int) -> bytes:
        limits = self.settings.section(OrderSettings)
        args = {
            "publish": "PUBLISH", "room": self.room, "buys": self._items(batch),
            "events_max": 10_000, "entries_max": 1, "offer_hold_s": 30,
            "orders_per_user_max": limits.orders_per_user_max,
        }  # fmt: skip
        return msgspec.msgpack.encode(args)

    async def bare(self, orders: int, batch: int, pipeline: int) -> Callable[[], Awaitable[None]]:
        """The script with its arguments ready, `pipeline` calls of `batch` buys a round trip."""
        script = self.store._scripts["orders.buy"]  # noqa: SLF001 - the script itself is measured
        keys = [self.store.keys.room(self.room, key) for key in script.keys]
        await self.store.redis.script_load(script.text)
        calls = [self._packed(batch) for _ in range(orders // batch)]

        async def run() -> None:
            for first in range(0, len(calls), pipeline):
                pipe = self.store.redis.pipeline(transaction=False)
                for packed in calls[first : first + pipeline]:
                    pipe.evalsha(script.sha, len(keys), *keys, packed)
                await pipe.execute()

        return run

    async def engine(self, orders: int) -> Callable[[], Awaitable[None]]:
        """Our engine under BUYERS buyers who each send the next buy when the last is answered."""
        buys = [self._buy() for _ in range(orders)]

        async def buyer(n: int) -> None:
            for buy in buys[n::BUYERS]:
                await self.orders.buy(*buy)

        async def run() -> None:
            await asyncio.gather(*(buyer(n) for n in range(BUYERS)))

        return run

    async def bought_and_paid(
        self, orders: int, buyers: int = BUYERS
    ) -> Callable[[], Awaitable[None]]:
        """The same, and each buyer pays what was bought before buying again."""
        buys = [self._buy() for _ in range(orders)]

        async def buyer(n: int) -> None:
            for call, buy in buys[n::buyers]:
                held = await self.orders.buy(call, buy)
                assert isinstance(held, OrderOk)
                paid = await self.payments.pay(call, Pay(ref=2, order=held.order.order))
                assert isinstance(paid, OrderOk)
                assert paid.order.status == "paid"

        async def run() -> None:
            await asyncio.gather(*(buyer(n) for n in range(buyers)))

        return run

    async def measure(self, name: str, orders: int, run: Callable[[], Awaitable[None]]) -> Row:
        """Time `run`, which makes `orders` orders."""
        redis_s, python_s, began = await self._redis_s(), cpu_s(), time.perf_counter()
        await run()
        took = time.perf_counter() - began
        redis_us = (await self._redis_s() - redis_s) / orders * 1e6
        return Row(name, orders / took, redis_us, (cpu_s() - python_s) / orders * 1e6)

    async def _redis_s(self) -> float:
        info = await self.store.redis.info("cpu")
        return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


def cpu_s() -> float:
    """CPU seconds of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def _rows(orders: int, fsync: bool) -> list[Row]:
    settings = HOUSE.settings_model.model_validate(
        {"orders": {"fair_window_ms": 0, "batch_waiting_max": 1_000_000}}
    )
    promise = "fsync" if fsync else "memory"
    batch = settings.section(OrderSettings).batch_max
    with tempfile.TemporaryDirectory(prefix="lr-bench-") as folder:
        async with EmbeddedRedis(Path(folder), fsync=fsync) as embedded:
            redis = connect(embedded.url, settings.redis)
            bench = Bench(store_on(redis, keys_under("bench")), settings)
            await bench.build()
            few = orders // 5
            work = [
                ("engine, " + promise, orders, await bench.engine(orders)),
                ("bought and paid, " + promise, few, await bench.bought_and_paid(few)),
            ]
            if fsync:
                work = [
                    ("bare script, one buy a call, pipelined", few, await bench.bare(few, 1, 200)),
                    (f"bare script, {batch} buys a call, pipelined (the ceiling)", orders,
                     await bench.bare(orders, batch, PIPELINE)),
                    ("one EVALSHA at a time", few, await bench.bare(few, 1, 1)),
                    *work,
                ]  # fmt: skip
            rows = [await bench.measure(name, count, run) for name, count, run in work]
            rows[-1] = rows[-1]._replace(paid=True)
            await redis.aclose()
    return rows


def program() -> str:
    """The Redis that is measured: the one that a server with a private one would take."""
    return str(uvloop.run(redis_program.find()).release)


def measure(orders: int) -> list[Row]:
    """All rows, on two Redis of their own: one that syncs each write and one that does not.

    Python's collector of cycles is set as in a worker: by its own thresholds it would cost a third
    more CPU an order, and the more the more modules are imported.
    """
    with Collector(Metrics()):
        return [*uvloop.run(_rows(orders, True)), *uvloop.run(_rows(orders, False))]
