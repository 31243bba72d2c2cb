"""One room that can't take what it hears leaves the others of the bus alone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from server.features.notices.messages import NoticeEvent
from server.house import HOUSE, keys_under
from server.settings import Settings
from server.store.bus import Bus, BusMessage, Position, Say
from server.telemetry.metrics import Metrics


class Room:
    """Notes what it is told; a bad one raises at everything."""

    def __init__(self, *, bad: bool = False) -> None:
        self.bad = bad
        self.heard_of: list[BusMessage[Any]] = []
        self.doubts = 0
        self.news = asyncio.Event()

    def heard(self, message: BusMessage[Any]) -> None:
        if self.bad:
            raise ValueError("this room is broken")
        self.heard_of.append(message)
        self.news.set()

    def maybe_lost(self) -> None:
        self.doubts += 1
        self.news.set()
        if self.bad:
            raise ValueError("this room is broken")


@pytest.fixture
async def bus(redis: Redis, settings: Settings, prefix: str) -> AsyncIterator[Bus]:
    async with Bus(
        redis, keys_under(prefix), HOUSE.shape.bus_decoder, settings.bus, "w1", Metrics()
    ) as made:
        yield made


async def tell(redis: Redis, channel: str) -> None:
    say = Say(1, 0, "", NoticeEvent(text="hello"))
    message = BusMessage("e1", Position(0, 0), Position(1, 0), [say])
    await redis.publish(channel, msgspec.msgpack.encode(message))


async def test_a_room_that_cannot_take_a_message_is_put_in_doubt_alone(
    redis: Redis, bus: Bus, prefix: str
) -> None:
    bad, good = Room(bad=True), Room()
    await bus.subscribe("bad", bad)
    await bus.subscribe("good", good)
    await tell(redis, keys_under(prefix).room("bad", "bus"))
    await bad.news.wait()
    await tell(redis, keys_under(prefix).room("good", "bus"))
    await good.news.wait()
    assert (bad.doubts, good.doubts) == (1, 0)
    assert len(good.heard_of) == 1


async def test_a_message_that_nobody_understands_costs_its_room_a_look_at_the_stream(
    redis: Redis, bus: Bus, prefix: str
) -> None:
    room, other = Room(), Room()
    await bus.subscribe("tea", room)
    await bus.subscribe("milk", other)
    await redis.publish(keys_under(prefix).room("tea", "bus"), b"\xc1 garbage")
    await room.news.wait()
    assert (room.doubts, other.doubts) == (1, 0)
