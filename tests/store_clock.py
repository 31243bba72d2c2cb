"""A clock for scripts that a test moves: in a room where it is set, it stands still by itself.

Ends and deadlines come by the clock of Redis alone, so a test that moves it needs no sleep, and
what is stored stays as it was written.
"""

from typing import Any

from redis.asyncio import Redis

from server.background.clock import unix_ms
from server.house import HOUSE
from server.store.keys import Keys
from server.store.room_store import RoomStore
from server.store.script_library import Script, sha_of
from tests.stored import stored

_FIELD = "test_clock"
_READS = "  local t = redis.call('TIME')\n"
_LOOKS_FIRST = f"""  local still = K.room and redis.call('HGET', K.room, '{_FIELD}')
  if still then
    return tonumber(still)
  end
"""


def _moved(script: Script) -> Script:
    text = script.text.replace(_READS, _LOOKS_FIRST + _READS)
    return script._replace(text=text, sha=sha_of(text))


def store_with_clock(redis: Any, keys: Keys) -> RoomStore:
    """All scripts, by a clock that `set_clock` and `move_clock` set in a room."""
    ours = HOUSE.library.scripts
    scripts = {name: _moved(script) for name, script in ours.items()}
    assert any(script.sha != ours[name].sha for name, script in scripts.items())
    return RoomStore(redis, keys, scripts)


async def set_clock(redis: Redis, room_key: str) -> None:
    """Let the clock of a room, whose hash is under `room_key`, stand still at the time it is."""
    await redis.hset(room_key, _FIELD, str(unix_ms()))


async def move_clock(redis: Redis, room_key: str, ms: int) -> None:
    """Let so much time go by."""
    await redis.hincrby(room_key, _FIELD, ms)


async def clock_of(redis: Redis, room_key: str) -> int:
    """The time it is in a room, in Unix ms."""
    return int(stored(await redis.hget(room_key, _FIELD)))
