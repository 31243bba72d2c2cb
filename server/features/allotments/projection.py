"""Moves a merchant's units with what the archived ledgers tell: sold, returned, gone home."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from msgspec import Raw, Struct, msgpack
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.features.allotments.counters import change_units
from server.features.allotments.tables import MOVES, TRANSFERS
from server.features.archive.tables import ROOMS
from server.records.projection import UNREADABLE, Entry, RoomHead
from server.records.upsert import insert_into

_KEPT = ("sold", "returned", "home")
_SOLD_FROM = ("held", "expired")


class _Units(Struct):
    sale: str = ""
    qty: int = 0


class _Order(Struct):
    status: str = ""
    lines: list[_Units] = []


class Line(Struct):
    """The fields of a ledger line that move units."""

    k: str
    sale: str = ""
    sku: str = ""
    add: int = 0
    home: int = 0
    merchant: str = ""
    transfer: str = ""
    moved: str = ""
    was: str | None = None
    restock: bool = False
    taken: list[_Units] = []
    order: Raw = Raw()


class Moved(Struct):
    """What became of a merchant's units in one sale; see the table `unit_moves`."""

    merchant: str
    sku: str
    given: int = 0
    sold: int = 0
    returned: int = 0
    home: int = 0


_LINES = msgpack.Decoder(list[Line])
_ORDER = msgpack.Decoder(_Order)


class UnitFold:
    """Adds up what the lines of a ledger do with merchants' units. Pure.

    `sales` is what is known of the room's sales so far; `transfers` are those that sales took.
    """

    def __init__(self, sales: dict[str, Moved] | None = None) -> None:
        self.sales = {} if sales is None else sales
        self.transfers: list[str] = []

    def add_entry(self, entry: Entry) -> None:
        """Add an entry; one that can't be read is left out, and the audit says so."""
        try:
            for line in _LINES.decode(entry.body):
                if line.k == "sale":
                    self._sale(line)
                elif line.k == "order" and self.sales:
                    self._order(line, _ORDER.decode(line.order))
        except UNREADABLE:
            pass

    def _sale(self, line: Line) -> None:
        if line.moved:
            self._between(line)
        elif line.transfer:
            self.transfers.append(line.transfer)
            # A merchant who was forgotten has another id than the sku on the shelf begins with.
            sku = line.sku.partition(":")[2] or line.sku
            self.sales.setdefault(line.sale, Moved(line.merchant, sku)).given += line.add
        elif line.home and (moved := self.sales.get(line.sale)):
            moved.home += line.home

    def _between(self, line: Line) -> None:
        """Units went from one sale of a product to another: each has a line of it."""
        other = self.sales.get(line.moved)
        if line.sale not in self.sales and other is not None:
            self.sales[line.sale] = Moved(other.merchant, other.sku)
        if moved := self.sales.get(line.sale):
            moved.given += line.add

    def _order(self, line: Line, order: _Order) -> None:
        if order.status == "paid" and line.was in _SOLD_FROM:
            for each in order.lines:
                if moved := self.sales.get(each.sale):
                    moved.sold += each.qty
        for back in line.taken:
            if moved := self.sales.get(back.sale):
                moved.sold -= back.qty
                moved.returned += 0 if line.restock else back.qty


class UnitProjection:
    """A row a sale of a merchant's units. Its numbers move the counters of the variant, and mark
    the transfers that the ledger says were taken.

    A projection is folded again when its version changes, when Redis lost what was archived, and
    when people are forgotten. The counters are not its own: they are what merchants and grants made
    of them, moved by the sum of its rows. So a row that is cleared is moved back first.
    """

    name = "units"
    version = 1
    streams: Collection[str] = ("ledger",)

    async def add(
        self, connection: AsyncConnection, room: RoomHead, stream: str, entries: Sequence[Entry]
    ) -> None:
        """Fold the next entries of a room's ledger."""
        assert stream in self.streams
        before = {} if room.practice else await _moves_of(connection, room.life)
        if not before and not any(b"transfer" in entry.body for entry in entries):
            return
        fold = UnitFold({sale: _copy(moved) for sale, moved in before.items()})
        for entry in entries:
            fold.add_entry(entry)
        await _mark(connection, room.life, fold.transfers)
        for sale, moved in sorted(fold.sales.items(), key=_by_variant):
            if moved != before.get(sale):
                await _put(connection, room.life, sale, moved)
                await _move(connection, moved, before.get(sale))

    async def clear(self, connection: AsyncConnection, life: int | None = None) -> None:
        """Move the units of one room, or of all that were not deleted, back to before its fold."""
        which = (MOVES.c.life > 0) if life is None else (MOVES.c.life == life)
        rows = (await connection.execute(select(MOVES).where(which))).mappings().all()
        for row in sorted(rows, key=lambda row: (row["merchant"], row["sku"])):
            moved = _moved(row)
            await _move(connection, Moved(moved.merchant, moved.sku), moved)
        await connection.execute(delete(MOVES).where(which))
        taken = (TRANSFERS.c.life > 0) if life is None else (TRANSFERS.c.life == life)
        await connection.execute(update(TRANSFERS).where(taken).values(state="sent", life=0))


async def keep_moves(connection: AsyncConnection, room: str) -> None:
    """A room is deleted: what its sales did with units stays done, and no fold moves it back."""
    lives = select(ROOMS.c.life).where(ROOMS.c.room == room)
    for life in (await connection.scalars(lives)).all():
        for table in (MOVES, TRANSFERS):
            await connection.execute(update(table).where(table.c.life == life).values(life=-life))


def _by_variant(item: tuple[str, Moved]) -> tuple[str, str, str]:
    """In this order transactions change counters, so that none waits for one that waits for it."""
    return item[1].merchant, item[1].sku, item[0]


def _copy(moved: Moved) -> Moved:
    return Moved(*(getattr(moved, name) for name in Moved.__struct_fields__))


def _moved(row: Any) -> Moved:
    return Moved(**{name: row[name] for name in Moved.__struct_fields__})


async def _moves_of(connection: AsyncConnection, life: int) -> dict[str, Moved]:
    rows = await connection.execute(select(MOVES).where(MOVES.c.life == life))
    return {row["sale"]: _moved(row) for row in rows.mappings()}


async def _mark(connection: AsyncConnection, life: int, transfers: Iterable[str]) -> None:
    for transfer in transfers:
        which = TRANSFERS.c.transfer == transfer
        await connection.execute(update(TRANSFERS).where(which).values(state="taken", life=life))


async def _put(connection: AsyncConnection, life: int, sale: str, moved: Moved) -> None:
    values = {name: getattr(moved, name) for name in Moved.__struct_fields__}
    put = insert_into(connection, MOVES).values(life=life, sale=sale, **values)
    await connection.execute(
        put.on_conflict_do_update(index_elements=["life", "sale"], set_=values)
    )


async def _move(connection: AsyncConnection, now: Moved, before: Moved | None) -> None:
    """Move the variant's counters by the difference of two states of a sale."""
    by = {name: getattr(now, name) - (getattr(before, name) if before else 0) for name in _KEPT}
    change = {"sold": by["sold"], "returned": by["returned"], "stock": by["home"]}
    change = {name: n for name, n in change.items() if n}
    if change:
        change["allotted"] = -sum(change.values())
        await change_units(connection, (now.merchant, now.sku), change)
