"""A host's goods over all streams: the products' figures of each, added up.

Each stream is folded once from the records and kept there; it is folded again when the archive has
got further, a live one only every `LIVE_S`.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection, Sequence
from weakref import WeakValueDictionary

from msgspec import MsgspecError, Struct, msgpack
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.archive.tables import ROOMS
from server.features.figures.archived_fold import ArchivedRoom, as_of_each, fold_archived
from server.features.figures.reckoning.fold import Fold
from server.features.figures.reckoning.models import Amounts, Context
from server.features.figures.reckoning.sums import add, share
from server.features.figures.tables import STREAM_GOODS
from server.protocol.currencies import decimal_text
from server.records.database import Database
from server.records.projection import Entry, RoomHead, empty_tables
from server.records.upsert import insert_into
from server.rooms.fact_book import FactBook
from server.rooms.left_out import LeftOut
from server.web.csv_rows import rows as csv_rows
from server.web.csv_rows import text

FORMAT = 2
"""Rises when a number's definition changes: what is kept under another one is made anew."""
LIVE_S = 30
"""How old the goods of a live stream may be."""
FOLDING_S_MAX = 3.0
"""How long one request may fold; streams that are left are told, and folded by the next one."""


class StreamGoods(Struct, frozen=True, kw_only=True):
    """One product in one stream; docs/metrics.md, "products", defines each number."""

    sku: str
    title: str
    asks: int
    askers: int
    converted: int
    questions: int
    units: int
    gmv: Amounts
    units_returned: int
    gmv_returned: Amounts
    replaces: str = ""


class GoodsRow(Struct, kw_only=True):
    """One product over all streams: sums of the streams' numbers, and shares of those sums.

    `streams` is in how many it was asked for, pinned or sold; `room` and `started` (Unix ms) are of
    the last of them, as is `replaces`, the sku of the earlier version; "": none.
    """

    sku: str
    title: str
    room: str
    started: int
    streams: int = 0
    asks: int = 0
    askers: int = 0
    asker_conversion: float | None = None
    questions: int = 0
    units: int = 0
    gmv: Amounts = {}
    units_returned: int = 0
    gmv_returned: Amounts = {}
    return_rate: float | None = None
    replaces: str = ""


class GoodsView(Struct, kw_only=True):
    """A host's goods, the most sold first, of so many streams. Of `missing` streams the newest
    numbers are not in yet: ask again. Of `unread` ones the entries can't be read. `next` is the
    `cursor` of the page after; without `cursor` and `limit` all goods are there."""

    goods: list[GoodsRow]
    streams: int
    missing: int
    unread: int
    next: str | None = None


_KEPT = msgpack.Decoder(list[StreamGoods])
_CSV_COLUMNS = (
    "sku", "title", "streams", "asks", "askers", "asker_conversion", "questions", "units",
    "units_returned", "return_rate", "currency", "gmv", "gmv_decimal", "gmv_returned",
    "gmv_returned_decimal",
)  # fmt: skip


class Goods:
    """Reads hosts' goods from the records. Methods may raise RecordsAway."""

    def __init__(self, records: Database, book: FactBook) -> None:
        self._records = records
        self._book = book
        self._left_out = LeftOut("its host's goods")
        self._folding: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of_host(self, host: str) -> GoodsView:
        """The goods of a host's streams that have started; practice is none."""
        async with self._folding.setdefault(host, asyncio.Lock()):
            return await self._of_host(host)

    async def _of_host(self, host: str) -> GoodsView:
        async with self._records.reading() as connection:
            rooms = await _streams_of(connection, host)
            kept = await _kept_of(connection, rooms)
        until = time.monotonic() + FOLDING_S_MAX
        found: list[tuple[ArchivedRoom, list[StreamGoods]]] = []
        missing = unread = 0
        for room in rooms:
            goods, is_fresh = kept.get(room.life, (None, False))
            if not is_fresh:
                if time.monotonic() < until:
                    goods = await self._fold(room)
                    unread += goods is None
                else:
                    missing += 1
            if goods is not None:
                found.append((room, goods))
        return GoodsView(goods=_added_up(found), streams=len(found), missing=missing, unread=unread)

    async def _fold(self, room: ArchivedRoom) -> list[StreamGoods] | None:
        """Fold a stream and keep the result; None if that is not possible."""
        try:
            async with self._records.reading() as connection:
                as_of = await as_of_each(connection, [room.life])
                fold = await fold_archived(connection, room, self._book)
        except (KeyError, TypeError, ValueError, AttributeError) as error:  # damaged entries
            self._left_out.say(room.room, error)
            return None
        loop = asyncio.get_running_loop()
        goods = await loop.run_in_executor(None, _goods_of, fold)
        async with self._records.writing() as connection:
            await _keep(connection, room.life, as_of.get(room.life, ""), goods)
        return goods

    async def csv(self, host: str) -> AsyncIterator[str]:
        """All goods, a row a currency."""
        yield csv_rows([_CSV_COLUMNS])
        view = await self.of_host(host)
        while view.missing:
            view = await self.of_host(host)
        yield csv_rows(row for each in view.goods for row in _csv_rows(each))


class KeptGoods:
    """Empties the table of goods with the archive: what is kept of a room goes when the room is
    deleted, or its entries change. A projection that folds nothing."""

    name = "stream_goods"
    version = FORMAT
    streams: Collection[str] = ()

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Do nothing; no stream is handed to it."""

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Empty the table, or what it holds of one room."""
        await empty_tables(connection, [STREAM_GOODS], life)


async def _streams_of(connection: AsyncConnection, host: str) -> list[ArchivedRoom]:
    """The started streams of a host, the oldest first."""
    asked = (
        select(ROOMS)
        .where(ROOMS.c.host == host, ROOMS.c.kind != "group", ROOMS.c.started > 0)
        .where(ROOMS.c.practice.is_(False))
        .order_by(ROOMS.c.started, ROOMS.c.life)
    )
    rows = (await connection.execute(asked)).all()
    as_of = await as_of_each(connection, [row.life for row in rows])
    return [
        ArchivedRoom(r.life, r.room, r.host, r.phase, r.started, as_of.get(r.life, ""))
        for r in rows
    ]


async def _kept_of(
    connection: AsyncConnection, rooms: Sequence[ArchivedRoom]
) -> dict[int, tuple[list[StreamGoods] | None, bool]]:
    """life -> what is kept of a stream, and whether it is fresh enough."""
    by_life = {room.life: room for room in rooms}
    asked = select(STREAM_GOODS).where(STREAM_GOODS.c.life.in_(by_life))
    found: dict[int, tuple[list[StreamGoods] | None, bool]] = {}
    for row in await connection.execute(asked.where(STREAM_GOODS.c.format == FORMAT)):
        room = by_life[row.life]
        is_young = room.phase == "live" and unix_ms() - row.at < LIVE_S * 1000
        try:
            goods = _KEPT.decode(row.body)
        except MsgspecError:
            continue
        found[row.life] = goods, row.as_of == room.as_of or is_young
    return found


async def _keep(
    connection: AsyncConnection, life: int, as_of: str, goods: list[StreamGoods]
) -> None:
    values = {
        "format": FORMAT, "as_of": as_of, "at": unix_ms(), "body": msgpack.encode(goods)
    }  # fmt: skip
    put = insert_into(connection, STREAM_GOODS).values(life=life, **values)
    await connection.execute(put.on_conflict_do_update(index_elements=["life"], set_=values))


def _goods_of(fold: Fold) -> list[StreamGoods]:
    """The products of a stream's figures. The time matters to no number that is taken here."""
    questions = Counter(each.sku for each in fold.asks.questions())
    products = fold.figures(fold.ended_ms or fold.started_ms or 0, Context()).products
    return [
        StreamGoods(
            sku=row.sku, title=row.title, asks=row.asks, askers=row.askers,
            converted=round((row.asker_conversion or 0) * row.askers),
            questions=questions[row.sku], units=row.units, gmv=row.gmv,
            units_returned=row.units_returned, gmv_returned=row.gmv_returned,
            replaces=fold.shelf.replaces.get(row.sku, ""),
        )
        for row in products
    ]  # fmt: skip


def _added_up(streams: Sequence[tuple[ArchivedRoom, list[StreamGoods]]]) -> list[GoodsRow]:
    rows: dict[str, GoodsRow] = {}
    converted: Counter[str] = Counter()
    for room, goods in streams:
        for one in goods:
            row = rows.setdefault(
                one.sku,
                GoodsRow(sku=one.sku, title="", room="", started=0, gmv={}, gmv_returned={}),
            )
            row.title, row.room, row.started = one.title, room.room, room.started
            row.replaces = one.replaces
            row.streams += 1
            row.asks += one.asks
            row.askers += one.askers
            converted[one.sku] += one.converted
            row.questions += one.questions
            row.units += one.units
            row.units_returned += one.units_returned
            for currency, amount in one.gmv.items():
                add(row.gmv, currency, amount)
            for currency, amount in one.gmv_returned.items():
                add(row.gmv_returned, currency, amount)
    for row in rows.values():
        row.asker_conversion = share(converted[row.sku], row.askers)
        row.return_rate = share(row.units_returned, row.units)
    return sorted(rows.values(), key=lambda row: (-row.units, -row.asks, row.sku))


def _csv_rows(each: GoodsRow) -> list[tuple[object, ...]]:
    head = (
        text(each.sku), text(each.title), each.streams, each.asks, each.askers,
        each.asker_conversion, each.questions, each.units, each.units_returned, each.return_rate,
    )  # fmt: skip
    if not each.gmv:
        return [(*head, "", 0, "", 0, "")]
    return [
        (
            *head, currency, amount, decimal_text(amount, currency),
            each.gmv_returned.get(currency, 0),
            decimal_text(each.gmv_returned.get(currency, 0), currency),
        )
        for currency, amount in each.gmv.items()
    ]  # fmt: skip
