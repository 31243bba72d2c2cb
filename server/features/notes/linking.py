"""Checks what a note links: goods that its author sells, and the author's own rooms."""

from collections.abc import Collection, Iterable

from msgspec import json
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.merchants.tables import MEMBERS, VARIANTS
from server.features.notes.bodies import Link
from server.features.offers.tables import PICKS
from server.features.search.tables import DOCUMENTS, ROOMS
from server.protocol.codes import CommandError
from server.records.database import Database
from server.rooms.directory import Directory
from server.store.reading import asked
from server.store.room_store import RoomStore

SHELVES_MAX = 50
"""Rooms of an author whose shelves are looked at, the newest; older ones are in the records."""

LINKS = json.Decoder(list[Link])


class Linking:
    """Says whether an author may link something. Methods raise CommandError, RecordsAway."""

    def __init__(self, store: RoomStore, records: Database, directory: Directory) -> None:
        self._store = store
        self._records = records
        self._directory = directory

    async def must_be_own_goods(self, author: str, goods: Collection[Link]) -> None:
        """Refuse goods that the author neither sells, nor owns, nor picked."""
        for each in goods:
            if each.host != author:
                raise CommandError(
                    "forbidden",
                    f"`{each.sku}` is sold by `{each.host}`: a note links goods of its author. "
                    "Pick the offer of these goods, then link them as yours.",
                )
        left = {each.sku for each in goods}
        if left:
            left -= await self._on_shelves(author, left)
        if left:
            async with self._records.reading() as connection:
                left -= await _in_records(connection, author, left)
                left -= await _of_merchants(connection, author, left)
        if left:
            raise CommandError(
                "forbidden",
                f"`{min(left)}` was on no shelf of yours, and you have no pick of it: put it on a "
                "shelf or pick its offer, then link it.",
            )

    async def must_be_own_rooms(self, author: str, rooms: Iterable[str]) -> None:
        """Refuse rooms of others."""
        for room in rooms:
            if await self._directory.host_of(room) != author:
                raise CommandError(
                    "forbidden", f"The room `{room}` is another host's; a note links own rooms."
                )

    async def _on_shelves(self, author: str, skus: Collection[str]) -> set[str]:
        """Those of the skus that stand on a shelf of the author's newest rooms."""
        rooms = await self._directory.rooms_of(author, SHELVES_MAX)
        names, keys = sorted(skus), self._store.keys
        pipeline = self._store.redis.pipeline(transaction=False)
        for room in rooms:
            pipeline.hget(keys.room(room, "room"), "host")
            pipeline.hmget(keys.room(room, "shelf"), names)
        answers = await asked(pipeline.execute()) if rooms else []
        own = [
            found
            for host, found in zip(answers[::2], answers[1::2], strict=True)
            if host is not None and host.decode() == author
        ]
        return {sku for found in own for sku, packed in zip(names, found, strict=True) if packed}


async def _in_records(connection: AsyncConnection, author: str, skus: Collection[str]) -> set[str]:
    """Those that were on a shelf of a room that left Redis."""
    asked_for = (
        select(DOCUMENTS.c.ref)
        .join(ROOMS, ROOMS.c.life == DOCUMENTS.c.life)
        .where(DOCUMENTS.c.kind == "goods", DOCUMENTS.c.ref.in_(skus), ROOMS.c.host == author)
    )
    return set((await connection.scalars(asked_for.distinct())).all())


async def _of_merchants(
    connection: AsyncConnection, author: str, skus: Collection[str]
) -> set[str]:
    """Those that are variants of goods that the author picked, or of a merchant they act for."""
    found = set()
    for sku in skus:
        merchant, is_of_merchant, variant = sku.partition(":")
        if not is_of_merchant:
            merchant, variant = author, sku
        asked_for = select(VARIANTS.c.sku).where(
            VARIANTS.c.merchant == merchant, VARIANTS.c.sku == variant
        )
        is_member = select(MEMBERS.c.user).where(
            MEMBERS.c.merchant == merchant, MEMBERS.c.user == author
        )
        has_pick = select(PICKS.c.pick).where(
            PICKS.c.host == author, PICKS.c.merchant == merchant, PICKS.c.dropped == 0,
            PICKS.c.goods == VARIANTS.c.goods,
        )  # fmt: skip
        if merchant != author:
            asked_for = asked_for.where(or_(is_member.exists(), has_pick.exists()))
        if await connection.scalar(asked_for.limit(1)) is not None:
            found.add(sku)
    return found
