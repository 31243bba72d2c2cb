"""A merchant, two hosts who sell the same units, and workers that die between any two steps."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from enum import StrEnum
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.allotments.allotments import Allotment, Allotments, Grant
from server.features.allotments.projection import UnitProjection
from server.features.allotments.settings import AllotmentSettings
from server.features.allotments.tables import ALLOTMENTS, MOVES, TRANSFERS
from server.features.allotments.transfers import Needs, Transfer, Transfers
from server.features.archive.archiver import Archiver
from server.features.archive.entries import archived_entries
from server.features.archive.rebuilding import rebuild
from server.features.archive.tables import PROJECTIONS, ROOMS
from server.features.audits.units import AllUnits, audit_units
from server.features.books.books import Books
from server.features.ledger import ledger
from server.features.merchants.tables import MERCHANTS, UNITS
from server.features.sales.sales import Sales
from server.features.terms.messages import Terms
from server.house import HOUSE
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.projection import RoomHead
from server.settings import Settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics
from tests.orders.shop import Shop, shop_on
from tests.stored import stored_hash

T = TypeVar("T")
HOUR_MS = 3_600_000
REFUSALS = ("conflict", "ended", "limit_reached")
"""What a host may be told whose sale can't open or grow."""


class Death(StrEnum):
    """Where a worker dies on its way between the two stores."""

    NEVER = "never"
    SENT = "after the records, before Redis"
    TAKEN = "after Redis, before anybody is told"


class Killed(Exception):
    """The worker is gone."""


class MortalTransfers(Transfers):
    """Sends units, and dies when told to. What it sent last is `sent`."""

    death = Death.NEVER
    dies_settling = False
    sent: Transfer | None = None

    async def send(self, room: str, needs: Needs) -> Transfer:
        self.sent = await super().send(room, needs)
        if self.death is Death.SENT:
            raise Killed
        return self.sent

    async def settle(self, room: str, transfer: str) -> bool:
        if self.dies_settling:
            await self._store.run_script(
                "allotments.settle", room, {"transfer": transfer}, msgspec.msgpack.Decoder()
            )
            raise Killed
        return await super().settle(room, transfer)


class CallBook:
    """Runs scripts on a store and remembers the last call, so that it can come late."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store
        self.last: tuple[str, str, dict[str, Any]] | None = None

    async def run_script(
        self, name: str, room: str, args: dict[str, Any], decoder: msgspec.msgpack.Decoder[T]
    ) -> T:
        self.last = (name, room, args)
        return await self._store.run_script(name, room, args, decoder)


class Market:
    """A merchant whose skus stand on the shelves of two rooms, each of another host.

    Both stores are its own. `skus` are the merchant's; a room's shelf has them with the merchant's
    id in front.
    """

    merchant = "m1"
    skus = ("red", "blue")
    rooms: Mapping[str, str] = {"h1": "r1", "h2": "r2"}
    """host -> room"""
    hosts = tuple(rooms)

    def __init__(self, store: RoomStore, records: Database, settings: Settings) -> None:
        self.store, self.records, self.settings = store, records, settings
        self.calls = CallBook(store)
        self.now = 1_800_000_000_000
        self.transfers = MortalTransfers(store, records, self.clock)
        self.allotments = Allotments(records, settings.section(AllotmentSettings), self.clock)
        self.shops = {
            host: shop_on(store, settings, room, self.transfers)
            for host, room in self.rooms.items()
        }
        for shop in self.shops.values():
            shop.sales = Sales(cast("RoomStore", self.calls), settings, self.transfers)
        self.projection = UnitProjection()
        self.granted: list[str] = []
        """The ids of the allotments."""

    def clock(self) -> int:
        return self.now

    def product(self, sku: str) -> str:
        return f"{self.merchant}:{sku}"

    async def build(self, units: int) -> None:
        """Make the rooms, with the merchant's skus on their shelves; so many units of each."""
        async with self.records.writing() as connection:
            row = {
                "merchant": self.merchant, "name": "M", "state": "active", "created": 0,
                "changed": 0,
            }  # fmt: skip
            await connection.execute(MERCHANTS.insert().values(row))
            for sku in self.skus:
                row = {"merchant": self.merchant, "sku": sku, "received": units, "stock": units}
                none = dict.fromkeys(("allotted", "sold", "returned"), 0)
                await connection.execute(UNITS.insert().values(row | none))
        for host, shop in self.shops.items():
            await self._build_room(host, shop)

    async def _build_room(self, host: str, shop: Shop) -> None:
        await shop.build()
        await shop.redis.hset(shop.key("room"), "host", host)
        for sku in self.skus:
            product = {
                "sku": self.product(sku), "title": f"A {sku}", "price": 2990, "currency": "CNY",
            }  # fmt: skip
            await shop.run("shelf.put", product=product, products_max=10)
            terms = msgspec.msgpack.encode(Terms(self.merchant, sku))
            await shop.redis.hset(shop.key("terms"), self.product(sku), terms)

    async def receive(self, sku: str, units: int) -> None:
        """The merchant adds units to the stock."""
        of = (UNITS.c.merchant == self.merchant) & (UNITS.c.sku == sku)
        more = {name: UNITS.c[name] + units for name in ("received", "stock")}
        async with self.records.writing() as connection:
            await connection.execute(update(UNITS).where(of).values(more))

    async def grant(self, host: str, sku: str, units: int, **more: Any) -> Allotment:
        """For an hour, unless told."""
        fields = {"until": self.now + HOUR_MS} | more
        grant = Grant(sku=sku, host=host, units=units, **fields)
        made = await self.allotments.grant(self.merchant, grant)
        self.granted.append(made.allotment)
        return made

    async def dying(self, work: Coroutine[Any, Any, T], death: Death) -> T | None:
        """What comes of something done by a worker that may die; None if it was refused."""
        self.transfers.death, self.transfers.sent = death, None
        try:
            done = await work
        except Killed:
            return None
        except CommandError as refused:
            if refused.code not in REFUSALS:
                raise
            return None
        finally:
            self.transfers.death = Death.NEVER
        return None if death is Death.TAKEN else done

    async def copy(self, batch: int = 500, *, whole: bool = True) -> None:
        """Archive a batch of each room, or all there is."""
        settings = self.settings.model_copy(
            update={
                "records": self.settings.records.model_copy(update={"archive_batch_max": batch})
            }
        )
        archiver = Archiver(
            self.store, self.records, settings, "w1", HOUSE.streams, [self.projection], Metrics()
        )
        while (await archiver.copy_all())[1] and whole:
            pass

    async def fold_again(self) -> None:
        """What a new version of the projection does at the start of a server."""
        async with self.records.writing() as connection:
            named = PROJECTIONS.c.name == self.projection.name
            await connection.execute(update(PROJECTIONS).where(named).values(version=0))
        await rebuild(self.records, [self.projection])

    async def settle(self) -> None:
        """Ask the rooms about all that was sent, twice, and end what is over."""
        asked = select(TRANSFERS.c.transfer, TRANSFERS.c.room).where(TRANSFERS.c.state == "sent")
        async with self.records.reading() as connection:
            sent = (await connection.execute(asked)).all()
        try:
            await self.transfers.settle_sent(self.now)
        except Killed:
            return
        for transfer, room in sent:
            await self.transfers.settle(room, transfer)
        await self.allotments.end_due()

    # What is true

    async def units(self, sku: str) -> dict[str, int]:
        """Where the records say the units of a sku are."""
        of = (UNITS.c.merchant == self.merchant) & (UNITS.c.sku == sku)
        async with self.records.reading() as connection:
            return dict((await connection.execute(select(UNITS).where(of))).mappings().one())

    async def must_add_up(self) -> None:
        """Each unit is in one place of all there are in both stores, however far the archive is."""
        books = {room: await self._books(room) for room in self.rooms.values()}
        async with self.records.reading() as connection:
            for sku in self.skus:
                await self._must_add_up(connection, sku, books)
        for shop in self.shops.values():
            assert await shop.audit() == []

    async def _books(self, room: str) -> Books:
        books = Books()
        async for chunk in ledger.read(self.store, room):
            for number, line in chunk:
                books.add_line(number, line)
        return books

    async def _must_add_up(
        self, connection: AsyncConnection, sku: str, books: dict[str, Books]
    ) -> None:
        of = (UNITS.c.merchant == self.merchant) & (UNITS.c.sku == sku)
        row = (await connection.execute(select(UNITS).where(of))).mappings().one()
        counters = {name: row[name] for name in ("stock", "allotted", "sold", "returned")}
        assert sum(counters.values()) == row["received"], counters
        assert min(counters.values()) >= 0, counters
        mine = ALLOTMENTS.c.merchant == self.merchant, ALLOTMENTS.c.sku == sku
        rows = (await connection.execute(select(ALLOTMENTS).where(*mine))).all()
        free, taken = sum(row.free for row in rows), await self._taken()
        mine = TRANSFERS.c.merchant == self.merchant, TRANSFERS.c.sku == sku
        sent = (await connection.execute(select(TRANSFERS).where(*mine))).all()
        for each in sent:
            assert each.state != "refused" or not taken.get(each.transfer), "refused, and taken"
        on_way = sum(
            each.units for each in sent if each.state != "refused" and not taken.get(each.transfer)
        )
        by_sale = await self._sales_of(sku)
        kept = [
            book.given[sale] - book.home[sale]
            for room, book in books.items()
            for sale in by_sale[room]
        ]
        home = sum(book.home[sale] for room, book in books.items() for sale in by_sale[room])
        assert min(kept, default=0) >= 0
        # What went home counts in the stock once the archive has told the records of it.
        told = await self._home_told(connection, sku)
        total = counters["stock"] + home - told + free + on_way + sum(kept)
        where = {"free": free, "on the way": on_way, "in sales or sold": sum(kept)}
        assert total == row["received"], counters | where | {"went home": home - told}

    async def _taken(self) -> dict[str, str]:
        """transfer -> the sale that took it, '' if none will; in Redis."""
        found: dict[str, str] = {}
        for shop in self.shops.values():
            stored = await shop.redis.hgetall(shop.key("transfers"))
            found |= {name.decode(): sale.decode() for name, sale in stored_hash(stored).items()}
        return found

    async def _sales_of(self, sku: str) -> dict[str, list[str]]:
        """room -> its sales of a sku."""
        found = {}
        for shop in self.shops.values():
            stored = await shop.redis.hgetall(shop.key("sales"))
            found[shop.id] = [
                name.decode()
                for name, raw in stored_hash(stored).items()
                if msgspec.msgpack.decode(raw)["sku"] == self.product(sku)
            ]
        return found

    async def _home_told(self, connection: AsyncConnection, sku: str) -> int:
        mine = MOVES.c.merchant == self.merchant, MOVES.c.sku == sku
        rows = (await connection.execute(select(MOVES.c.home).where(*mine))).all()
        return sum(row.home for row in rows)

    async def must_agree(self) -> None:
        """Once all is settled and archived, the audit of all rooms and units finds nothing."""
        await self.copy()
        await self.settle()
        for room in self.rooms.values():
            assert await self.transfers.open_to(room) == 0
        assert await self.differences() == []

    async def differences(self) -> list[str]:
        """What the audit of units finds, over all and in each room."""
        found = [each async for each in AllUnits(self.store, self.records).differences()]
        async with self.records.reading() as connection:
            for head in [RoomHead(*row) for row in await connection.execute(select(ROOMS))]:
                chunks = archived_entries(connection, head.life, "ledger")
                entries = [entry async for chunk in chunks for entry in chunk]
                found += await audit_units(connection, head, entries)
        return found

    async def lose(self, shop: Shop, work: Callable[[], Awaitable[object]]) -> None:
        """Do something in a room that the archive copies and Redis then loses, as by a failover."""
        keys = [shop.key(name) for name in HOUSE.room_keys]
        before = {key: await self.store.redis.dump(key) for key in keys}
        await work()
        await self.copy()
        for key, dumped in before.items():
            await self.store.redis.delete(key)
            if dumped is not None:
                await self.store.redis.restore(key, 0, dumped)
        await self.copy()
