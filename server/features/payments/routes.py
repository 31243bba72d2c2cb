"""The payment provider's messages: `POST /v1/payments/events`, signed (see `access.signing`).

A message may come twice or late or out of order: what it tells is kept by the id of the payment.
"""

import logging
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar, get_args

import msgspec
from aiohttp import web

from server.access.rate import PerSecond
from server.access.signing import HEADER, BadSignature, verify
from server.features.payments.cases import Cases
from server.features.payments.disputes import Disputes, DisputeStep
from server.features.payments.payments import Payments
from server.features.payments.providers import Payment
from server.features.payments.refunds import Refunds
from server.features.payments.settings import PaymentSettings
from server.protocol.codes import CommandError
from server.protocol.fields import Currency, Id
from server.web.body import bytes_of
from server.web.errors import json_response
from server.web.route import Route

_log = logging.getLogger(__name__)
T = TypeVar("T")
_UNKNOWN_KINDS_MAX = 100


ProviderId = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class PaymentEvent(msgspec.Struct, frozen=True):
    """Body of `POST /v1/payments/events`: what became of a payment of an order.

    `payment` is the provider's id of the payment, `amount` in the currency's minor unit. `refund`
    is the provider's id of a refund, needed where it is one of a part; `dispute` that of a dispute,
    of which a lost one took the amount.
    """

    type: Literal[
        "payment.succeeded", "payment.refunded", "payment.disputed", "payment.dispute_won",
        "payment.dispute_lost", "payment.failed",
    ]  # fmt: skip
    room: Id
    order: Id
    payment: ProviderId
    amount: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    currency: Currency
    refund: ProviderId | None = None
    dispute: ProviderId | None = None
    reason: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class EventKind(msgspec.Struct, frozen=True):
    """The kind of a message, read before the rest: of an unknown kind nothing else is known."""

    type: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


KINDS: frozenset[str] = frozenset(get_args(PaymentEvent.__annotations__["type"]))


class Taken(msgspec.Struct):
    """The message is stored, and need not be sent again. It has no fields."""


class PaymentRoutes:
    """The route that providers post to."""

    def __init__(
        self,
        payments: Payments,
        refunds: Refunds,
        disputes: Disputes,
        cases: Cases,
        settings: PaymentSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._payments = payments
        self._refunds = refunds
        self._disputes = disputes
        self._cases = cases
        self._secret = settings.webhook_secret
        self._tolerance_s = settings.tolerance_s
        self._clock = clock
        self._lines = PerSecond(1)
        self._unknown: set[str] = set()

    def routes(self) -> list[Route]:
        """The one route; the signature is its only key."""
        return [
            Route(
                "POST",
                "/v1/payments/events",
                "Tell that a payment was made, given back, disputed or declined (signed).",
                self.take_event,
                body=PaymentEvent,
                result=Taken,
                signed=True,
                no_key="a payment counts once by its own id",
                foreign="Providers add fields to their messages whenever they like. A message that "
                "is refused for one would be sent again until they give up, and the payment lost.",
            )
        ]

    async def take_event(self, request: web.Request) -> web.Response:
        """200 once what the message tells is stored; else the provider should send it again."""
        body = await bytes_of(request)
        try:
            self._verify(request.headers.get(HEADER, ""), body)
            await self._take(body)
        except CommandError as refusal:
            if self._lines.allow(self._clock()):  # anybody can send messages that are refused
                _log.warning("A payment message was refused: %s", refusal.msg)
            raise
        return json_response(Taken())

    async def _take(self, body: bytes) -> None:
        kind = self._read(body, EventKind).type
        if kind not in KINDS:
            self._leave_out(kind)
            return
        event = self._read(body, PaymentEvent)
        match event.type:
            case "payment.succeeded":
                paid = Payment(event.payment, event.amount, event.currency)
                await self._payments.charged(event.room, event.order, paid)
            case "payment.refunded":
                await self._refunds.refunded(
                    event.room, event.payment, event.amount, event.refund,
                    order=event.order, currency=event.currency, reason=event.reason,
                )  # fmt: skip
            case "payment.disputed":
                await self._dispute("disputed", event)
            case "payment.dispute_won":
                await self._dispute("dispute_won", event)
            case "payment.dispute_lost":
                await self._dispute("dispute_lost", event)
            case "payment.failed":
                await self._cases.note(event.room, "failed", event.payment, _told(event))

    async def _dispute(self, what: DisputeStep, event: PaymentEvent) -> None:
        dispute = event.dispute or event.payment
        await self._disputes.note(event.room, what, dispute, _told(event))

    def _leave_out(self, kind: str) -> None:
        """Log each unknown type once: a provider may send thousands of messages of it."""
        if kind not in self._unknown and len(self._unknown) < _UNKNOWN_KINDS_MAX:
            self._unknown.add(kind)
            _log.warning(
                "Payment messages of the type %r are left out, for nobody here knows it.", kind
            )

    def _verify(self, header: str, body: bytes) -> None:
        if self._secret is None:
            raise CommandError("forbidden", "payments.webhook_secret is not set on this server.")
        secret = self._secret.get_secret_value().encode()
        try:
            verify(secret, header, body, self._clock(), self._tolerance_s)
        except BadSignature as error:
            raise CommandError("forbidden", f"The message is refused: {error}.") from None

    def _read(self, body: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CommandError("bad_message", f"The message cannot be read: {error}.") from None


def _told(event: PaymentEvent) -> dict[str, Any]:
    fields = ("order", "payment", "amount", "currency", "reason")
    return {name: getattr(event, name) for name in fields}
