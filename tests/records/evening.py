"""Shops whose ledgers and timelines are copied to the records."""

from server.features.accounts.projection import AccountProjection
from server.features.archive.archiver import Archiver
from server.features.archive.copying import Overtaken
from server.features.purchases.projection import PurchaseProjection
from server.features.ties.projection import TieProjection
from server.house import HOUSE
from server.records.database import Database
from server.records.projection import Projection
from server.settings import Settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from tests.orders.shop import Shop, shop_on

PROJECTIONS: list[Projection] = [PurchaseProjection(), TieProjection(), AccountProjection()]


async def shop_in(store: RoomStore, settings: Settings, room: str) -> Shop:
    """A live room of the host `h` that sells."""
    shop = shop_on(store, settings, room)
    await shop.build()
    return shop


async def copy_all(store: RoomStore, records: Database, settings: Settings) -> None:
    """Copy until nothing is left."""
    archiver = Archiver(store, records, settings, "w1", HOUSE.streams, PROJECTIONS, Metrics())
    while True:
        try:
            if not (await archiver.copy_all())[1]:
                return
        except Overtaken:
            continue  # a worker of the same test copies as well
