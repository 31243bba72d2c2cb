"""The lines that payments write to the ledger."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, get_args

from msgspec import Struct

from server.features.payments.cases import Case
from server.rooms.ledger_lines import LedgerLine

PaymentStatus = Literal["applied", "refund_due", "refunded"]


class LedgerPayment(Struct, frozen=True, omit_defaults=True):
    """A payment: so much of `amount` is `due` back, so much went `back`, in minor units; `refunds`
    are the amounts by the ids of the refunds."""

    payment: str
    order: str
    amount: int
    currency: str
    status: PaymentStatus
    at: int
    due: int = 0
    back: int = 0
    refunds: dict[str, int] = {}


class PaymentLine(LedgerLine, tag="payment", frozen=True, kw_only=True, omit_defaults=True):
    """A payment paid its order, must be given back, or was: the whole payment from here on.

    `refund` is the id of a refund that was made, of which `unasked` was not due.
    """

    types: ClassVar[tuple[str, ...]] = tuple(f"payment.{name}" for name in get_args(PaymentStatus))

    was: PaymentStatus | None = None
    refund: str = ""
    unasked: int = 0
    payment: LedgerPayment

    @classmethod
    def type_of(cls, line: Mapping[str, Any]) -> str:
        """By the status it has now."""
        return f"payment.{line['payment']['status']}"


class CaseLine(LedgerLine, tag="case", frozen=True, kw_only=True, omit_defaults=True):
    """A person must look into a payment. `beyond` is what a bank took by a lost dispute beyond what
    was left of the payment; the platform bears it."""

    case: Case
    beyond: int = 0
