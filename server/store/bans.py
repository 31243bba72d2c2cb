"""Knows who may not come in, or not buy: in a room, or anywhere.

Each worker keeps all bans, so that a command is judged without a question to Redis, and reads what
changed twice a second from a log. A ban that ended counts no more; a minute later it is removed.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Self

import msgspec
from msgspec import Struct
from redis.exceptions import RedisError

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.protocol.codes import CommandError
from server.store.action_log import ACTIONS_MAX, Action, packed
from server.store.room_store import RoomStore

INTERVAL_S = 0.5
BANS_MAX = 20_000
"""Most bans there may be, about 300 bytes each in Redis and in each worker."""
LOG_MAX = 10_000
"""Changes that the log keeps; who is further behind reads all bans again."""
_PAGE = 1000
_KEPT_MS = 60_000
_REMOVED_AT_ONCE = 100


class Ban(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A user may not come into `room`, or into any if it is empty; with `buying` they may, but not
    buy there. `by` wrote it `at` (Unix ms) for this `reason`; it ends `until`, or when it is
    lifted."""

    user: str
    room: str = ""
    buying: bool = False
    reason: str
    by: str
    at: int
    until: int | None = None

    def holds(self, now_ms: int) -> bool:
        """Whether it has not ended."""
        return self.until is None or now_ms < self.until

    @property
    def sentence(self) -> str:
        """What the user is told."""
        what = "buy" if self.buying else "come in" if self.room else "come into any room"
        where = " in this room" if self.room and self.buying else ""
        end = "" if self.until is None else f" until {_utc(self.until)}"
        return f"You may not {what}{where}{end}: {self.reason.rstrip('.')}."


class _Done(Struct):
    done: bool


_DONE = msgspec.msgpack.Decoder(_Done)
_BAN = msgspec.json.Decoder(Ban)


class Bans:
    """All bans. An async context manager that follows them.

    Each of `heard` is called with a ban that this worker did not know.
    """

    def __init__(self, store: RoomStore, now_ms: Callable[[], int] = unix_ms) -> None:
        self._store = store
        self._now_ms = now_ms
        self._by_user: dict[str, dict[str, Ban]] = {}
        """By user, then by room."""
        self._read_to: str = ""
        """The last entry of the log that was read; empty before all bans were read once."""
        self._ends_ms: float = math.inf
        """When the first ban ends (Unix ms), or earlier: until then none is looked at."""
        self._repeating = Repeating("bans", self.follow, INTERVAL_S)
        self.heard: list[Callable[[Ban], None]] = []

    async def __aenter__(self) -> Self:
        with contextlib.suppress(RedisError, OSError, CommandError):  # they are read when it works
            await self.follow()
        self._repeating.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._repeating.stop()

    def keeps_out(self, user: str, room: str, *, buying: bool = False) -> Ban | None:
        """Return the ban for which this user may not come into a room, or buy there; None if there
        is none. Room "": any room."""
        bans = self._by_user.get(user)
        if bans is None:
            return None
        for place in dict.fromkeys(("", room)):
            ban = bans.get(place)
            if ban is not None and ban.buying <= buying and ban.holds(self._now_ms()):
                return ban
        return None

    def page(
        self, room: str | None, after: tuple[str, str], limit: int
    ) -> tuple[list[Ban], tuple[str, str] | None]:
        """Return bans that hold, by user and room, after a place; and the place of the next page.

        `room` None: all.
        """
        now = self._now_ms()
        found = sorted(
            (ban.user, ban.room)
            for ban in self._all()
            if (room is None or ban.room == room)
            and ban.holds(now)
            and (ban.user, ban.room) > after
        )
        shown = found[:limit]
        bans = [self._by_user[user][place] for user, place in shown]
        return bans, shown[-1] if len(found) > limit else None

    async def put(self, ban: Ban) -> None:
        """Write a ban, in place of the one of this user at this place.

        Raises CommandError `limit_reached`, `unavailable`.
        """
        details = {"reason": ban.reason, "buying": ban.buying, "until": ban.until or 0}
        action = Action(ban.at, ban.by, "ban", ban.room, ban.user, details=details)
        await self._write(_field(ban.user, ban.room), _text(ban), packed(action))
        self._take(ban)

    async def lift(self, user: str, room: str, by: str = "") -> None:
        """Remove a ban, whether it was there or not. `by` is who did it, empty for the server
        itself. Raises CommandError `unavailable`."""
        action = packed(Action(self._now_ms(), by, "unban", room, user)) if by else ""
        await self._write(_field(user, room), "", action)
        self._forget(user, room)

    async def lift_all(self, user: str) -> None:
        """Remove all bans of a user, as somebody who is forgotten. RedisError, CommandError."""
        await self._read_all()
        for room in list(self._by_user.get(user, ())):
            await self.lift(user, room)

    async def follow(self) -> None:
        """Read what changed. Raises RedisError, OSError or CommandError."""
        if not self._read_to:
            await self._read_all()
        key = self._store.keys.shared("ban_log")
        found = await self._store.redis.xrange(key, min=f"({self._read_to}", count=_PAGE)
        if len(found) >= _PAGE:
            await self._read_all()
            found = []  # older than what was read now
        for entry, fields in found:
            self._read_to = max(self._read_to, entry.decode(), key=_place)
            self._apply(fields[b"f"], fields[b"b"])
        await self._remove_ended()

    async def _read_all(self) -> None:
        keys, redis = self._store.keys, self._store.redis
        newest = await redis.xrevrange(keys.shared("ban_log"), count=1)
        # What changes between these two readings is read again with the log, and is the same.
        stored = await redis.hgetall(keys.shared("bans"))
        self._read_to = newest[0][0].decode() if newest else "0-0"
        gone = {_field(ban.user, ban.room).encode() for ban in self._all()} - set(stored)
        for field in gone:
            self._apply(field, b"")
        for number, (field, text) in enumerate(stored.items(), 1):
            self._apply(field, text)
            if number % _PAGE == 0:
                await asyncio.sleep(0)

    def _apply(self, field: bytes, text: bytes) -> None:
        if text:
            self._take(_BAN.decode(text))
        else:
            user, _, room = field.decode().partition("\n")
            self._forget(user, room)

    def _take(self, ban: Ban) -> None:
        bans = self._by_user.setdefault(ban.user, {})
        if bans.get(ban.room) == ban:
            return
        bans[ban.room] = ban
        self._ends_ms = min(self._ends_ms, _end_of(ban))
        for tell in self.heard:
            tell(ban)

    def _forget(self, user: str, room: str) -> None:
        bans = self._by_user.get(user, {})
        bans.pop(room, None)
        if not bans:
            self._by_user.pop(user, None)

    async def _remove_ended(self) -> None:
        before = self._now_ms() - _KEPT_MS
        if self._ends_ms >= before:
            return
        for ban in _first((b for b in self._all() if _end_of(b) < before), _REMOVED_AT_ONCE):
            await self._write(_field(ban.user, ban.room), "", "", was=_text(ban))
            self._forget(ban.user, ban.room)
        self._ends_ms = min(map(_end_of, self._all()), default=math.inf)

    def _all(self) -> Iterator[Ban]:
        for bans in self._by_user.values():
            yield from bans.values()

    async def _write(self, field: str, ban: str, action: str, **more: str) -> None:
        args = {
            "field": field, "ban": ban, "bans_max": BANS_MAX, "log_max": LOG_MAX,
            "action": action, "actions_max": ACTIONS_MAX, **more,
        }  # fmt: skip
        await self._store.run_script("ban_put", "", args, _DONE)


def _field(user: str, room: str) -> str:
    return f"{user}\n{room}"


def _text(ban: Ban) -> str:
    return msgspec.json.encode(ban).decode()


def _end_of(ban: Ban) -> float:
    return math.inf if ban.until is None else ban.until


def _place(entry: str) -> tuple[int, int]:
    at, _, number = entry.partition("-")
    return int(at), int(number)


def _first(found: Iterable[Ban], most: int) -> list[Ban]:
    return [ban for ban, _ in zip(found, range(most), strict=False)]


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
