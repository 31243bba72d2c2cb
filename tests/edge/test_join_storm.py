"""A whole room comes back at once: everybody gets in, at a pace, and orders keep flowing."""

import asyncio
from typing import Any

import pytest

from server.protocol.roles import Role
from tests.edge.conftest import Connect, Token
from tests.edge.raw_socket import RawSocket, command

CROWD = 400
SALE = {"sku": "tea", "price": 500, "stock": 1000, "per_user": 1000, "hold_s": 60}


@pytest.fixture
def limits() -> dict[str, Any]:
    """Far fewer joins a second than the crowd, so that most are told to wait."""
    return {"joins_per_s_max": 200, "accepts_per_s_max": 0, "join_s_max": 0.5}


async def join_patiently(raw: RawSocket) -> int:
    """Join as docs/protocol.md says: told to wait, wait and ask again; how often that was."""
    await raw.upgrade()
    for waited in range(100):
        raw.send(command("join", waited + 1))
        reply = await raw.message_of("ok", "err")
        if reply["t"] == "ok":
            return waited
        assert reply["code"] == "rate_limited"
        await asyncio.sleep(reply["retry_ms"] / 1000)
    raise AssertionError("never let in")


async def open_sale(host: RawSocket) -> str:
    product = {"sku": "tea", "title": "Tea", "price": 900, "currency": "CNY"}
    host.send(command("shelf.put", 2, product=product), command("sale.open", 3, **SALE))
    while (reply := await host.message_of("ok", "err"))["ref"] != 3:
        assert reply["t"] == "ok", reply
    return str(reply["sale"]["sale"])


async def buy_until(done: asyncio.Event, buyer: RawSocket, sale: str) -> int:
    """Buy one after the other until told to stop; how many were answered ok."""
    bought = 0
    while not done.is_set():
        buyer.send(command("buy", bought + 10, sale=sale, qty=1, key=f"k{bought}"))
        reply = await buyer.message_of("ok", "err")
        if reply["t"] == "ok":
            bought += 1
        await asyncio.sleep(0.05)
    return bought


async def test_everybody_gets_back_in_and_orders_flow_meanwhile(
    connect: Connect, token: Token
) -> None:
    host, buyer = await connect(), await connect()
    await host.join(token("h1", Role.HOST))
    await buyer.join(token("u1"))
    sale = await open_sale(host)

    done = asyncio.Event()
    buying = asyncio.create_task(buy_until(done, buyer, sale))
    crowd = [await connect() for _ in range(CROWD)]
    waits = await asyncio.gather(*(join_patiently(raw) for raw in crowd))
    done.set()

    assert len(waits) == CROWD
    assert sum(waits) > 0, "nobody was asked to wait: the storm was none"
    assert await buying >= 3


async def test_who_was_told_to_wait_is_not_closed_for_joining_late(
    connect: Connect,
) -> None:
    crowd = [await connect() for _ in range(CROWD)]
    await asyncio.gather(*(join_patiently(raw) for raw in crowd))
    for raw in crowd:
        raw.send(command("ping", 99))
        assert (await raw.message("ok"))["ref"] == 99
