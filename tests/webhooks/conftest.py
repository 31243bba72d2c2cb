"""Endpoints, rooms that sell, and what carries the events from one to the other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from random import Random
from typing import Any

import pytest

from server.access.standard_webhooks import new_secret
from server.features.archive.archiver import Archiver
from server.features.webhooks.deliveries import DeliveryLog, LoggedDelivery
from server.features.webhooks.endpoints import Endpoint, EndpointBook
from server.features.webhooks.networks import Networks
from server.features.webhooks.places import Behind, PlaceBook
from server.features.webhooks.projection import WebhookProjection
from server.features.webhooks.sender import Sender
from server.features.webhooks.settings import WebhookSettings
from server.features.webhooks.webhooks import Webhooks
from server.house import HOUSE, keys_under, records_of, store_on
from server.records.database import Database
from server.settings import Settings
from server.store.client import connect
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from tests.conftest import MakeSettings
from tests.orders.shop import Shop, shop_on
from tests.records.conftest import (
    postgres,
    postgres_with_tables,
    records,
    records_url,
)
from tests.webhooks.receiver import Receiver, receiving

__all__ = ["postgres", "postgres_with_tables", "records", "records_url"]


@pytest.fixture
def records_settings(make_settings: MakeSettings, records_url: str) -> Settings:
    """Nothing waits for a draw, and little for another try."""
    return make_settings(records={"url": records_url}, orders={"fair_window_ms": 0})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving(Receiver()) as made:
        yield made


class Office:
    """Shops, the archive of their ledgers, and workers that tell it to endpoints."""

    def __init__(self, settings: Settings, records: Database, store: RoomStore) -> None:
        self.settings = settings
        self.records = records
        self.store = store
        self.endpoints = EndpointBook(records)
        self.places = PlaceBook(records)
        self.stack = AsyncExitStack()
        self.metrics = Metrics()  # of the newest worker

    async def shop(self, room: str = "r1") -> Shop:
        """A live room that sells."""
        made = shop_on(self.store, self.settings, room)
        await made.build()
        return made

    async def endpoint(self, receiver: Receiver, name: str = "oms", **fields: Any) -> Endpoint:
        """Make an endpoint at a receiver, which knows its secret."""
        values: dict[str, Any] = {
            "id": name, "url": receiver.url, "kinds": [], "note": "", "secret": new_secret(),
            "old_secret": "", "old_until": 0, "state": "active", "reason": "", "made": 1,
            "changed": 1, "ok_at": 0,
        }  # fmt: skip
        made = Endpoint(**values | fields)
        await self.endpoints.make(made, 100)
        receiver.secrets = [made.secret]
        return made

    async def archive(self) -> None:
        """Copy until nothing is left."""
        archiver = Archiver(
            self.store, self.records, self.settings, "w1", HOUSE.streams,
            [WebhookProjection()], Metrics(),
        )  # fmt: skip
        while (await archiver.copy_all())[1]:
            pass

    async def worker(self, name: str = "w1", **limits: Any) -> Webhooks:
        """What tells endpoints, of one worker; the test has it tell. Each but the first has the
        records open for itself, as another process."""
        records = self.records
        if name != "w1":
            records = records_of(self.settings)
            self.stack.push_async_callback(records.aclose)
        limits = {"retry_s": 0.01, "interval_s": 0.01} | limits
        settings = WebhookSettings(**limits)
        sender = Sender(settings, Networks((), development=True))
        await self.stack.enter_async_context(sender)
        self.metrics = Metrics()
        made = Webhooks(records, settings, sender, HOUSE.lines, name, self.metrics, Random(7))
        self.stack.push_async_exit(made)
        return made

    async def tell(self, **limits: Any) -> Webhooks:
        """Archive, and tell what may be told now."""
        await self.archive()
        worker = await self.worker(**limits)
        await worker.deliver_all()
        return worker

    async def log(self, endpoint: str = "oms") -> list[LoggedDelivery]:
        """The whole log of an endpoint, the oldest event first."""
        log, found, cursor = DeliveryLog(self.records), list[LoggedDelivery](), ""
        while True:
            page = await log.page(endpoint, None, cursor, 7)
            found += page.deliveries
            if page.next is None:
                return found[::-1]
            cursor = page.next

    async def behind(self, endpoint: str = "oms") -> Behind:
        """How far an endpoint is behind."""
        return (await self.places.behind()).get(endpoint, Behind())


@pytest.fixture
async def office(records_settings: Settings, records: Database) -> AsyncIterator[Office]:
    redis = connect(records_settings.redis.url, records_settings.redis)
    store = store_on(redis, keys_under(records_settings.redis.key_prefix))
    made = Office(records_settings, records, store)
    async with made.stack:
        yield made
    await redis.aclose()
