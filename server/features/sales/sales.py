"""Flash sales: opened, restocked, lowered and closed by the host."""

import secrets

from msgspec import msgpack

from server.features.orders.settings import OrderSettings
from server.features.sales.messages import SaleClose, SaleOpen, SaleRestock
from server.features.shelf.settings import PriceSettings
from server.features.stock.messages import Sale, SaleOk
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.room_store import RoomStore

_SALE = msgpack.Decoder(Sale)
_IDS = msgpack.Decoder(list[str])


class Sales:
    """The commands of a host about sales. Only scripts change the stock."""

    def __init__(self, store: RoomStore, settings: Settings) -> None:
        self._store = store
        self._limits = settings.section(OrderSettings)
        self._price_max = settings.section(PriceSettings).price_max
        self._events_max = settings.rooms.event_stream_len_max

    def handlers(self) -> Handlers:
        """The commands about sales and who may send them."""
        return {
            SaleOpen: Handler(self.open, Role.HOST),
            SaleClose: Handler(self.close, Role.HOST),
            SaleRestock: Handler(self.restock, Role.HOST),
        }

    async def open(self, call: Call, cmd: SaleOpen) -> Ok:
        """Open a sale; `ok` carries it."""
        self._check(cmd)
        args = {
            "sale": f"s{secrets.token_hex(6)}",
            "sku": cmd.sku,
            "price": cmd.price,
            "stock": cmd.stock,
            "per_user": cmd.per_user,
            "hold_s": cmd.hold_s,
            "starts_in_s": cmd.starts_in_s,
            "lasts_s": cmd.lasts_s,
            "fair_ms": self._limits.fair_window_ms,
            "seed": secrets.token_hex(16),
            "by": call.who.user,
            "sales_max": self._limits.sales_max,
            "events_max": self._events_max,
        }
        sale = await self._store.run_script("sales.open", call.room_id, args, _SALE)
        return SaleOk(ref=cmd.ref, sale=sale)

    async def close(self, call: Call, cmd: SaleClose) -> Ok:
        """Close a sale; `ok` carries it."""
        args = {"sale": cmd.sale, "by": call.who.user, "events_max": self._events_max}
        sale = await self._store.run_script("sales.close", call.room_id, args, _SALE)
        return SaleOk(ref=cmd.ref, sale=sale)

    async def restock(self, call: Call, cmd: SaleRestock) -> Ok:
        """Add units to a sale, or set how many it has; `ok` carries it."""
        if (cmd.add is None) == (cmd.stock is None):
            raise CommandError(
                "bad_message",
                "Send `add`, the units to add, or `stock`, the units the sale shall have in all.",
            )
        args = {
            "sale": cmd.sale,
            "add": cmd.add,
            "stock": cmd.stock,
            "nonce": secrets.token_hex(8),
            "by": call.who.user,
            "stock_max": self._limits.stock_max,
            "offer_hold_s": self._limits.offer_hold_s,
            "orders_per_user_max": self._limits.orders_per_user_max,
            "events_max": self._events_max,
        }
        sale = await self._store.run_script("sales.restock", call.room_id, args, _SALE)
        return SaleOk(ref=cmd.ref, sale=sale)

    async def close_all(self, room_id: str) -> list[str]:
        """Close every sale of a room whose stream has ended; the ids of those that were open."""
        args = {"events_max": self._events_max}
        return await self._store.run_script("sales.close_all", room_id, args, _IDS)

    def _check(self, cmd: SaleOpen) -> None:
        limits = self._limits
        if not limits.hold_s_min <= cmd.hold_s <= limits.hold_s_max:
            raise CommandError(
                "limit_reached",
                f"`hold_s` must be {limits.hold_s_min} to {limits.hold_s_max} seconds here.",
            )
        for field, value, most in (
            ("price", cmd.price, self._price_max),
            ("stock", cmd.stock, limits.stock_max),
            ("per_user", cmd.per_user, limits.per_user_max),
        ):
            if value > most:
                raise CommandError("limit_reached", f"`{field}` can be at most {most} here.")
