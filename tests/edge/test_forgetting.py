"""A connection that ended is freed at once, without the collector of cycles, which looks seldom."""

import asyncio
import gc
from collections.abc import Iterator

import pytest

from server.edge.connection import Connection
from server.edge.edge import Edge
from server.edge.listener import Listener
from tests.edge.conftest import Connect, Token, time_is_up
from tests.edge.raw_socket import RawSocket, command

Ending = str


@pytest.fixture
def collector_is_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def end(raw: RawSocket, token: str, how: Ending) -> None:
    if how == "before its request":
        pass
    elif how == "before its join":
        await raw.upgrade()
    elif how == "refused":
        await raw.upgrade()
        raw.send(command("join", 1, token="no.such.token"))
        await raw.ended()
    else:
        await raw.join(token)
        raw.send(command("comment", 2, text="hello"))
        await raw.message("ok")
        raw.send(command("buy", 3, sku="none", sale="none"))
        await raw.message("err")
    await raw.close()


@pytest.mark.usefixtures("collector_is_off")
@pytest.mark.parametrize("how", ["before its request", "before its join", "refused", "in the room"])
async def test_a_connection_that_ended_leaves_nothing(
    connect: Connect, token: Token, edge: Edge, how: Ending
) -> None:
    for n in range(3):
        await end(await connect(), token(f"u{n}"), how)
    async with asyncio.timeout(60):
        while edge.connections or len(edge.silent_sockets):
            await asyncio.sleep(0.01)
    for waits in (edge.waiting_for_head, edge.waiting_for_join, edge.closing, edge.unread):
        time_is_up(waits)
    await asyncio.sleep(0)

    left = [o for o in gc.get_objects() if isinstance(o, Connection | Listener)]
    assert not left, [gc.get_referrers(o) for o in left]
