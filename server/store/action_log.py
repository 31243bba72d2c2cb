"""The log of what people at work do outside rooms, such as banning somebody.

What they do in a room stands in its timeline. All else is written by the script that does it, in
the same step, to a stream that is read from here into the records and then shortened
(`features.actions`): so nothing is lost while the records are away.
"""

from typing import Any

from msgspec import MsgspecError, Struct, json

from server.store.room_store import RoomStore

ACTIONS_MAX = 100_000
"""Actions that wait for the records; beyond this the oldest are lost."""
AT_ONCE = 500


class Action(Struct, frozen=True, array_like=True):
    """`by` did `what` at a time (Unix ms): in `room`, or everywhere if it is empty; to `user`, or
    to the thing with the id `ref`, or both."""

    at: int
    by: str
    what: str
    room: str = ""
    user: str = ""
    ref: str = ""
    details: dict[str, Any] = {}


_ACTION = json.Decoder(Action)


def packed(action: Action) -> str:
    """Return an action as scripts write it to the stream."""
    return json.encode(action).decode()


async def waiting_actions(store: RoomStore) -> list[tuple[str, Action | None]]:
    """Return the oldest actions that wait, each with its place, at most `AT_ONCE`; None for one
    that can't be read, which the log names. Raises RedisError or OSError."""
    key = store.keys.shared("action_log")
    found: list[tuple[str, Action | None]] = []
    for raw, fields in await store.redis.xrange(key, count=AT_ONCE):
        place, action = raw.decode(), None
        try:
            action = _ACTION.decode(fields[b"e"])
        except (MsgspecError, UnicodeDecodeError, KeyError) as error:
            store.note_damaged("", f"action_log {place}", str(error))
        found.append((place, action))
    return found


async def drop_actions(store: RoomStore, to: str) -> None:
    """Drop all actions up to a place, once the records have them. Raises RedisError or OSError."""
    key = store.keys.shared("action_log")
    ms, _, number = to.partition("-")
    await store.redis.xtrim(key, minid=f"{ms}-{int(number) + 1}", approximate=False)
