"""An office that delivers the outbox of some shops, and a receiver that refuses."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from server.features.outbox.outbox import Outbox
from server.features.outbox.post import HttpPost
from server.settings import Settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from tests.conftest import MakeSettings
from tests.orders.receiver import Receiver, receiving
from tests.orders.shop import Shop, shop_on
from tests.stored import stored_hash


class Office:
    """Outboxes of several workers that post to the receiver."""

    def __init__(self, make: MakeSettings, store: RoomStore, receiver: Receiver) -> None:
        self._make = make
        self.store = store
        self._receiver = receiver
        self.stack = AsyncExitStack()
        self.metrics = Metrics()  # of the newest outbox

    async def outbox(self, worker: str = "w1", **limits: Any) -> Outbox:
        limits = {"url": self._receiver.url, "retry_s": 0.01, "interval_s": 0.01} | limits
        settings = self._make(outbox=limits)
        post = await self.stack.enter_async_context(HttpPost(300, 64))
        self.metrics = Metrics()
        return Outbox(self.store, settings, worker, post, self.metrics)

    async def running(self, worker: str = "w1", **limits: Any) -> Outbox:
        return await self.stack.enter_async_context(await self.outbox(worker, **limits))

    def metric(self, name: str, **labels: str) -> float:
        value = self.metrics.registry.get_sample_value(name, labels)
        assert value is not None
        return value


async def shops(store: RoomStore, settings: Settings, number: int, lines: int) -> list[Shop]:
    """Rooms with so many ledger lines each, every line an entry of its own."""
    made = [shop_on(store, settings, f"r{n}") for n in range(number)]
    for shop in made:
        await shop.build()
        sale = await shop.open(stock=1000)
        for n in range(lines - 1):
            await shop.buy(f"u{n}", sale)
    return made


async def state(shop: Shop) -> dict[str, str]:
    """The room's outbox as it is stored."""
    found = stored_hash(await shop.redis.hgetall(shop.key("outbox")))
    return {name.decode(): value.decode() for name, value in found.items()}


async def refuse(_: dict[str, Any]) -> int:
    return 500


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving(Receiver()) as made:
        yield made


@pytest.fixture
async def office(
    make_settings: MakeSettings, store: RoomStore, receiver: Receiver
) -> AsyncIterator[Office]:
    made = Office(make_settings, store, receiver)
    async with made.stack:
        yield made
