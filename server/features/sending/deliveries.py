"""Keeps where orders go: an address frozen when the order was paid, or the shop's own reference."""

from collections.abc import Collection, Sequence
from typing import Any

from msgspec import Struct, msgpack, structs
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.background.troubles import Troubles
from server.features.me.addresses import Address, AddressBody, address_in, checked
from server.features.orders.messages import Order
from server.features.payments.messages import Deliver, Pay
from server.features.sending.tables import DELIVERIES
from server.protocol.codes import CommandError
from server.protocol.fields import Id
from server.protocol.input import Input
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.upsert import insert_into
from server.rooms.call import Call
from server.store.commit import GroupCommit
from server.telemetry.metrics import Metrics

BATCH_MAX = 200
WAITING_MAX = 20_000
RETRY_MS = 1000
_AWAY = "Where orders go can't be written now; nothing was changed."
_ADDRESS = msgpack.Decoder(Address)


class DeliveryBody(Input, frozen=True):
    """Where an order goes: an `address` of the own book, one that is `written` here, or the shop's
    reference `deliver`. None of them: where the token says."""

    address: Id | None = None
    written: AddressBody | None = None
    deliver: Deliver | None = None


class Delivery(Struct, frozen=True, omit_defaults=True):
    """Where an order goes: to an `address`, or where the shop's reference `deliver` says. Frozen at
    `at` (Unix ms)."""

    room: str
    order: str
    at: int
    address: Address | None = None
    deliver: str = ""


class _Wish(Struct):
    """An order, and the place where somebody wants it to go."""

    order: Order
    address: str | None = None
    written: Address | None = None
    deliver: str = ""
    paid: bool = False


class Deliveries:
    """Keeps and reads where orders go. What many buyers say at once is written together.

    Reading may raise RecordsAway."""

    def __init__(self, records: Database, metrics: Metrics | None = None) -> None:
        self._records = records
        self._troubles = Troubles("references of deliveries")
        self._commit: GroupCommit[_Wish, Delivery | CommandError] = GroupCommit(
            "sending.freeze", self._write, metrics, batch_max=BATCH_MAX, waiting_max=WAITING_MAX
        )

    async def aclose(self) -> None:
        """Wait until all that was handed in is written."""
        await self._commit.aclose()

    async def freeze(self, call: Call, cmd: Pay, order: Order) -> None:
        """Keep where an order goes before it is charged. Raises CommandError: then nothing is.

        Records that are away stop only a buyer who named something: whose token says it pays, and
        is asked later.
        """
        if cmd.address is not None and cmd.deliver is not None:
            raise CommandError("bad_message", "Send `address` or `deliver`, not both.")
        named = cmd.address is not None or cmd.deliver is not None
        deliver = cmd.deliver or ("" if cmd.address is not None else call.who.deliver)
        if order.practice or not (named or deliver):
            return
        try:
            await self._submit(_Wish(order, cmd.address, deliver=deliver))
        except CommandError as error:
            if error.code != "unavailable":
                raise
            if not named:
                self._troubles.failed(error, call.room_id)
                return
            raise CommandError(
                "unavailable",
                "Your address can't be kept at the moment, so nothing was charged. Pay again soon; "
                "or pay without an address, and add it later.",
                RETRY_MS,
            ) from None

    async def put(self, order: Order, body: DeliveryBody, deliver: str) -> Delivery:
        """Keep where a paid order goes, once. Raises CommandError."""
        if sum(each is not None for each in (body.address, body.written, body.deliver)) > 1:
            raise CommandError("bad_message", "Send one of `address`, `written` and `deliver`.")
        reference = body.deliver or ""
        if body.address is None and body.written is None:
            reference = reference or deliver
            if not reference:
                raise CommandError("bad_message", "Say where the order goes, with `address`.")
        written = None if body.written is None else checked("", body.written)
        return await self._submit(_Wish(order, body.address, written, reference, paid=True))

    async def of_orders(self, orders: Collection[str]) -> dict[tuple[str, str], Delivery]:
        """(room, order) -> where it goes, of those that are known."""
        asked = select(DELIVERIES).where(DELIVERIES.c.order.in_(orders))
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return {(row.room, row.order): delivery_of(row) for row in rows}

    async def of_user(self, user: str, orders: Collection[str]) -> list[Delivery]:
        """Return where some orders of a user go."""
        which = DELIVERIES.c.user == user, DELIVERIES.c.order.in_(orders)
        async with self._records.reading() as connection:
            rows = (await connection.execute(select(DELIVERIES).where(*which))).all()
        return [delivery_of(row) for row in rows]

    async def _submit(self, wish: _Wish) -> Delivery:
        kept = await self._commit.submit("", wish)
        if isinstance(kept, CommandError):
            raise kept
        return kept

    async def _write(self, _: str, wishes: Sequence[_Wish]) -> list[Delivery | CommandError]:
        try:
            async with self._records.writing() as connection:
                return [await _kept(connection, wish) for wish in wishes]
        except RecordsAway as away:
            raise CommandError("unavailable", _AWAY, RETRY_MS) from away


class OldDeliveries:
    """Where orders went a long time ago. Methods raise RecordsAway."""

    def __init__(self, records: Database) -> None:
        self._records = records

    async def count(self, before: int) -> int:
        """Return how many were frozen before a time (ms)."""
        asked = select(func.count()).select_from(DELIVERIES).where(DELIVERIES.c.at < before)
        async with self._records.reading() as connection:
            return int(await connection.scalar(asked) or 0)

    async def remove(self, before: int, most: int) -> int:
        """Remove some of them; return how many."""
        some = select(DELIVERIES.c.order).where(DELIVERIES.c.at < before).limit(most)
        async with self._records.writing() as connection:
            orders = (await connection.scalars(some)).all()
            gone = delete(DELIVERIES).where(
                DELIVERIES.c.order.in_(orders), DELIVERIES.c.at < before
            )
            return int((await connection.execute(gone)).rowcount)


async def forget_deliveries(connection: AsyncConnection, user: str) -> None:
    """Remove where a user's orders went."""
    await connection.execute(delete(DELIVERIES).where(DELIVERIES.c.user == user))


async def delete_deliveries(connection: AsyncConnection, room: str) -> None:
    """Remove where the orders of a room went."""
    await connection.execute(delete(DELIVERIES).where(DELIVERIES.c.room == room))


def is_same_place(one: Delivery, other: Delivery) -> bool:
    """Whether two orders go to the same place, under whatever id it stands in the book."""
    places = []
    for each in (one, other):
        at = each.address and structs.replace(each.address, address="")
        places.append((at, each.deliver))
    return places[0] == places[1]


def delivery_of(row: Any) -> Delivery:
    """Return the delivery that a row tells."""
    address = _ADDRESS.decode(row.address) if row.address else None
    return Delivery(row.room, row.order, row.at, address, row.deliver)


async def _kept(connection: AsyncConnection, wish: _Wish) -> Delivery | CommandError:
    """Keep one wish. An unpaid order's may be changed; that of a paid one is there to stay."""
    order, address = wish.order, wish.written
    if wish.address is not None:
        address = await address_in(connection, order.user, wish.address)
        if address is None:
            return CommandError(
                "not_found",
                f"You have no address `{wish.address}` in your book; write it there first.",
            )
    values = {
        "room": order.room, "order": order.order, "user": order.user, "at": unix_ms(),
        "address": msgpack.encode(address) if address else b"", "deliver": wish.deliver,
    }  # fmt: skip
    put = insert_into(connection, DELIVERIES).values(values)
    if wish.paid:
        await connection.execute(put.on_conflict_do_nothing())
    else:
        new = {name: put.excluded[name] for name in ("user", "at", "address", "deliver")}
        await connection.execute(
            put.on_conflict_do_update(index_elements=["room", "order"], set_=new)
        )
    which = DELIVERIES.c.room == order.room, DELIVERIES.c.order == order.order
    row = (await connection.execute(select(DELIVERIES).where(*which))).one()
    if (bytes(row.address), row.deliver) != (values["address"], wish.deliver):
        return CommandError(
            "conflict",
            "It is fixed already where this order goes. Ask who sends it, if that is wrong.",
        )
    return delivery_of(row)
