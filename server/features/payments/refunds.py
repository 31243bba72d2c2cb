"""Money that is due back: returns, late payments without units, double charges."""

import logging

from msgspec import Struct, msgpack

from server.features.orders.messages import Order, OrderOk
from server.features.orders.settings import OrderSettings
from server.features.payments.messages import OrderReturn
from server.features.payments.providers import Payment, PaymentProvider
from server.features.payments.settings import PaymentSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)
_BATCH_MAX = 50


class PaymentNote(Struct, frozen=True):
    """A payment as the room keeps it; `status` is applied, refund_due or refunded."""

    payment: str
    order: str
    amount: int
    currency: str
    status: str
    at: int
    practice: bool = False
    """Only as `refunds_due` tells it: no money was charged, so none is given back."""


_ORDER = msgpack.Decoder(Order)
_NOTE = msgpack.Decoder(PaymentNote)
_NOTES = msgpack.Decoder(list[PaymentNote])


class Refunds:
    """Takes orders back, and gives back what is due."""

    def __init__(self, store: RoomStore, settings: Settings, provider: PaymentProvider) -> None:
        self._store = store
        self._provider = provider
        self._lease_ms = int(settings.section(PaymentSettings).refund_retry_s * 1000)
        self._args = {
            "events_max": settings.rooms.event_stream_len_max,
            "offer_hold_s": settings.section(OrderSettings).offer_hold_s,
            "orders_per_user_max": settings.section(OrderSettings).orders_per_user_max,
        }

    def handlers(self) -> Handlers:
        """The command to take an order back."""
        return {OrderReturn: Handler(self.take_back, Role.HOST)}

    async def take_back(self, call: Call, cmd: OrderReturn) -> Ok:
        """A paid order becomes returned; `ok` carries it."""
        args = {"order": cmd.order, "restock": cmd.restock, "by": call.who.user} | self._args
        order = await self._store.run_script("payments.take_back", call.room_id, args, _ORDER)
        return OrderOk(ref=cmd.ref, order=order)

    async def sweep(self, room_id: str) -> int:
        """Try the refunds of a room that are due; how many were made.

        One that fails stops no other; what it raised is raised when all were tried.
        """
        lease = {"lease_ms": self._lease_ms, "batch_max": _BATCH_MAX}
        made, unexpected = 0, None
        for note in await self._store.run_script("payments.refunds_due", room_id, lease, _NOTES):
            try:
                payment = Payment(note.payment, note.amount, note.currency)
                if note.practice or await self._provider.refund(payment):
                    await self.refunded(room_id, note.payment)
                    made += 1
            except CommandError as error:
                _log.warning("A refund in room %s is tried again later: %s", room_id, error)
            except Exception as error:
                unexpected = error
        if unexpected is not None:
            raise unexpected
        return made

    async def refunded(self, room_id: str, payment_id: str) -> PaymentNote:
        """Take note that a payment was given back."""
        args = {"payment": payment_id} | self._args
        return await self._store.run_script("payments.refunded", room_id, args, _NOTE)
