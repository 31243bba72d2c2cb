"""Reads stored orders one by one, and leaves out those that can't be read."""

from collections.abc import Iterable

from msgspec import MsgspecError, msgpack

from server.features.orders.messages import Order
from server.store.room_store import RoomStore

_ORDER = msgpack.Decoder(Order)


async def read_orders(store: RoomStore, room_id: str, ids: Iterable[str]) -> list[Order]:
    """Return these orders as they are now, and tell the operator of those left out."""
    names = list(ids)
    if not names:
        return []
    key = store.keys.room(room_id, "orders")
    raw = await store.redis.hmget(key, names)
    if None in raw and await store.must_be_here(room_id):
        raw = await store.redis.hmget(key, names)
    orders = []
    for name, row in zip(names, raw, strict=True):
        try:
            if row is not None:
                orders.append(_ORDER.decode(row))
        except (MsgspecError, UnicodeDecodeError) as error:
            store.note_damaged(room_id, f"order {name}", str(error))
    return orders
