"""A room seen from below: its scripts, its bus, its stream and a dump of all its keys."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from redis.asyncio import Redis

from server.protocol.codes import CommandError
from server.store.room_store import RoomStore
from tests.stored import entries, stored_hash

DECODER = msgspec.msgpack.Decoder()
EVENTS_MAX = 1000

CREATE = {
    "title": "Tea",
    "host": "h1",
    "host_name": "Mei",
    "scheduled": 0,
    "stream_url": None,
    "embed_url": None,
    "epoch": "e1",
}


def comment(text: str = "hi", user: str = "u1", **changes: Any) -> dict[str, Any]:
    """A comment as a worker hands it to the script; its id is `c-<text>` unless told."""
    base = {"id": f"c-{text}", "user": user, "name": user.upper(), "role": "viewer", "text": text}
    return base | changes


def product(sku: str = "tea", **changes: Any) -> dict[str, Any]:
    """A product of the shelf."""
    return {"sku": sku, "title": f"A {sku}", "price": 1990, "currency": "CNY"} | changes


class ScriptRoom:
    """One room on a real Redis; `say`s what a script answers and what it told the bus."""

    def __init__(self, store: RoomStore, redis: Redis, bus: Any, room_id: str) -> None:
        self.store = store
        self.redis = redis
        self.id = room_id
        self._bus = bus

    def key(self, name: str) -> str:
        return self.store.keys.room(self.id, name)

    async def run(self, script: str, /, **args: Any) -> Any:
        """What the script returns, decoded. `events_max` is given unless told."""
        return await self.store.run_script(
            script, self.id, {"events_max": EVENTS_MAX} | args, DECODER
        )

    async def tell(self, script: str, /, **args: Any) -> list[Any]:
        """Run the script; the messages the bus carried because of it."""
        await self.published()
        await self.run(script, **args)
        return await self.published()

    async def events(self, script: str, /, **args: Any) -> list[dict[str, Any]]:
        """Run the script; the events in the one bus message it sent."""
        messages = await self.tell(script, **args)
        assert len(messages) == 1
        return [event for _, _, _, event in messages[0]["says"]]

    async def refused(self, script: str, /, **args: Any) -> CommandError:
        """Run a script that must refuse, leave every key as it was, and say nothing."""
        await self.published()
        refused = await self.refused_quietly(script, **args)
        assert await self.published() == []
        return refused

    async def refused_quietly(self, script: str, /, **args: Any) -> CommandError:
        """Run a script that must refuse and leave every key as it was."""
        before = await self.dump()
        with pytest.raises(CommandError) as caught:
            await self.run(script, **args)
        assert await self.dump() == before
        return caught.value

    async def published(self) -> list[Any]:
        """The bus messages since the last call. A pong comes after all that was published."""
        await self._bus.ping()
        messages: list[Any] = []
        while True:
            got = await self._bus.get_message(timeout=None)
            if got["type"] == "pong":
                return messages
            if got["type"] == "message":
                messages.append(DECODER.decode(got["data"]))

    async def dump(self) -> Mapping[str, bytes | None]:
        """Every key of the room, byte for byte, but the mark of its sleep: a refusal may wake."""
        names = set(self.store.keys.room_keys) - {"asleep"}
        return {name: await self.redis.dump(self.key(name)) for name in names}

    async def stream(self) -> list[tuple[str, dict[str, Any], str]]:
        """The event stream: (id, event, user or '')."""
        found = entries(await self.redis.xrange(self.key("events")))
        return [
            (at.decode(), DECODER.decode(values[b"e"]), values.get(b"u", b"").decode())
            for at, values in found
        ]

    async def fields(self) -> dict[str, str]:
        """The room hash."""
        found = stored_hash(await self.redis.hgetall(self.key("room")))
        return {name.decode(): value.decode() for name, value in found.items()}

    async def create(self, phase: str = "live", **changes: Any) -> None:
        """Make the room and bring it to a phase."""
        await self.run("room_create", **CREATE | changes)
        if phase != "scheduled":
            await self.run("phases.set", phase="live", user="h1")
        if phase == "ended":
            await self.run("phases.set", phase="ended", user="h1")
        await self.published()


@asynccontextmanager
async def script_room(store: RoomStore, room_id: str) -> AsyncIterator[ScriptRoom]:
    """A room that does not exist yet, with its bus listened to."""
    async with store.redis.pubsub() as bus:
        await bus.subscribe(store.keys.room(room_id, "bus"))
        yield ScriptRoom(store, store.redis, bus, room_id)
