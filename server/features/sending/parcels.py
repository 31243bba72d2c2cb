"""Parcels: units of one buyer's orders, sent by a host or a merchant, and delivered."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, TypeVar

from msgspec import Meta, MsgspecError, Struct, msgpack
from sqlalchemy import select

from server.features.orders.messages import Order
from server.features.purchases.tables import PURCHASES
from server.features.sending.deliveries import Deliveries, is_same_place
from server.features.sending.sender import Sender
from server.features.sending.tables import PARCELS
from server.protocol.codes import CommandError
from server.protocol.fields import Id, Qty, RoomId
from server.protocol.input import Input
from server.protocol.plain_text import plain_text
from server.records.database import Database
from server.rooms.directory import Directory
from server.store.room_store import RoomStore

ORDERS_MAX = 100
"""Orders in one parcel."""
PARCELS_MAX = 20
"""Parcels in which an order can go."""
BATCH_MAX = 50
"""Parcels sent to Redis in one call."""
Carrier = Annotated[str, Meta(min_length=1, max_length=40)]
Tracking = Annotated[str, Meta(max_length=64)]


class UnitsToSend(Input, frozen=True):
    """So many units of a sale."""

    sale: Id
    qty: Qty


class OrderToSend(Input, frozen=True):
    """An order of a parcel; of its `lines` alone if some are named, else all that is left."""

    room: RoomId
    order: Id
    lines: Annotated[list[UnitsToSend], Meta(min_length=1, max_length=20)] | None = None


class ParcelBody(Input, frozen=True):
    """A parcel with its carrier and the number by which that tracks it.

    `instead` names a parcel of these orders that was told wrong; this one takes its place.
    """

    carrier: Carrier
    orders: Annotated[list[OrderToSend], Meta(min_length=1, max_length=ORDERS_MAX)]
    tracking: Tracking = ""
    instead: Id | None = None


class SentOrder(Input, frozen=True):
    """An order."""

    room: RoomId
    order: Id


class DeliveredBody(Input, frozen=True):
    """The orders of the parcel; without them those that the records know of it."""

    orders: Annotated[list[SentOrder], Meta(min_length=1, max_length=ORDERS_MAX)] | None = None


class ParcelOrders(Struct):
    """A parcel, and its orders as they are now."""

    parcel: str
    orders: list[Order]


class _Outcome(Struct):
    """The outcome of one item of a batch: the orders that it changed, or a refusal."""

    orders: list[Order] = []
    err: str = ""
    msg: str = ""


Outcomes = list[list[Order] | CommandError]
Sent = ParcelOrders | CommandError
Wish = dict[str, Any]
"""A parcel as the script takes it."""
OTHER_BUYERS = "The orders are of different buyers; a parcel goes to one."
T = TypeVar("T")
_OUTCOMES = msgpack.Decoder(list[_Outcome])


class Parcels:
    """Sends parcels. Methods raise CommandError, RecordsAway."""

    def __init__(
        self,
        store: RoomStore,
        records: Database,
        directory: Directory,
        deliveries: Deliveries,
        events_max: int,
    ) -> None:
        self._store = store
        self._deliveries = deliveries
        self._records = records
        self._directory = directory
        self._args = {"events_max": events_max, "parcels_max": PARCELS_MAX}

    async def send(self, sender: Sender, body: ParcelBody) -> ParcelOrders:
        """Send orders of one buyer in one parcel: all, or none. The same again is the same as once.

        Each room is changed by itself. What any of them refuses is found before the first is
        changed; should one be changed in between, the same request again completes the parcel.
        """
        [sent] = await self.send_all(sender, [body])
        if isinstance(sent, CommandError):
            raise sent
        return sent

    async def send_all(self, sender: Sender, bodies: Sequence[ParcelBody]) -> list[Sent]:
        """Send parcels; each is sent or refused by itself."""
        parcels = await self._prepared(sender, bodies)
        sent: list[Sent] = list(parcels)  # type: ignore[arg-type]
        of_room: dict[str, list[int]] = {}
        for n, (parcel, body) in enumerate(zip(parcels, bodies, strict=True)):
            if isinstance(parcel, CommandError):
                continue
            rooms = {each.room for each in body.orders}
            try:
                for room in sorted(rooms):
                    await self._must_be_of(sender, room)
                if len(rooms) > 1:
                    sent[n] = await self._send_from_rooms(parcel, body)
                else:
                    of_room.setdefault(rooms.pop(), []).append(n)
            except CommandError as refused:
                sent[n] = refused
        for room, numbers in of_room.items():
            for some in batched(numbers, BATCH_MAX):
                wishes = [parcels[n] | {"orders": _wishes(bodies[n].orders)} for n in some]  # type: ignore[operator]
                outcomes = await self._run("sending.send", room, {"parcels": wishes})
                for wish, n, outcome in zip(wishes, some, outcomes, strict=True):
                    sent[n] = _sent(wish["parcel"], outcome)
        return sent

    async def _send_from_rooms(self, parcel: Wish, body: ParcelBody) -> ParcelOrders:
        by_room: dict[str, list[OrderToSend]] = {}
        for each in body.orders:
            by_room.setdefault(each.room, []).append(each)
        wishes = {room: parcel | {"orders": _wishes(orders)} for room, orders in by_room.items()}
        found: list[Order] = []
        for args in ({"try": True}, {}):
            found = []
            for room, wish in wishes.items():
                [outcome] = await self._run("sending.send", room, {"parcels": [wish], **args})
                found += _sent(parcel["parcel"], outcome, to_raise=True).orders
            if len({order.user for order in found}) > 1:
                raise CommandError("conflict", OTHER_BUYERS)
        return ParcelOrders(parcel["parcel"], found)

    async def _prepared(
        self, sender: Sender, bodies: Sequence[ParcelBody]
    ) -> list[Wish | CommandError]:
        """The parcels as the script takes them, without their orders; or why not. A parcel goes to
        one buyer at one address, also if it was told of before."""
        wishes: list[Wish | CommandError] = []
        for body in bodies:
            try:
                wishes.append(parcel_of(sender, body))
            except CommandError as refused:
                wishes.append(refused)
        goes = await self._deliveries.of_orders({o.order for body in bodies for o in body.orders})
        buyers = await self._buyers_of([w["parcel"] for w in wishes if isinstance(w, dict)])
        for n, (wish, body) in enumerate(zip(wishes, bodies, strict=True)):
            if isinstance(wish, CommandError):
                continue
            found = [goes[each.room, each.order] for each in body.orders
                     if (each.room, each.order) in goes]  # fmt: skip
            if any(not is_same_place(each, found[0]) for each in found):
                wishes[n] = CommandError(
                    "conflict", "The orders go to different addresses; a parcel goes to one."
                )
            wish["user"] = buyers.get(wish["parcel"])
        return wishes

    async def _buyers_of(self, parcels: Sequence[str]) -> dict[str, str]:
        """parcel -> who gets it, of those that the records know."""
        of_order = (PARCELS.c.life == PURCHASES.c.life) & (PARCELS.c.order == PURCHASES.c.order)
        asked = select(PARCELS.c.parcel, PURCHASES.c.user).join_from(PARCELS, PURCHASES, of_order)
        async with self._records.reading() as connection:
            rows = await connection.execute(asked.where(PARCELS.c.parcel.in_(parcels)))
            return {row.parcel: row.user for row in rows}

    async def deliver(
        self, sender: Sender, parcel: str, orders: Sequence[SentOrder] | None
    ) -> ParcelOrders:
        """Note that a parcel was delivered; twice is the same as once."""
        named = orders or await self._orders_of(sender, parcel)
        by_room: dict[str, list[str]] = {}
        for each in named:
            by_room.setdefault(each.room, []).append(each.order)
        found: list[Order] = []
        for room, ids in by_room.items():
            for outcome in await self.deliver_many(sender, room, ids, parcel):
                if isinstance(outcome, CommandError):
                    raise outcome
                found += outcome
        return ParcelOrders(parcel, found)

    async def deliver_many(
        self, sender: Sender, room: str, orders: Sequence[str], parcel: str | None = None
    ) -> Outcomes:
        """Note that what this sender sent of some orders of a room was delivered."""
        await self._must_be_of(sender, room)
        items = [
            {"order": order, "parcel": parcel, "merchant": sender.merchant or None}
            for order in orders
        ]
        outcomes: Outcomes = []
        for some in batched(items, BATCH_MAX):
            outcomes += await self._run("sending.deliver", room, {"delivers": some})
        return outcomes

    async def _orders_of(self, sender: Sender, parcel: str) -> list[SentOrder]:
        asked = select(PARCELS.c.room, PARCELS.c.order).where(
            PARCELS.c.parcel == parcel, sender.owns(PARCELS)
        )
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        if not rows:
            raise CommandError(
                "not_found",
                f"You sent no parcel `{parcel}`; name its orders, if it was a moment ago.",
            )
        return [SentOrder(row.room, row.order) for row in rows]

    async def _must_be_of(self, sender: Sender, room: str) -> None:
        """A host sends what is ordered in own rooms; whose lines these are the script knows."""
        host = await self._directory.host_of(room)
        if sender.host and sender.host != host:
            raise CommandError("not_found", f"There is no room `{room}` of yours.")

    async def _run(self, script: str, room: str, args: dict[str, Any]) -> Outcomes:
        try:
            found = await self._store.run_script(script, room, args | self._args, _OUTCOMES)
        except (MsgspecError, UnicodeDecodeError) as error:
            self._store.note_damaged(room, f"an order that {script} answered with", str(error))
            raise CommandError("internal", "An order can not be read as it is stored.") from error
        return [CommandError(each.err, each.msg) if each.err else each.orders for each in found]


def batched(items: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """Yield the items, some at a time."""
    for first in range(0, len(items), most):
        yield items[first : first + most]


def _sent(parcel: str, outcome: list[Order] | CommandError, *, to_raise: bool = False) -> Any:
    if not isinstance(outcome, CommandError):
        return ParcelOrders(parcel, outcome)
    if to_raise:
        raise outcome
    return outcome


def parcel_of(sender: Sender, body: ParcelBody) -> Wish:
    """Return a parcel as the script takes it, without its orders. The same carrier and number of
    the same sender are the same parcel. Raises CommandError."""
    carrier, tracking = plain_text(body.carrier), plain_text(body.tracking)
    if not carrier:
        raise CommandError("bad_message", "`carrier` is empty.")
    name = [sender.who, carrier.casefold(), tracking.casefold()]
    if not tracking:
        name += sorted(f"{each.room}/{each.order}" for each in body.orders)
    id_ = hashlib.blake2s("\n".join(name).encode(), digest_size=10).hexdigest()
    return {
        "parcel": f"p{id_}", "carrier": carrier, "tracking": tracking, "instead": body.instead,
        "merchant": sender.merchant or None,
    }  # fmt: skip


def _wishes(orders: Iterable[OrderToSend]) -> list[dict[str, Any]]:
    return [
        {"order": each.order}
        | ({"lines": [{"sale": li.sale, "qty": li.qty} for li in each.lines]} if each.lines else {})
        for each in orders
    ]
