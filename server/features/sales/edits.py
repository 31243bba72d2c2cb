"""Many products changed at once, or none: the rows of a sheet."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct, msgpack

from server.features.orders.settings import OrderSettings
from server.features.sales.messages import ShelfEdit, ShelfEditOk, ShelfRow
from server.features.shelf.settings import PriceSettings, ShelfSettings
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call, Handler, Handlers
from server.rooms.plain_text import must_be_visible, shown_text
from server.settings import Settings
from server.store.reading import asked
from server.store.room_store import RoomStore

WRONG_MAX = 20
"""Wrong rows that one refusal names."""


class _Wrong(Struct):
    """A row, counted from 1, that can't be done."""

    row: int
    sku: str
    why: str


class _Edited(Struct):
    added: int
    changed: int
    wrong: list[_Wrong] = []


_EDITED = msgpack.Decoder(_Edited)


class ShelfEdits:
    """Takes `shelf.edit`.

    `lowest(room, sku)` gives the lowest prices of 30 days by currency, False if they can't be
    known; `heed(room)` is awaited after products were put.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        lowest: Callable[[str, str], Awaitable[dict[str, int] | bool]],
        heed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._store = store
        self._lowest = lowest
        self._heed = heed
        self._orders = settings.section(OrderSettings)
        self._shelf = settings.section(ShelfSettings)
        self._price_max = settings.section(PriceSettings).price_max
        self._texts = settings.rooms

    def handlers(self) -> Handlers:
        """The command of a host."""
        return {ShelfEdit: Handler(self.edit, Role.HOST)}

    async def edit(self, call: Call, cmd: ShelfEdit) -> Ok:
        """Do all rows; `ok` counts them. CommandError `conflict` names each row that is wrong."""
        _must_be_right(self._wrong_in(cmd.rows))
        key = self._store.keys.room(call.room_id, "standing")
        standing = set(await asked(self._store.redis.hkeys(key)))
        rows = [
            await self._as_args(call.room_id, row, may_sell=row.sku.encode() in standing)
            for row in cmd.rows
        ]
        args = {
            "rows": rows,
            "stock_max": self._orders.stock_max,
            "products_max": self._shelf.shelf_products_max,
            "bytes_max": self._shelf.shelf_bytes_max,
            "by": call.who.user,
            "events_max": self._texts.event_stream_len_max,
        } | self._orders.freeing_args()
        done = await self._store.run_script("sales.edit", call.room_id, args, _EDITED)
        _must_be_right(done.wrong)
        if done.added:
            await self._heed(call.room_id)
        return ShelfEditOk(ref=cmd.ref, added=done.added, changed=done.changed)

    async def _as_args(self, room: str, row: ShelfRow, *, may_sell: bool) -> dict[str, Any]:
        """Return what the script is told of a row. Of a product that has no standing sale yet the
        lowest price is not known, so that nothing is struck through if one opens meanwhile."""
        args: dict[str, Any] = msgspec.to_builtins(row)
        if row.title is not None:
            args["title"] = shown_text("title", row.title, len(row.title))
        if row.price is not None:
            args["lowest"] = await self._lowest(room, row.sku) if may_sell else False
        return args

    def _wrong_in(self, rows: Sequence[ShelfRow]) -> list[_Wrong]:
        """Return what is wrong with rows whatever the shelf has."""
        first: dict[str, int] = {}
        wrong = []
        for n, row in enumerate(rows, 1):
            why = self._wrong_with(row)
            if row.sku in first:
                why = f"Row {first[row.sku]} is about the same product."
            first.setdefault(row.sku, n)
            if why:
                wrong.append(_Wrong(n, row.sku, why))
        return wrong

    def _wrong_with(self, row: ShelfRow) -> str:
        if row.price is not None and row.price > self._price_max:
            return f"The price can be at most {self._price_max} here, in the minor unit."
        if row.title is not None and len(row.title) > self._texts.text_chars_max:
            return f"The title can have {self._texts.text_chars_max} characters here."
        try:
            must_be_visible("sku", row.sku)
            if row.title is not None:
                shown_text("title", row.title, len(row.title))
        except CommandError as error:
            return error.msg
        return ""


def _must_be_right(wrong: Sequence[_Wrong]) -> None:
    """Raise CommandError with a line for each wrong row, the first ones if there are many."""
    if not wrong:
        return
    lines = [f"Row {each.row} (`{each.sku}`): {each.why}" for each in wrong[:WRONG_MAX]]
    if len(wrong) > WRONG_MAX:
        lines.append(f"And {len(wrong) - WRONG_MAX} more rows.")
    raise CommandError("conflict", "Nothing was changed.\n" + "\n".join(lines))
