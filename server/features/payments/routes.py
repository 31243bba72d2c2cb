"""The payment provider's messages: `POST /v1/payments/events`, signed (see `access.signing`).

A message may come twice or late or out of order: what it tells is kept by the id of the payment.
"""

import logging
import time
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from server.access.rate import PerSecond
from server.access.signing import HEADER, BadSignature, verify
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


class PaymentEvent(msgspec.Struct, frozen=True):
    """Body of `POST /v1/payments/events`: money was charged for an order, or given back.

    `payment` is the provider's id of the payment, `amount` in the currency's minor unit.
    """

    type: Literal["payment.succeeded", "payment.refunded"]
    room: Id
    order: Id
    payment: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    amount: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    currency: Currency


class PaymentRoutes:
    """The route that providers post to."""

    def __init__(
        self,
        payments: Payments,
        refunds: Refunds,
        settings: PaymentSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._payments = payments
        self._refunds = refunds
        self._secret = settings.webhook_secret
        self._tolerance_s = settings.tolerance_s
        self._clock = clock
        self._lines = PerSecond(1)

    def routes(self) -> list[Route]:
        """The one route; the signature is its only key."""
        return [
            Route(
                "POST",
                "/v1/payments/events",
                "Tell that a payment was made or given back (signed).",
                self.take_event,
                body=PaymentEvent,
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
            event = self._read(body)
            if event.type == "payment.succeeded":
                paid = Payment(event.payment, event.amount, event.currency)
                await self._payments.charged(event.room, event.order, paid)
            else:
                await self._refunds.refunded(event.room, event.payment)
        except CommandError as refusal:
            if self._lines.allow(self._clock()):  # anybody can send messages that are refused
                _log.warning("A payment message was refused: %s", refusal.msg)
            raise
        return json_response({})

    def _verify(self, header: str, body: bytes) -> None:
        if self._secret is None:
            raise CommandError("forbidden", "payments.webhook_secret is not set on this server.")
        secret = self._secret.get_secret_value().encode()
        try:
            verify(secret, header, body, self._clock(), self._tolerance_s)
        except BadSignature as error:
            raise CommandError("forbidden", f"The message is refused: {error}.") from None

    def _read(self, body: bytes) -> PaymentEvent:
        try:
            return msgspec.json.decode(body, type=PaymentEvent)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise CommandError("bad_message", f"The message cannot be read: {error}.") from None
