"""The time by this machine's clock. Rooms go by the clock of Redis, see `now_ms` in `_room.lua`."""

import time

DAY_MS = 86_400_000


def unix_ms() -> int:
    """Return the time in ms since 1970."""
    return time.time_ns() // 1_000_000
