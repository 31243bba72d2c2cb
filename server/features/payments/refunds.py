"""Money that is due back: for returned units, late payments without units, double charges."""

import logging
from typing import Any

from msgspec import Struct, msgpack

from server.features.orders.settings import OrderSettings
from server.features.payments.cases import log_case
from server.features.payments.providers import PaymentProvider, Refund
from server.features.payments.settings import PaymentSettings
from server.protocol.codes import CommandError
from server.settings import Settings
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)
_BATCH_MAX = 50


class PaymentNote(Struct, frozen=True):
    """A payment as the room keeps it; `status` is applied, refund_due or refunded.

    Of `amount`, `due` is to be given back, and `back` was; `unasked` of this refund was not due.
    """

    payment: str
    order: str
    amount: int
    currency: str
    status: str
    at: int
    due: int = 0
    back: int = 0
    unasked: int = 0


class RefundDue(Struct, frozen=True):
    """Money of a payment that is to be given back; `back` was given back before.

    `practice`: no money was charged, so none is given back.
    """

    payment: str
    order: str
    amount: int
    currency: str
    back: int
    practice: bool

    def refund(self) -> Refund:
        """The refund to ask for. Its id holds what it brings the sum to, so that it stays the same
        until it is made, and the next has another."""
        refund = f"{self.payment}:{self.back + self.amount}"
        return Refund(refund, self.payment, self.amount, self.currency)


_NOTE = msgpack.Decoder(PaymentNote)
_DUE = msgpack.Decoder(list[RefundDue])


class Refunds:
    """Gives back what is due."""

    def __init__(self, store: RoomStore, settings: Settings, provider: PaymentProvider) -> None:
        self._store = store
        self._provider = provider
        self._lease_ms = int(settings.section(PaymentSettings).refund_retry_s * 1000)
        self._args = {"events_max": settings.rooms.event_stream_len_max} | settings.section(
            OrderSettings
        ).freeing_args()

    async def sweep(self, room_id: str) -> int:
        """Try the refunds of a room that are due; how many were made.

        One that fails stops no other; what it raised is raised when all were tried.
        """
        lease = {"lease_ms": self._lease_ms, "batch_max": _BATCH_MAX}
        made, unexpected = 0, None
        for due in await self._store.run_script("payments.refunds_due", room_id, lease, _DUE):
            try:
                refund = due.refund()
                if due.practice or await self._provider.refund(refund):
                    await self.refunded(room_id, refund.payment, refund.amount, refund.refund)
                    made += 1
            except CommandError as error:
                _log.warning("A refund in room %s is tried again later: %s", room_id, error)
            except Exception as error:
                unexpected = error
        if unexpected is not None:
            raise unexpected
        return made

    async def refunded(
        self, room_id: str, payment_id: str, amount: int, refund: str | None = None, **told: Any
    ) -> PaymentNote:
        """Take note that `amount` of a payment was given back; without the id of the `refund` it
        must be all that was left. `told` is what else the provider says: `order`, `currency` and a
        `reason`."""
        args = {"payment": payment_id, "amount": amount, "refund": refund} | told | self._args
        note = await self._store.run_script("payments.refunded", room_id, args, _NOTE)
        if note.unasked:
            log_case(room_id, "unasked_refund", note.order, note.payment)
        return note
