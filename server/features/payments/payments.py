"""Paying: a held order is charged, and what was charged is noted."""

from collections.abc import Awaitable, Callable
from typing import Any

from server.features.orders.messages import Order, OrderOk
from server.features.orders.orders import Orders
from server.features.orders.outcomes import Outcome, serve_batch
from server.features.orders.settings import OrderSettings
from server.features.payments.messages import Pay
from server.features.payments.providers import Payment, PaymentProvider
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.commit import FULL_RETRY_MS, GroupCommit
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

Freeze = Callable[[Call, Pay, Order], Awaitable[None]]
"""(call, command, order) -> keeps where the order goes. Raises CommandError: then nothing is
charged."""


class Payments:
    """Takes `pay`, and what the provider says later. `orders` counts what became of each.

    Payments of a room go to Redis in batches, as buys do (docs/decisions/0085). Nothing is charged
    for which there would be no place to note it: at most `orders.batch_waiting_max` commands are
    under way, as many payments that providers tell may wait, and the queue has places for both.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        provider: PaymentProvider,
        orders: Orders,
        metrics: Metrics | None = None,
    ) -> None:
        limits = settings.section(OrderSettings)
        self._store = store
        self._events_max = settings.rooms.event_stream_len_max
        self._provider = provider
        self._orders = orders
        self.freeze: Freeze | None = None
        """Keeps where an order goes before it is charged; set it before the first `pay`."""
        self._waiting_max = limits.batch_waiting_max
        self._under_way = 0  # `pay` commands that are not answered yet
        self._payable: GroupCommit[dict[str, Any], Outcome] = GroupCommit(
            "payments.payable",
            self._payable_batch,
            metrics,
            batch_max=limits.batch_max,
            waiting_max=limits.batch_waiting_max,
        )
        self._charged: GroupCommit[dict[str, Any], Outcome] = GroupCommit(
            "payments.pay",
            self._charged_batch,
            metrics,
            batch_max=limits.batch_max,
            waiting_max=2 * limits.batch_waiting_max,
        )
        provider.listen(self.charged)

    def handlers(self) -> Handlers:
        """The command to pay."""
        return {Pay: Handler(self.pay, Role.VIEWER)}

    async def pay(self, call: Call, cmd: Pay) -> Ok:
        """Charge a held order; `ok` carries it, still held if the provider answers later. In a
        practice no provider is asked, and nothing is charged."""
        _must_have_room(self._under_way, self._waiting_max)
        self._under_way += 1
        try:
            return OrderOk(ref=cmd.ref, order=await self._paid(call, cmd))
        finally:
            self._under_way -= 1

    async def _paid(self, call: Call, cmd: Pay) -> Order:
        asked = {"order": cmd.order, "user": call.who.user}
        order = (await self._payable.submit(call.room_id, asked)).order_or_refusal()
        if order.status == "paid":
            return order
        if self.freeze is not None:
            await self.freeze(call, cmd, order)
        if order.practice:
            payment: Payment | None = Payment(
                f"practice-{order.order}", order.total, order.currency
            )
        else:
            payment = await self._provider.charge(order)
        return order if payment is None else await self._note(call.room_id, order.order, payment)

    async def charged(self, room_id: str, order_id: str, payment: Payment) -> Order:
        """Take note of money that was charged: the order is paid, or a refund is due. Returns once
        that is stored. Raises CommandError; `unavailable` if it should be told again."""
        _must_have_room(self._charged.waiting, self._waiting_max)
        return await self._note(room_id, order_id, payment)

    async def _note(self, room_id: str, order_id: str, payment: Payment) -> Order:
        charged = {
            "order": order_id,
            "payment": payment.payment,
            "amount": payment.amount,
            "currency": payment.currency,
        }
        outcome = await self._charged.submit(room_id, charged)
        return self._orders.counted(outcome.order_or_refusal())

    async def _payable_batch(self, room_id: str, pays: list[dict[str, Any]]) -> list[Outcome]:
        args = {"pays": pays}
        return await serve_batch(self._store, "payments.payable", room_id, args)

    async def _charged_batch(self, room_id: str, pays: list[dict[str, Any]]) -> list[Outcome]:
        args = {"pays": pays, "events_max": self._events_max}
        return await serve_batch(self._store, "payments.pay", room_id, args)

    async def aclose(self) -> None:
        """Wait until every payment that was handed in has its answer."""
        await self._payable.aclose()
        await self._charged.aclose()


def _must_have_room(waiting: int, waiting_max: int) -> None:
    if waiting >= waiting_max:
        raise CommandError("unavailable", "The server is busy; this was not tried.", FULL_RETRY_MS)
