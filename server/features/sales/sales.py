"""Sales: opened, restocked, lowered, priced anew and closed by the host."""

import secrets
from typing import Any

from msgspec import Struct, msgpack

from server.features.allotments.transfers import Transfers, run_with_units
from server.features.orders.settings import OrderSettings
from server.features.sales.messages import SaleClose, SaleOpen, SalePrice, SaleRestock
from server.features.sales.price_history import PriceHistory
from server.features.shelf.settings import PriceSettings, ShelfSettings
from server.features.stock.messages import Sale, SaleOk
from server.features.terms.settings import FeeSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.settings import Settings
from server.store.reading import asked
from server.store.room_store import RoomStore

_SALE = msgpack.Decoder(Sale)
_IDS = msgpack.Decoder(list[str])


class _Frozen(Struct):
    """The part of a sale's fixed terms that names its product."""

    sku: str


_FROZEN = msgpack.Decoder(_Frozen)


class Sales:
    """The commands of a host about sales. Only scripts change the stock.

    `transfers` send the units that merchants granted; without them no merchant's product is sold.
    `prices` are those of the host's other rooms; without them there are none.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        transfers: Transfers | None = None,
        prices: PriceHistory | None = None,
    ) -> None:
        self._store = store
        self._transfers, self._prices = transfers, prices
        self._limits = settings.section(OrderSettings)
        self._shown_args = settings.section(ShelfSettings).shown_args()
        self._price_max = settings.section(PriceSettings).price_max
        self._fee = settings.section(FeeSettings).platform_fee_bps
        self._events_max = settings.rooms.event_stream_len_max
        # Units come back to a standing sale, for whoever waits there, when one on top of it closes.
        self._freeing = {"events_max": self._events_max} | self._limits.freeing_args()

    def handlers(self) -> Handlers:
        """The commands about sales and who may send them."""
        return {
            SaleOpen: Handler(self.open, Role.HOST),
            SaleClose: Handler(self.close, Role.HOST),
            SaleRestock: Handler(self.restock, Role.HOST),
            SalePrice: Handler(self.price, Role.HOST),
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
            "kind": cmd.kind,
            "starts_at": cmd.starts_at,
            "base": cmd.base,
            "lowest": await self.lowest(call.room_id, cmd.sku),
            "fair_ms": self._limits.fair_window_ms if cmd.kind == "flash" else 0,
            "fee": self._fee,
            "seed": secrets.token_hex(16),
            "by": call.who.user,
            "sales_max": self._limits.sales_max,
            "events_max": self._events_max,
            **self._shown_args,
        }
        return SaleOk(ref=cmd.ref, sale=await self._with_units("sales.open", call.room_id, args))

    async def close(self, call: Call, cmd: SaleClose) -> Ok:
        """Close a sale; `ok` carries it."""
        args = {"sale": cmd.sale, "by": call.who.user} | self._freeing
        sale = await self._store.run_script("sales.close", call.room_id, args, _SALE)
        return SaleOk(ref=cmd.ref, sale=sale)

    async def price(self, call: Call, cmd: SalePrice) -> Ok:
        """Change the price of a standing sale; `ok` carries it."""
        if cmd.price > self._price_max:
            raise CommandError("limit_reached", f"`price` can be at most {self._price_max} here.")
        sku = await self._sku_of(call.room_id, cmd.sale)
        args = {
            "sale": cmd.sale,
            "price": cmd.price,
            "lowest": await self.lowest(call.room_id, sku),
            "by": call.who.user,
            "events_max": self._events_max,
        }
        sale = await self._store.run_script("sales.price", call.room_id, args, _SALE)
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
        } | self._freeing
        return SaleOk(ref=cmd.ref, sale=await self._with_units("sales.restock", call.room_id, args))

    async def _sku_of(self, room: str, sale: str) -> str:
        """Return what a sale sells; '' if there is none, which its script says."""
        key = self._store.keys.room(room, "sales")
        frozen = await asked(self._store.redis.hget(key, sale))
        if frozen is None and await asked(self._store.must_be_here(room)):
            frozen = await asked(self._store.redis.hget(key, sale))
        return _FROZEN.decode(frozen).sku if frozen else ""

    async def lowest(self, room: str, sku: str) -> dict[str, int] | bool:
        """By currency, the lowest price of 30 days in all rooms; False if it can't be known: then
        nothing may stand struck through."""
        if self._prices is None:
            return {}
        found = await self._prices.lowest(room, sku)
        return False if found is None else found

    async def _with_units(self, script: str, room: str, args: dict[str, Any]) -> Sale:
        """Run a script that may need units of a merchant; the sale it returns."""
        answer = await run_with_units(self._transfers, self._store, script, room, args)
        return _SALE.decode(answer)

    async def close_all(self, room_id: str) -> list[str]:
        """Close every sale of a room whose stream has ended; the ids of those that were open."""
        return await self._store.run_script("sales.close_all", room_id, self._freeing, _IDS)

    def _check(self, cmd: SaleOpen) -> None:
        limits = self._limits
        if cmd.starts_at is not None and cmd.starts_in_s:
            raise CommandError("bad_message", "Send `starts_in_s` or `starts_at`, not both.")
        if cmd.kind == "standing" and (cmd.lasts_s or cmd.base is not None):
            raise CommandError(
                "bad_message",
                "A standing sale has no end and no base: send it without `lasts_s` and `base`.",
            )
        standing = cmd.kind == "standing"
        hold_s_max = limits.standing_hold_s_max if standing else limits.hold_s_max
        if not limits.hold_s_min <= cmd.hold_s <= hold_s_max:
            raise CommandError(
                "limit_reached",
                f"`hold_s` must be {limits.hold_s_min} to {hold_s_max} seconds here.",
            )
        for field, value, most in (
            ("price", cmd.price, self._price_max),
            ("stock", cmd.stock, limits.stock_max),
            ("per_user", cmd.per_user, limits.per_user_max),
        ):
            if value > most:
                raise CommandError("limit_reached", f"`{field}` can be at most {most} here.")
