"""The port to whoever takes the money, and the provider for demos."""

from typing import Protocol

from msgspec import Struct

from server.protocol.models import Order


class Payment(Struct, frozen=True):
    """Money that was charged: `payment` is the provider's id of it, `amount` in minor units."""

    payment: str
    amount: int
    currency: str


class PaymentProvider(Protocol):
    """Takes money and gives it back. Both must be harmless when done twice for the same thing."""

    async def charge(self, order: Order) -> Payment | None:
        """Charge the order; None if the outcome comes later, through the webhook."""

    async def refund(self, payment: Payment) -> bool:
        """Give a payment back; False if it is to be tried again later."""


class SandboxProvider:
    """Pays at once, with no money."""

    async def charge(self, order: Order) -> Payment | None:
        """Charge nothing and say it went well."""
        return Payment(f"sandbox-{order.order}", order.total, order.currency)

    async def refund(self, payment: Payment) -> bool:
        """Give nothing back and say it went well."""
        return payment.payment.startswith("sandbox-")
