"""Polls and lucky draws whose time goes by when a test says so."""

from collections.abc import Awaitable
from typing import Any

import msgspec
import pytest

from server.access.auth import Identity
from server.protocol.codes import CommandError
from server.protocol.roles import Role
from server.rooms import timeline
from tests.rooms.rig import ROOM, Rig
from tests.stored import stored

_ANY = msgspec.msgpack.Decoder()


def viewer(user: str) -> Identity:
    """A viewer whose name is not their id."""
    return Identity(user, f"{user} Name", Role.VIEWER)


async def refusal(attempt: Awaitable[Any]) -> str:
    """The code an attempt is refused with."""
    with pytest.raises(CommandError) as refused:
        await attempt
    return refused.value.code


async def let_end(rig: Rig, kind: str, round_id: str) -> None:
    """Move the end of one of the `polls` or `luckies` into the past."""
    raw = _ANY.decode(stored(await rig.redis.hget(rig.key(kind), round_id)))
    raw["ends"] = 1
    await rig.redis.hset(rig.key(kind), round_id, msgspec.msgpack.encode(raw))
    await rig.redis.zadd(rig.key("ends"), {round_id: 1})


async def sweep(rig: Rig) -> int:
    """What a worker's sweeper does; how much changed."""
    return await rig.worker.sweeper.sweep([ROOM])


async def facts(rig: Rig, kind: str) -> list[dict[str, Any]]:
    """The facts of this kind in the timeline."""
    pages = [page async for page in timeline.read(rig.store, ROOM)]
    return [fact for page in pages for _, fact in page if fact["k"] == kind]
