"""Delivers every line of the ledger to another system by HTTP.

The ledger is a Redis Stream with the consumer group `outbox`; other readers can add their own
groups. If `outbox.url` is set, each worker takes entries from the group and posts them. A failed
entry is tried again with a growing pause. After `tries_max` it becomes a dead letter of the room,
which an operator can read and replay. Rooms are independent: a failing one pauses alone. Delivery
is at least once: the other system recognises copies by `room` and `n`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Self

from cachetools import LRUCache
from msgspec import Struct, json, msgpack
from redis.exceptions import ResponseError

from server.access.signing import HEADER, sign
from server.background.repeating import Repeating
from server.features.ledger import ledger
from server.features.outbox.settings import OutboxSettings
from server.rooms.every_room import EveryRoom
from server.settings import Settings
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)
GROUP = "outbox"
ROOMS_AT_ONCE = 16
"""Rooms whose entries are delivered at the same time; others wait for their turn."""
JOINED_MAX = 10_000
"""Rooms whose consumer group is known to be there; of more, some are asked again."""
_PAUSE_MAX_S = 300.0

Post = Callable[[str, bytes, dict[str, str]], Awaitable[int]]
"""Posts a body with headers to a URL and gives the HTTP status; raises OSError if it could not."""


class DeadLetter(Struct, frozen=True):
    """An entry of the ledger that could not be delivered. `place` is where it stands there."""

    place: str
    why: str
    at: int


_DEAD = msgpack.Decoder(DeadLetter)


class Outbox:
    """Delivers the ledgers of all rooms. An async context manager around its task."""

    def __init__(self, store: RoomStore, settings: Settings, worker_id: str, post: Post) -> None:
        self._store = store
        self._settings = settings.section(OutboxSettings)
        self._worker = worker_id
        self._post = post
        self._repeating = Repeating("outbox", self._round, self._settings.interval_s, first_s=0.0)
        self._troubles = self._repeating.troubles
        self._rooms = EveryRoom(store, self._troubles)
        self._joined: LRUCache[str, bool] = LRUCache(JOINED_MAX)

    async def __aenter__(self) -> Self:
        if self._settings.url:
            self._repeating.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._repeating.stop()

    async def _round(self) -> float | None:
        """Deliver a batch of each room; at once again if there was something."""
        return 0.0 if await self.deliver_all() else None

    async def deliver_all(self) -> int:
        """Deliver what waits in any room; how many entries were. A room that fails rests."""
        gate = asyncio.Semaphore(ROOMS_AT_ONCE)
        delivered = 0
        async for page in self._rooms.pages():
            rooms = filter(self._troubles.may_try, page)
            delivered += sum(await asyncio.gather(*(self._deliver_of(r, gate) for r in rooms)))
        return delivered

    async def _deliver_of(self, room_id: str, gate: asyncio.Semaphore) -> int:
        async with gate:
            try:
                delivered = await self.deliver(room_id)
            except Exception as error:
                self._troubles.failed(error, room_id)
                return 0
        self._troubles.works(room_id)
        return delivered

    async def deliver(self, room_id: str) -> int:
        """Deliver a batch of a room: what others failed at first, then what is new."""
        key = self._store.keys.room(room_id, "ledger")
        await self._join(key)
        try:
            return await self._deliver_batch(room_id, key)
        except ResponseError as error:
            if not str(error).startswith("NOGROUP"):
                raise
            # Redis came back empty, or the room was made anew: the group went with its ledger.
            self._joined.pop(key, None)
            await self._join(key)
            return await self._deliver_batch(room_id, key)

    async def _deliver_batch(self, room_id: str, key: str) -> int:
        entries = await self._take_over(key)
        if not entries:
            args = (GROUP, self._worker, {key: ">"})
            got = await self._store.redis.xreadgroup(*args, count=self._settings.batch_max)
            entries = [(place, fields, 1) for _, found in got for place, fields in found]
        done = 0
        for place, fields, tries in entries:
            done += await self._deliver_one(room_id, key, place, fields, tries)
        return done

    async def _join(self, key: str) -> None:
        if key in self._joined:
            return
        try:
            await self._store.redis.xgroup_create(key, GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise
        self._joined[key] = True

    async def _take_over(self, key: str) -> list[tuple[bytes, dict[bytes, bytes], int]]:
        """Entries that were tried before and whose pause is over."""
        redis, taken = self._store.redis, []
        first_pause_ms = int(self._settings.retry_s * 1000)
        waiting = await redis.xpending_range(
            key, GROUP, "-", "+", self._settings.batch_max, idle=first_pause_ms
        )
        for entry in waiting:
            tries = entry["times_delivered"]
            pause_s = min(self._settings.retry_s * 2 ** (tries - 1), _PAUSE_MAX_S)
            claimed = await redis.xclaim(
                key, GROUP, self._worker, int(pause_s * 1000), [entry["message_id"]]
            )
            taken += [(place, fields, tries + 1) for place, fields in claimed if fields]
        return taken

    async def _deliver_one(
        self, room_id: str, key: str, place: bytes, fields: dict[bytes, bytes], tries: int
    ) -> int:
        why = await self._send(room_id, place, fields)
        if why and tries < self._settings.tries_max:
            _log.warning("Ledger entry %s of room %s: %s", place.decode(), room_id, why)
            return 0
        transaction = self._store.redis.pipeline(transaction=True)
        if why:
            _log.error("Ledger entry %s of room %s is given up: %s", place.decode(), room_id, why)
            letter = DeadLetter(place.decode(), why, int(time.time() * 1000))
            dead = self._store.keys.room(room_id, "dead_letters")
            transaction.hset(dead, place, msgpack.encode(letter))
        transaction.xack(key, GROUP, place)
        await transaction.execute()
        return 0 if why else 1

    async def _send(self, room_id: str, place: bytes, fields: dict[bytes, bytes]) -> str:
        """Why an entry could not be delivered; empty if it was."""
        try:
            status = await self._post_entry(room_id, place, fields)
        except (OSError, TimeoutError) as error:
            return f"{type(error).__name__}: {error}"
        except Exception as error:  # an entry that can't be read must not hold up those behind it
            self._troubles.failed(error, f"{room_id} entry {place.decode()}")
            return f"{type(error).__name__}: {error}"
        return "" if 200 <= status < 300 else f"answered {status}"

    async def _post_entry(self, room_id: str, place: bytes, fields: dict[bytes, bytes]) -> int:
        body = _body(room_id, place, fields)
        headers = {"Content-Type": "application/json"}
        if self._settings.secret is not None:
            at = int(time.time())
            secret = self._settings.secret.get_secret_value().encode()
            headers[HEADER] = sign(secret, at, body)
        return await self._post(self._settings.url, body, headers)


async def dead_letters(store: RoomStore, room_id: str) -> list[DeadLetter]:
    """What could not be delivered, in the order of the ledger."""
    raw = await store.redis.hgetall(store.keys.room(room_id, "dead_letters"))
    letters = [_DEAD.decode(value) for value in raw.values()]
    return sorted(letters, key=lambda letter: int(letter.place.split("-")[0]))


async def replay(store: RoomStore, room_id: str) -> int:
    """Put the dead letters of a room back among what is to be delivered; how many."""
    letters = await dead_letters(store, room_id)
    key = store.keys.room(room_id, "ledger")
    for letter in letters:
        # Claimed by nobody alive and long idle: the next worker that looks takes it over.
        arguments = (key, GROUP, "replay", 0, letter.place, "IDLE", 10**9, "RETRYCOUNT", 1, "FORCE")
        await store.redis.execute_command("XCLAIM", *arguments)
        await store.redis.hdel(store.keys.room(room_id, "dead_letters"), letter.place)
    return len(letters)


def _body(room_id: str, place: bytes, fields: dict[bytes, bytes]) -> bytes:
    lines = [line | {"n": n} for n, line in ledger.lines_of(place, fields)]
    return json.encode({"room": room_id, "lines": lines})
