"""The interface to payment providers, and its two implementations: sandbox and webhook."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from msgspec import Struct

from server.background.repeating import Errands
from server.features.orders.messages import Order
from server.features.payments.settings import PaymentSettings
from server.protocol.codes import CommandError


class Payment(Struct, frozen=True):
    """Money that was charged: `payment` is the provider's id of it, `amount` in minor units."""

    payment: str
    amount: int
    currency: str


class Refund(Struct, frozen=True):
    """Money to give back: `amount` of a payment. `refund` is our id of it, the same whenever it is
    tried again."""

    refund: str
    payment: str
    amount: int
    currency: str


Deliver = Callable[[str, str, Payment], Awaitable[Order]]
"""Where a provider tells `(room, order, payment)` that it charged later than it was asked."""


class PaymentProvider(Protocol):
    """Takes money and gives it back. Both must be harmless when done twice for the same thing."""

    def listen(self, deliver: Deliver) -> None:
        """Tell outcomes that come later to `deliver`."""

    async def charge(self, order: Order) -> Payment | None:
        """Charge the order; None if the outcome comes later. CommandError if it was declined."""

    async def refund(self, refund: Refund) -> bool:
        """Give money back; False if it is not known yet that it was."""

    async def aclose(self) -> None:
        """Stop what is still to come."""


class SandboxProvider:
    """Takes no money. How a payment goes is asked for by the end of the buyer's user id.

    `ann.fails` is declined, `ann.late` is charged after the hold has ended, `ann.twice` is charged
    twice; everybody else pays at once, or after `delay_s`.
    """

    def __init__(self, delay_s: float = 0.0) -> None:
        self._delay_s = delay_s
        self._deliver: Deliver | None = None
        self._payments = Errands("sandbox payment")

    def listen(self, deliver: Deliver) -> None:
        """Tell late and second payments to `deliver`."""
        self._deliver = deliver

    async def charge(self, order: Order) -> Payment | None:
        """Charge nothing; say what was asked for."""
        if self._delay_s:
            await asyncio.sleep(self._delay_s)
        payment = Payment(f"sandbox-{order.order}", order.total, order.currency)
        match order.user.rpartition(".")[2]:
            case "fails":
                raise CommandError(
                    "payment_failed", "The payment was declined; the order is still held."
                )
            case "late":
                ends_s = (order.hold_until - order.updated) / 1000
                self._later(ends_s + 1, order, payment)
                return None
            case "twice":
                again = Payment(f"sandbox-{order.order}-2", order.total, order.currency)
                self._later(0, order, again)
        return payment

    async def refund(self, refund: Refund) -> bool:
        """Give nothing back and say it went well."""
        return refund.payment.startswith("sandbox-")

    async def aclose(self) -> None:
        """Forget the payments that were to come."""
        await self._payments.aclose()

    def _later(self, delay_s: float, order: Order, payment: Payment) -> None:
        async def deliver() -> None:
            await asyncio.sleep(delay_s)
            if self._deliver is not None:
                await self._deliver(order.room, order.order, payment)

        self._payments.start(deliver(), order.room)


class WebhookProvider:
    """A provider that charges at its own pages and tells us by signed messages (`routes`).

    It knows the order by its id, which the shop's page hands to it. Refunds are made where the
    money is; that they are due is told by the outbox, that they were made by the webhook.
    """

    def listen(self, deliver: Deliver) -> None:
        """Nothing comes this way: messages come in over HTTP."""

    async def charge(self, order: Order) -> Payment | None:  # noqa: ARG002  (the port gives it)
        """Leave the order held until the provider's message comes."""
        return None

    async def refund(self, refund: Refund) -> bool:  # noqa: ARG002  (the port gives it)
        """Leave it due until the provider's message comes."""
        return False

    async def aclose(self) -> None:
        """Nothing to stop."""


def provider_of(settings: PaymentSettings) -> PaymentProvider:
    """The provider that `payments.provider` names."""
    if settings.provider == "webhook":
        return WebhookProvider()
    return SandboxProvider(settings.sandbox_delay_ms / 1000)
