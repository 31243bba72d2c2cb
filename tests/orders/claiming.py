"""A sale and a claim to buy with, and what the claims' owners were told."""

import asyncio
from typing import Any

from server.features.coupons.messages import Claim, Coupon
from server.features.orders.messages import Order
from server.features.stock.messages import Sale
from server.protocol.codes import CommandError
from tests.orders.shop import ANY, Shop
from tests.stored import entries


async def told(shop: Shop, user: str) -> list[dict[str, Any]]:
    """The claims that the event stream told this user."""
    found = entries(await shop.redis.xrange(shop.key("events")))
    events = [ANY.decode(v[b"e"]) for _, v in found if v.get(b"u") == user.encode()]
    return [event["claim"] for event in events if event["t"] == "claim"]


async def codes(*attempts: Any) -> list[str]:
    """The refusal of each attempt, or `ok`."""
    found = await asyncio.gather(*attempts, return_exceptions=True)
    assert all(isinstance(it, CommandError | Order | Claim) for it in found), found
    return sorted(it.code if isinstance(it, CommandError) else "ok" for it in found)


async def claimed(shop: Shop, **changes: Any) -> tuple[Sale, Coupon, str]:
    """A sale of tea, a coupon, and ann's claim of it."""
    coupon = await shop.give_out(**changes)
    return await shop.open(), coupon, (await shop.claim("ann", coupon)).claim
