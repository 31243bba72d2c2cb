"""Comments said in the scripts' room, and what became of them."""

from typing import Any

import msgspec

from server.house import HOUSE
from tests.store.script_room import DECODER, ScriptRoom, comment
from tests.stored import entries

BOUNDS = {
    "recent_max": 9,
    "review_max": 3,
    "new_ms": 600_000,
    "duplicate_ms": 600_000,
    "flood_ms": 600_000,
    "flood_users_max": 2,
}


async def add(room: ScriptRoom, *comments: dict[str, Any], **changes: Any) -> list[Any]:
    """The outcomes of one batch."""
    outcomes: list[Any] = await room.run("comments.add", comments=comments, **BOUNDS | changes)
    return outcomes


async def one(room: ScriptRoom, text: str = "hi", user: str = "u1", **changes: Any) -> Any:
    """The outcome of one comment."""
    [outcome] = await add(room, comment(text, user, **changes))
    return outcome


async def facts(room: ScriptRoom) -> list[Any]:
    """What was recorded since the start of the stream, without times."""
    packed = entries(await room.redis.xrange(room.key("timeline")))
    found = [DECODER.decode(values[b"e"]) for _, values in packed]
    return [{k: v for k, v in fact.items() if k != "at"} for fact in found if fact["k"] != "phase"]


async def says(room: ScriptRoom) -> list[tuple[str, Any]]:
    """(user or "", event) of what the bus carried since the last look, all of our protocol."""
    found = [(who, e) for message in await room.published() for _, _, who, e in message["says"]]
    for _, event in found:
        msgspec.convert(event, HOUSE.shape.events)
    return found


async def recent(room: ScriptRoom) -> list[str]:
    """The ids a snapshot would show, oldest first."""
    return [c["id"] for c in (await room.run("room_load", recent_max=9))["recent"]]
