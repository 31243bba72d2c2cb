"""A whole room comes back at once: everybody gets in, at a pace, and orders keep flowing."""

import asyncio
import itertools
from typing import Any

import pytest

from server.edge.connection import Connection
from server.edge.edge import Edge
from server.edge.seat import Seat
from server.protocol.roles import Role
from tests.edge.conftest import Connect, Token, time_is_up
from tests.edge.raw_socket import RawSocket, command

CROWD = 300
SALE = {"sku": "tea", "price": 500, "stock": 1000, "per_user": 1000, "hold_s": 60}


@pytest.fixture
def limits() -> dict[str, Any]:
    """Far fewer joins a second than the crowd, so that most are told to wait."""
    return {"joins_per_s_max": 100, "accepts_per_s_max": 0}


async def crowd_of(connect: Connect) -> list[RawSocket]:
    """Everybody is at the door, and nobody has asked to come in."""
    crowd = [await connect() for _ in range(CROWD)]
    await asyncio.gather(*(raw.upgrade() for raw in crowd))
    return crowd


def all_ask(crowd: list[RawSocket]) -> None:
    """All send their join at the same time."""
    for raw in crowd:
        raw.send(command("join", 1))


async def come_in(raw: RawSocket) -> int:
    """Having asked, go on as docs/protocol.md says: told to wait, wait and ask again; how often."""
    for waited in itertools.count():
        reply = await raw.message_of("ok", "err")
        if reply["t"] == "ok":
            return waited
        assert reply["code"] == "rate_limited"
        await asyncio.sleep(reply["retry_ms"] / 1000)
        raw.send(command("join", waited + 2))
    raise AssertionError("never let in")


async def open_sale(host: RawSocket) -> str:
    product = {"sku": "tea", "title": "Tea", "price": 900, "currency": "CNY"}
    host.send(command("shelf.put", 2, product=product), command("sale.open", 3, **SALE))
    while (reply := await host.message_of("ok", "err"))["ref"] != 3:
        assert reply["t"] == "ok", reply
    return str(reply["sale"]["sale"])


async def buy_until(done: asyncio.Event, buyer: RawSocket, sale: str) -> int:
    """Buy one after the other until told to stop, some at least; how many were answered ok."""
    bought = 0
    while bought < 3 or not done.is_set():
        buyer.send(command("buy", bought + 10, sale=sale, qty=1, key=f"k{bought}"))
        reply = await buyer.message_of("ok", "err")
        assert reply["t"] == "ok", reply
        bought += 1
        await asyncio.sleep(0.1)
    return bought


async def test_everybody_gets_back_in_and_orders_flow_meanwhile(
    connect: Connect, token: Token
) -> None:
    host, buyer = await connect(), await connect()
    await host.join(token("h1", Role.HOST))
    await buyer.join(token("u1"))
    sale = await open_sale(host)
    crowd = await crowd_of(connect)

    done = asyncio.Event()
    buying = asyncio.create_task(buy_until(done, buyer, sale))
    all_ask(crowd)
    waits = await asyncio.gather(*(come_in(raw) for raw in crowd))
    done.set()

    assert len(waits) == CROWD
    assert sum(waits) > 0, "nobody was asked to wait: the storm was none"
    assert await buying >= 3


async def test_a_client_that_was_told_to_wait_is_not_closed_for_joining_late(
    edge: Edge, connect: Connect
) -> None:
    crowd = await crowd_of(connect)
    all_ask(crowd)
    while not all(was_answered(connection) for connection in edge.connections):
        await asyncio.sleep(0.01)

    time_is_up(edge.waiting_for_join)

    await asyncio.gather(*(come_in(raw) for raw in crowd))
    for raw in crowd:
        raw.send(command("ping", 99))
        assert (await raw.message_of("ok"))["ref"] == 99


def was_answered(connection: Seat) -> bool:
    """Whether this connection's join was answered, or told to wait."""
    assert isinstance(connection, Connection)
    return connection.room is not None or connection._join_by > 0
