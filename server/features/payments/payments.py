"""Paying: a held order is charged, and what was charged is noted."""

from msgspec import msgpack

from server.features.orders.messages import Order, OrderOk
from server.features.orders.orders import Orders
from server.features.payments.messages import Pay
from server.features.payments.providers import Payment, PaymentProvider
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore

_ORDER = msgpack.Decoder(Order)


class Payments:
    """Takes `pay`, and what the provider says later. `orders` counts what became of each."""

    def __init__(
        self, store: RoomStore, settings: Settings, provider: PaymentProvider, orders: Orders
    ) -> None:
        self._store = store
        self._events_max = settings.rooms.event_stream_len_max
        self._provider = provider
        self._orders = orders
        provider.listen(self.charged)

    def handlers(self) -> Handlers:
        """The command to pay."""
        return {Pay: Handler(self.pay, Role.VIEWER)}

    async def pay(self, call: Call, cmd: Pay) -> Ok:
        """Charge a held order; `ok` carries it, still held if the provider answers later. In a
        practice no provider is asked, and nothing is charged."""
        args = {"order": cmd.order, "user": call.who.user}
        order = await self._store.run_script("payments.payable", call.room_id, args, _ORDER)
        if order.status == "paid":
            return OrderOk(ref=cmd.ref, order=order)
        if order.practice:
            payment: Payment | None = Payment(
                f"practice-{order.order}", order.total, order.currency
            )
        else:
            payment = await self._provider.charge(order)
        if payment is not None:
            order = await self.charged(call.room_id, order.order, payment)
        return OrderOk(ref=cmd.ref, order=order)

    async def charged(self, room_id: str, order_id: str, payment: Payment) -> Order:
        """Take note of money that was charged: the order is paid, or a refund is due."""
        args = {
            "order": order_id,
            "payment": payment.payment,
            "amount": payment.amount,
            "currency": payment.currency,
            "events_max": self._events_max,
        }
        return self._orders.counted(
            await self._store.run_script("payments.pay", room_id, args, _ORDER)
        )
