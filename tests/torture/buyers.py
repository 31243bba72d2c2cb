"""A worker with its buyers, as a process that can be killed: `python -m tests.torture.buyers JSON`.

Prints one JSON line an answer, when it came: {"user", "key", "order", "status"} or {"user", "key",
"refused"}. Started again after a kill it sends the same buys with the same keys.
"""

import asyncio
import json
import os
import random
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from server.access.auth import Identity
from server.features.orders.messages import Buy, Cancel, Order, OrderOk
from server.features.orders.orders import Orders
from server.features.payments.messages import Pay
from server.features.payments.payments import Payments
from server.features.payments.providers import SandboxProvider
from server.house import HOUSE, keys_under, store_on
from server.protocol.codes import CommandError
from server.protocol.message import Ok
from server.protocol.roles import Role
from server.rooms.call import Call
from server.settings import Settings
from server.store.room_store import RoomStore
from tests.replies import expect
from tests.sweeping import sweeper


def say(line: dict[str, Any]) -> None:
    """One write, so that a kill cuts no line in two."""
    os.write(1, json.dumps(line).encode() + b"\n")


async def ask(work: Callable[[], Awaitable[Ok]]) -> Order:
    """Ask until the outcome is known. What `work` makes must be safe to repeat."""
    while True:
        try:
            ok = expect(OrderOk, await work())
        except CommandError as refusal:
            if refusal.code != "unavailable":
                raise
            await asyncio.sleep(0.02)
        else:
            return ok.order


async def buyer(orders: Orders, payments: Payments, room: str, sales: list[str], n: int) -> None:
    """Buy one or two units of a sale, then pay, cancel or leave."""
    chance = random.Random(n)
    user, key = f"u{n}", f"k{n}"
    call = Call(room, Identity(user, user, Role.VIEWER, None))
    buy = Buy(ref=1, key=key, sale=chance.choice(sales), qty=chance.choice((1, 1, 2)))
    await asyncio.sleep(chance.random())
    try:
        order = await ask(lambda: orders.buy(call, buy))
        say({"user": user, "key": key, "order": order.order, "status": order.status})
        step = chance.random()
        if step < 0.6:
            order = await ask(lambda: payments.pay(call, Pay(ref=1, order=order.order)))
        elif step < 0.8:
            order = await ask(lambda: orders.cancel(call, Cancel(ref=1, order=order.order)))
        say({"user": user, "key": key, "order": order.order, "status": order.status})
    except CommandError as refusal:
        say({"user": user, "key": key, "refused": refusal.code})


async def main(plan: dict[str, Any], store: RoomStore, settings: Settings) -> None:
    orders = Orders(store, settings)
    payments = Payments(store, settings, SandboxProvider(), orders)
    async with sweeper(store, settings, plan["room"]), asyncio.TaskGroup() as group:
        for n in plan["buyers"]:
            group.create_task(buyer(orders, payments, plan["room"], plan["sales"], n))
    await orders.aclose()


if __name__ == "__main__":
    the_plan = json.loads(sys.argv[1])
    redis = Redis(
        port=the_plan["port"], retry=Retry(NoBackoff(), 0), socket_timeout=5, max_connections=500
    )
    the_settings = HOUSE.settings_model.model_validate(
        {"orders": {"fair_window_ms": the_plan["fair_ms"]}}
    )
    try:
        asyncio.run(main(the_plan, store_on(redis, keys_under("h")), the_settings))
    except (RedisError, OSError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
