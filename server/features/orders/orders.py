"""Orders: bought, cancelled and listed by their buyer."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from msgspec import MsgspecError, msgpack

from server.features.orders.messages import Buy, Cancel, Order, OrderOk, OrdersOk, OrderStatus
from server.features.orders.messages import Orders as OrdersCommand
from server.features.orders.order_rows import read_orders
from server.features.orders.outcomes import Outcome, serve_batch
from server.features.orders.settings import OrderSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.commit import GroupCommit
from server.store.reading import asked
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

# A cart may meet the draws of several sales one after another.
_DRAWS_MAX = 3
_ORDER = msgpack.Decoder(Order)
_LISTS = msgpack.Decoder(list[list[Order]])


def _hear_nothing(_room: str, _user: str, _orders: Sequence[Order]) -> None:
    return


class Orders:
    """The commands of buyers. The scripts hold every rule about stock and money."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._limits = settings.section(OrderSettings)
        self._key_chars_max = settings.orders.key_chars_max
        self._events_max = settings.rooms.event_stream_len_max
        self._metrics = metrics
        self.hear: Callable[[str, str, Sequence[Order]], None] = _hear_nothing
        """Hears (room, user, orders) what users had bought who come in; set it once."""
        if metrics is not None:
            for status in get_args(OrderStatus):
                metrics.orders.labels(status)  # told as 0 from the start
        self.freeing = self._limits.freeing_args()
        """Arguments of every script in which units may come back."""
        self.buying = self.freeing | {"entries_max": self._limits.draw_entries_max}
        """Arguments of every script in which orders may be made."""
        self._buys: GroupCommit[dict[str, Any], Outcome] = GroupCommit(
            "orders.buy",
            self._buy_batch,
            metrics,
            batch_max=settings.section(OrderSettings).batch_max,
            waiting_max=settings.section(OrderSettings).batch_waiting_max,
        )

    def handlers(self) -> Handlers:
        """The commands about orders and who may send them."""
        return {
            Buy: Handler(self.buy, Role.VIEWER),
            Cancel: Handler(self.cancel, Role.VIEWER),
            OrdersCommand: Handler(self.own, Role.VIEWER),
        }

    async def buy(self, call: Call, cmd: Buy) -> Ok:
        """Hold units; `ok` carries the order."""
        buy = buy_of(call, cmd, self._limits, self._key_chars_max)
        outcome = await self._buys.submit(call.room_id, buy)
        for _ in range(_DRAWS_MAX):
            if not outcome.wait_ms:
                break
            # The entry is in the store. After the draw the same buy has its order, or a refusal.
            await asyncio.sleep(outcome.wait_ms / 1000)
            outcome = await self._buys.submit(call.room_id, buy)
        if outcome.wait_ms:
            raise CommandError("unavailable", "The draw is not over yet.", outcome.wait_ms)
        return OrderOk(ref=cmd.ref, order=self.counted(outcome.order_or_refusal()))

    async def _buy_batch(self, room_id: str, buys: list[dict[str, Any]]) -> list[Outcome]:
        args = {"buys": buys, "events_max": self._events_max} | self.buying
        return await serve_batch(self._store, "orders.buy", room_id, args)

    async def aclose(self) -> None:
        """Wait until every buy that was handed in has its answer."""
        await self._buys.aclose()

    async def cancel(self, call: Call, cmd: Cancel) -> Ok:
        """Give a held order back; `ok` carries it."""
        args = {
            "order": cmd.order,
            "user": call.who.user,
            "events_max": self._events_max,
        } | self.freeing
        order = await self._store.run_script("orders.cancel", call.room_id, args, _ORDER)
        return OrderOk(ref=cmd.ref, order=self.counted(order))

    def counted(self, order: Order) -> Order:
        """The same order, after its status was counted, unless it is void."""
        if self._metrics and not order.practice:
            self._metrics.orders.labels(order.status).inc()
        return order

    async def own(self, call: Call, cmd: OrdersCommand) -> Ok:
        """The caller's own orders, newest first."""
        lists = await self.orders_of(call.room_id, [call.who.user])
        return OrdersOk(ref=cmd.ref, orders=lists[call.who.user])

    async def own_of(self, room_id: str, users: Sequence[str]) -> list[Mapping[str, Any]]:
        """For each user their own part of a join: `orders`."""
        lists = await self.orders_of(room_id, users)
        for user in lists:
            if lists[user]:
                self.hear(room_id, user, lists[user])
        return [{"orders": lists[user]} for user in users]

    def expired(self, orders: int) -> None:
        """Count holds that ended."""
        if self._metrics:
            self._metrics.orders.labels("expired").inc(orders)

    async def orders_of(self, room_id: str, users: Sequence[str]) -> dict[str, list[Order]]:
        """The own orders of each of `users`, newest first.

        Beyond the newest `own_orders_max`, cancelled and expired orders are left out. Otherwise
        buying and cancelling again and again, which is free, would make each reading slow.
        """
        args = {"users": list(users), "newest_max": self._limits.own_orders_max}
        try:
            lists = await self._store.run_script("orders.of_users", room_id, args, _LISTS)
        except (MsgspecError, UnicodeDecodeError):  # one bad row among those of all these users
            lists = [await self._sound_of(room_id, user) for user in users]
        return dict(zip(users, lists, strict=True))

    async def _sound_of(self, room_id: str, user: str) -> list[Order]:
        """All orders of a user that can be read, newest first."""
        key = self._store.keys.room(room_id, "orders_of")
        ids = (await asked(self._store.redis.hget(key, user)) or b"").decode().split()
        return (await read_orders(self._store, room_id, ids))[::-1]


def buy_of(call: Call, cmd: Buy, limits: OrderSettings, key_chars_max: int) -> dict[str, Any]:
    """A buy as `orders.buy` takes it, with lines of the same sale summed. Raises CommandError.

    The order's id is made here, so that a script that runs twice makes one order.
    """
    lines = _lines(cmd)
    if len(cmd.key) > key_chars_max:
        raise CommandError("too_long", f"`key` can have {key_chars_max} characters.")
    if len(lines) > limits.lines_max:
        raise CommandError("limit_reached", f"An order can have {limits.lines_max} lines.")
    if max(lines.values()) > limits.qty_max:
        raise CommandError("limit_reached", f"One order can have {limits.qty_max} units of a sale.")
    body = "\n".join(f"{sale} {qty}" for sale, qty in sorted(lines.items()))
    if cmd.claim is not None:
        body += f"\n/{cmd.claim}"  # no sale's id has a slash
    user = call.who.user
    return {
        "user": user,
        "name": call.who.name,
        "source": call.source,
        "meta": call.who.meta or None,
        "claim": cmd.claim,
        "at_most": cmd.at_most,
        # The length in front: neither user nor key can be written so that it reads as another pair.
        "once": f"{len(user.encode())}:{user}/{cmd.key}",
        "digest": hashlib.blake2s(body.encode(), digest_size=12).hexdigest(),
        "order": f"o{secrets.token_hex(10)}",
        "lines": [{"sale": sale, "qty": qty} for sale, qty in lines.items()],
    }


def _lines(cmd: Buy) -> dict[str, int]:
    if cmd.lines is None:
        if cmd.sale is None:
            raise CommandError("bad_message", "Name a `sale` and a `qty`, or `lines`.")
        return {cmd.sale: cmd.qty}
    if cmd.sale is not None:
        raise CommandError("bad_message", "Send `sale` or `lines`, not both.")
    lines: dict[str, int] = {}
    for line in cmd.lines:
        lines[line.sale] = lines.get(line.sale, 0) + line.qty
    return lines
