"""A room's orders for its host: totals, and all of them one after another."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from msgspec import Struct, json, to_builtins

from server.features.ledger import ledger
from server.features.orders.messages import Order
from server.features.orders.order_rows import read_orders
from server.protocol.currencies import decimal_text
from server.store.room_store import RoomStore
from server.web.csv_rows import rows, text, utc

CSV_COLUMNS = (
    "order", "created", "updated", "status", "user", "name", "sale", "sku", "title", "qty",
    "price", "line_total", "order_total", "currency", "source", "source_id", "off", "coupon",
    "claim", "group", "replay", "price_decimal", "line_total_decimal", "order_total_decimal",
    "off_decimal", "created_ms", "updated_ms", "practice", "meta", "line_meta",
    "auction",
)  # fmt: skip


class Money(Struct, frozen=True):
    """Sums in one currency's minor unit: by status of the orders, and of the payments.

    `charged` is the sum of all charges, `net` the rest after refunds made and due. `off` is the
    discount by coupons, by status of the orders; its part for paid orders is the cost of coupons.
    """

    orders: dict[str, int]
    off: dict[str, int]
    charged: int
    refund_due: int
    refunded: int
    net: int


class OrderStats(Struct, frozen=True):
    """How many orders and units have each status, and the money by currency."""

    orders: dict[str, int]
    units: dict[str, int]
    money: dict[str, Money]
    practice: bool = False
    """The room is a practice: all of this is void."""
    unmet: dict[str, int] = {}
    """sku -> how many people wanted more of it than there was, and were not held any since."""


class Metas(NamedTuple):
    """What the shop wrote: on the buyer's token, and about the product of each line."""

    meta: str
    metas: list[str]


class OrderBook:
    """Reads the orders of a room."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    async def stats(self, room_id: str) -> OrderStats:
        """The totals as of now."""
        keys = self._store.keys
        pipeline = self._store.redis.pipeline(transaction=False)
        pipeline.hgetall(keys.room(room_id, "stats"))
        pipeline.hget(keys.room(room_id, "room"), "practice")
        raw, practice = await pipeline.execute()
        fields: dict[str, dict[str, int]] = {name.decode().split(":", 1)[0]: {} for name in raw}
        for name, value in raw.items():
            kind, _, rest = name.decode().partition(":")
            fields[kind][rest] = int(value)
        return _stats_of(fields, practice=practice == b"1")

    async def orders(self, room_id: str) -> AsyncIterator[list[tuple[Order, Metas]]]:
        """All orders as they are now with what the shop wrote about them, oldest first, a few
        hundred at a time."""
        async for chunk in ledger.read(self._store, room_id):
            made = {
                e["order"]["order"]: Metas(e.get("meta", ""), _texts(e.get("metas")))
                for _, e in chunk
                if e["k"] == "order" and "was" not in e
            }
            if made:
                orders = await read_orders(self._store, room_id, made)
                yield [(order, made[order.order]) for order in orders]

    async def changed(
        self, room_id: str, after: int, orders_max: int
    ) -> tuple[list[Order], int, bool]:
        """Orders that changed after entry `after` of the ledger, as they are now.

        Returns at most `orders_max` orders, oldest change first; then the last entry that was read,
        and whether another order follows.
        """
        changed: dict[str, None] = {}
        at = after
        async for chunk in ledger.read(self._store, room_id, after):
            for n, entry in chunk:
                if entry["k"] == "order":
                    order = entry["order"]["order"]
                    if len(changed) == orders_max and order not in changed:
                        return await read_orders(self._store, room_id, changed), at, True
                    changed[order] = None
                at = n
        return await read_orders(self._store, room_id, changed), at, False

    async def csv(self, room_id: str) -> AsyncIterator[str]:
        """The orders as CSV, one row a line of an order; times in UTC."""
        yield rows([CSV_COLUMNS])
        async for orders in self.orders(room_id):
            yield rows([row for order, metas in orders for row in _csv_rows(order, metas)])

    async def jsonl(self, room_id: str) -> AsyncIterator[str]:
        """The orders as JSON, one a line."""
        async for orders in self.orders(room_id):
            yield "".join(json.encode(_with_metas(*each)).decode() + "\n" for each in orders)


def _stats_of(fields: dict[str, dict[str, int]], *, practice: bool) -> OrderStats:
    amounts, offs = (_by_currency(fields.get(name, {})) for name in ("amount", "off"))
    charged, due, back = (fields.get(k, {}) for k in ("charged", "refund_due", "refunded"))
    money = {
        currency: Money(
            orders=amounts.get(currency, {}),
            off=offs.get(currency, {}),
            charged=charged.get(currency, 0),
            refund_due=due.get(currency, 0),
            refunded=back.get(currency, 0),
            net=charged.get(currency, 0) - due.get(currency, 0) - back.get(currency, 0),
        )
        for currency in sorted(amounts.keys() | charged.keys())
    }
    unmet = {sku: n for sku, n in fields.get("unmet", {}).items() if n}
    return OrderStats(fields.get("orders", {}), fields.get("units", {}), money, practice, unmet)


def _by_currency(totals: dict[str, int]) -> dict[str, dict[str, int]]:
    """currency -> status -> total, of totals by `<status>:<currency>`."""
    found: dict[str, dict[str, int]] = {}
    for name, total in totals.items():
        status, _, currency = name.partition(":")
        found.setdefault(currency, {})[status] = total
    return found


def _texts(metas: Sequence[str | bool] | None) -> list[str]:
    """The shop's texts about an order's lines, as its first line of the ledger has them."""
    return [each if isinstance(each, str) else "" for each in metas or ()]


def _with_metas(order: Order, metas: Metas) -> dict[str, Any]:
    """An order as JSON has it, with `meta` and `metas` where there are any."""
    shown: dict[str, Any] = to_builtins(order)
    return shown | {name: value for name, value in metas._asdict().items() if value}


def _csv_rows(order: Order, metas: Metas) -> list[tuple[object, ...]]:
    """A row a line. Amounts are in minor units and, under `_decimal`, in units; times in UTC and,
    under `_ms`, as Unix milliseconds."""

    def decimal(minor: int) -> str:
        return decimal_text(minor, order.currency)

    return [
        (
            order.order, utc(order.created), utc(order.updated), order.status,
            text(order.user), text(order.name), line.sale, text(line.sku), text(line.title),
            line.qty, line.price, line.qty * line.price, order.total, order.currency,
            order.source.kind if order.source else "",
            text(order.source.id) if order.source else "",
            order.off, order.coupon, order.claim, _yes(order.group), _yes(order.replay),
            decimal(line.price), decimal(line.qty * line.price), decimal(order.total),
            decimal(order.off), order.created, order.updated, _yes(order.practice),
            text(metas.meta), text(metas.metas[at] if at < len(metas.metas) else ""),
            order.auction,
        )
        for at, line in enumerate(order.lines)
    ]  # fmt: skip


def _yes(value: bool) -> str:
    return "yes" if value else ""
