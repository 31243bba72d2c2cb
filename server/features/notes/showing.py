"""Notes as they are now: prices of their goods, and the rooms that an author has live or coming.

What an author has is read once for all who open notes of theirs within `KEPT_S`.
"""

import time
from collections.abc import Collection, Sequence
from typing import NamedTuple

from cachetools import TTLCache
from msgspec import msgpack
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.asks.showing import Showing, Showings
from server.features.circles.hosts import Hosts, RoomSummary
from server.features.merchants.tables import GOODS, VARIANTS
from server.features.notes.bodies import Link, NoteGoods, NoteRoom
from server.features.search.tables import DOCUMENTS, ROOMS
from server.features.shelf.messages import Product
from server.protocol.codes import CommandError
from server.records.database import Database
from server.store.reading import asked
from server.store.room_store import RoomStore

KEPT_S = 2.0
KEPT_MAX = 5000
ENDED_MAX = 10
"""Streams that are over whose shelves are looked at, the newest."""
_PRODUCT = msgpack.Decoder(Product)


class OwnRoom(NamedTuple):
    """A room of an author that everybody may find."""

    phase: str
    summary: RoomSummary


class OwnRooms(NamedTuple):
    """An author as a host: their rooms, what is live first, then what comes soonest."""

    name: str
    rooms: Sequence[OwnRoom]


class _Spot(NamedTuple):
    """A place on a shelf: the room, and the product as it stands there."""

    room: OwnRoom
    product: Product


class NotesNow:
    """Reads what notes show besides their words. Methods raise CommandError, RecordsAway."""

    def __init__(
        self, store: RoomStore, records: Database, hosts: Hosts, showings: Showings
    ) -> None:
        self._store = store
        self._records = records
        self._hosts = hosts
        self._showings = showings
        self._rooms: TTLCache[str, OwnRooms] = TTLCache(KEPT_MAX, KEPT_S, time.monotonic)
        self._goods: TTLCache[tuple[str, str], NoteGoods] = TTLCache(
            KEPT_MAX, KEPT_S, time.monotonic
        )

    async def goods(self, links: Sequence[Link]) -> list[NoteGoods]:
        """The goods that are linked, with the price now."""
        found: dict[Link, NoteGoods] = {}
        for each in links:
            if (kept := self._goods.get((each.host, each.sku))) is not None:
                found[each] = kept
        for host in {each.host for each in links if each not in found}:
            skus = [each.sku for each in links if each.host == host and each not in found]
            for goods in await self._read_goods(host, skus):
                self._goods[host, goods.sku] = found[Link(host, goods.sku)] = goods
        return [found[each] for each in links]

    async def rooms(self, author: str, linked: Sequence[str]) -> list[NoteRoom]:
        """The rooms that a note links, and beside them where its author is live, or will be next.

        Those that not everybody may find, or that were called off, are left out.
        """
        own = await self._own_rooms(author)
        shown = [each for each in own.rooms if each.summary.room in linked]
        if not any(each.phase == "live" for each in shown):
            shown += [each for each in own.rooms if each.phase == "live"][:1]
        if not any(each.phase == "scheduled" for each in shown):
            shown += [each for each in own.rooms if each.phase == "scheduled"][:1]
        return [_room(each, author, own.name, linked) for each in shown]

    async def _own_rooms(self, host: str) -> OwnRooms:
        if (kept := self._rooms.get(host)) is not None:
            return kept
        try:
            view = await self._hosts.view(host)
        except CommandError as refused:
            if refused.code != "not_found":
                raise
            own = OwnRooms(host, [])  # who never hosted may write, too
        else:
            coming = sorted(view.rooms.scheduled, key=lambda room: room.scheduled or 2**53)
            rooms = [
                *(OwnRoom("live", room) for room in view.rooms.live),
                *(OwnRoom("scheduled", room) for room in coming if not room.cancelled),
                *(OwnRoom("ended", room) for room in view.rooms.ended if not room.cancelled),
            ]
            own = OwnRooms(view.name, rooms)
        self._rooms[host] = own
        return own

    async def _read_goods(self, host: str, skus: Sequence[str]) -> list[NoteGoods]:
        own = await self._own_rooms(host)
        ended = [each for each in own.rooms if each.phase == "ended"][:ENDED_MAX]
        looked_at = [*(each for each in own.rooms if each.phase != "ended"), *ended]
        spots = await self._spots(looked_at, skus)
        showings = {room: await self._showing(room) for room in _rooms_of(spots.values())}
        found = [
            _goods_on_sale(host, spots[sku], showings[spots[sku].room.summary.room])
            for sku in skus
            if sku in spots
        ]
        missing = [sku for sku in skus if sku not in spots]
        if missing:
            async with self._records.reading() as connection:
                found += [await _goods_recorded(connection, host, sku) for sku in missing]
        return found

    async def _spots(self, rooms: Sequence[OwnRoom], skus: Sequence[str]) -> dict[str, _Spot]:
        """Return where each sku stands: in the first room that has it."""
        if not rooms:
            return {}
        pipeline = self._store.redis.pipeline(transaction=False)
        for each in rooms:
            pipeline.hmget(self._store.keys.room(each.summary.room, "shelf"), skus)
        spots: dict[str, _Spot] = {}
        for room, found in zip(rooms, await asked(pipeline.execute()), strict=True):
            for sku, packed in zip(skus, found, strict=True):
                if packed is not None and sku not in spots:
                    spots[sku] = _Spot(room, _PRODUCT.decode(packed))
        return spots

    async def _showing(self, room: str) -> Showing | None:
        try:
            return await self._showings.showing_in(room)
        except CommandError:
            return None  # its shard is away: the shelf's price is the best that is known


def _rooms_of(spots: Collection[_Spot]) -> set[str]:
    return {spot.room.summary.room for spot in spots}


def _goods_on_sale(host: str, spot: _Spot, showing: Showing | None) -> NoteGoods:
    """Goods at the price of their open sale, else at that of the shelf; of a stream that is over
    and sells no more, without one."""
    product, phase = spot.product, spot.room.phase
    sale = None if showing is None else showing.open_sale_of(product.sku)
    price = sale.price if sale is not None else product.price if phase != "ended" else None
    return NoteGoods(
        host, product.sku, product.title, price, product.currency, product.image or "",
        spot.room.summary.room, phase,
    )  # fmt: skip


async def _goods_recorded(connection: AsyncConnection, host: str, sku: str) -> NoteGoods:
    """Goods on no shelf now: as they were last, or as their merchant has them."""
    shown = (
        select(DOCUMENTS.c.title, DOCUMENTS.c.image, ROOMS.c.room, ROOMS.c.shown)
        .join(ROOMS, ROOMS.c.life == DOCUMENTS.c.life)
        .where(DOCUMENTS.c.kind == "goods", DOCUMENTS.c.ref == sku, ROOMS.c.host == host)
        .order_by(ROOMS.c.life.desc())
        .limit(1)
    )
    row = (await connection.execute(shown)).first()
    if row is not None:
        room, phase = (row.room, "ended") if row.shown else ("", "")
        return NoteGoods(host, sku, row.title, image=row.image, room=room, phase=phase)
    merchant, is_of_merchant, variant = sku.partition(":")
    if not is_of_merchant:
        merchant, variant = host, sku
    of_merchant = (
        select(GOODS.c.title)
        .join(
            VARIANTS,
            (VARIANTS.c.merchant == GOODS.c.merchant) & (VARIANTS.c.goods == GOODS.c.goods),
        )
        .where(VARIANTS.c.merchant == merchant, VARIANTS.c.sku == variant)
    )
    title = await connection.scalar(of_merchant.limit(1))
    return NoteGoods(host, sku, title or sku)


def _room(own: OwnRoom, host: str, name: str, linked: Collection[str]) -> NoteRoom:
    room = own.summary
    return NoteRoom(
        room=room.room,
        title=room.title,
        phase=own.phase,
        host=host,
        host_name=name,
        starts_at=room.scheduled,
        cover=room.cover,
        reserved=room.reserved,
        online=room.online,
        linked=room.room in linked,
    )
