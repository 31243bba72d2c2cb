"""Returns: asked for by buyers, answered by the host, or made by the host at once."""

import asyncio
from typing import Any

from msgspec import msgpack
from msgspec.structs import asdict

from server.access.rate import BucketsByName
from server.features.ledger.command_keys import once_by
from server.features.orders.messages import Order, OrderOk
from server.features.orders.orders import Orders
from server.features.returns.messages import (
    OrderReturn,
    ReturnAnswer,
    ReturnAsk,
    ReturnWithdraw,
)
from server.features.returns.settings import ReturnSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import shown_text
from server.rooms.sweeper import Due
from server.settings import Settings
from server.store.room_store import RoomStore

NOTE_CHARS_MAX = 500
USERS_REMEMBERED_MAX = 100_000
_ORDER = msgpack.Decoder(Order)


class Returns:
    """Takes the commands about returns. Each `ok` carries the order as it is now."""

    def __init__(self, store: RoomStore, settings: Settings, orders: Orders) -> None:
        self._store = store
        self._settings = settings.section(ReturnSettings)
        self._freeing = orders.freeing
        self._events_max = settings.rooms.event_stream_len_max
        self._key_chars_max = settings.orders.key_chars_max
        limits = self._settings
        self._asks = BucketsByName(
            limits.asks_per_user_per_s, limits.asks_burst, USERS_REMEMBERED_MAX
        )

    def handlers(self) -> Handlers:
        """The commands and who may send them."""
        return {
            OrderReturn: Handler(self.take_back, Role.HOST),
            ReturnAsk: Handler(self.ask, Role.VIEWER),
            ReturnWithdraw: Handler(self.withdraw, Role.VIEWER),
            ReturnAnswer: Handler(self.answer, Role.HOST),
        }

    def due(self) -> Due:
        """Accepts the requests that nobody answered in time."""
        args = {**self._freeing, "batch_max": self._settings.batch_max}
        return Due(key="returning", script="returns.lapse", args=args)

    async def take_back(self, call: Call, cmd: OrderReturn) -> Ok:
        """Units of a paid order come back, or all."""
        args: dict[str, Any] = {"order": cmd.order, "restock": cmd.restock, "by": call.who.user}
        if cmd.lines is not None:
            args["lines"] = [{"sale": line.sale, "returned": line.returned} for line in cmd.lines]
        return await self._change("returns.take_back", call, cmd.ref, {**self._freeing, **args})

    async def ask(self, call: Call, cmd: ReturnAsk) -> Ok:
        """A buyer wants to give units of an order back."""
        if not self._settings.window_s:
            raise CommandError("forbidden", "This shop takes nothing back.")
        self._must_not_flood(call.who.user)
        args: dict[str, Any] = {
            "order": cmd.order, "user": call.who.user, "reason": cmd.reason,
            "note": _said("note", cmd.note), "window_s": self._settings.window_s,
            "arrives_s": self._settings.arrives_s,
            "answer_s": self._settings.answer_s,
        }  # fmt: skip
        if cmd.lines is not None:
            args["lines"] = [{"sale": line.sale, "qty": line.qty} for line in cmd.lines]
        return await self._change("returns.ask", call, cmd.ref, args | self._once(call, cmd))

    def _must_not_flood(self, user: str) -> None:
        """Count one more request of a buyer. CommandError `rate_limited`.

        Each is two lines in the ledger, when it is taken away, and two events: asking and
        withdrawing in turn, one buyer could fill both without end.
        """
        wait_s = self._asks.wait_s(("", user), asyncio.get_running_loop().time())
        if wait_s > 0:
            why = "You ask for returns faster than the host can answer; wait a little."
            raise CommandError("rate_limited", why, int(wait_s * 1000) + 1)

    async def withdraw(self, call: Call, cmd: ReturnWithdraw) -> Ok:
        """The buyer takes the request away."""
        args = {"order": cmd.order, "user": call.who.user} | self._once(call, cmd)
        return await self._change("returns.withdraw", call, cmd.ref, args)

    async def answer(self, call: Call, cmd: ReturnAnswer) -> Ok:
        """The host accepts or declines. Raises CommandError if declined without a sentence."""
        answer = _said("answer", cmd.answer)
        if not cmd.accept and not answer:
            raise CommandError("bad_message", "Say in `answer` why the return is declined.")
        args = {
            "order": cmd.order, "accept": cmd.accept, "restock": cmd.restock, "answer": answer,
            "by": call.who.user,
        } | self._once(call, cmd)  # fmt: skip
        return await self._change("returns.answer", call, cmd.ref, {**self._freeing, **args})

    def _once(self, call: Call, cmd: ReturnAsk | ReturnWithdraw | ReturnAnswer) -> dict[str, Any]:
        said = {name: value for name, value in asdict(cmd).items() if name not in ("ref", "key")}
        said["op"] = type(cmd).__name__
        return once_by("return", call.who.user, cmd.key, self._key_chars_max, said)

    async def _change(self, script: str, call: Call, ref: int, args: dict[str, Any]) -> Ok:
        args |= {"events_max": self._events_max}
        order = await self._store.run_script(script, call.room_id, args, _ORDER)
        return OrderOk(ref=ref, order=order)


def _said(field: str, text: str) -> str:
    return shown_text(field, text, NOTE_CHARS_MAX) if text.strip() else ""
