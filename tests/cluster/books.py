"""After a disturbance: was every answered order kept, and do the books balance?"""

import asyncio
from typing import Any

import msgspec

from server.features.books.audit import audit as audit_room
from server.house import keys_under, store_on
from server.settings import Settings
from server.store.client import connect
from tests.cluster.conftest import Stall
from tests.stored import stored_hash

_ORDER = msgspec.msgpack.Decoder()


async def audit(settings: Settings, stalls: list[Stall], bought: dict[str, Any]) -> None:
    """Every answered order is paid in its room, and each room's ledger adds up to its state."""
    redis = connect(settings.redis.url, settings.redis)
    keys = keys_under(settings.redis.key_prefix)
    store = await asyncio.to_thread(store_on, redis, keys)
    try:
        for one in stalls:
            assert (await audit_room(store, one.room_id)).differences == []
            packed = await redis.hgetall(keys.room(one.room_id, "orders"))
            paid = {
                name.decode()
                for name, order in stored_hash(packed).items()
                if _ORDER.decode(order)["status"] == "paid"
            }
            mine = {name for name, order in bought.items() if order["at"] == one.room_id}
            assert mine <= paid
    finally:
        await redis.aclose()
