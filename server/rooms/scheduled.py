"""Bounds how many rooms of a host wait for their start: each takes a place, and gives it back.

The places of a host are one zset, which one script reads and changes, so two requests at once
can't both take the last one. Rooms lie in other slots: a worker that dies may leave a place taken
by a room that started, or was never made. When none is left, the rooms that hold one are looked at.
"""

import asyncio
import logging
from typing import Any

from msgspec import Struct, msgpack

from server.background.clock import unix_ms
from server.protocol.codes import CommandError
from server.store.reading import asked
from server.store.room_store import RoomStore

_log = logging.getLogger(__name__)

ROOMS_READ_MAX = 1000
"""A host's newest rooms, among which those that wait are looked for when none is known."""
MAKING_MS_MAX = 60_000
"""A room that is not there after so long is not being made any more."""
FREE_S_MAX = 1.0
"""Longest wait of a command for a place to be given back."""
_TRIES_MAX = 3


class _Answer(Struct):
    taken: bool
    begun: bool = True
    rooms: list[str] = []


_ANSWER = msgpack.Decoder(_Answer)


class Scheduled:
    """Gives each host `rooms_max` places for rooms that wait for their start."""

    def __init__(self, store: RoomStore, rooms_max: int) -> None:
        self._store = store
        self._rooms_max = rooms_max

    async def take_place(self, host: str, room_id: str) -> None:
        """Take a place. Raises CommandError `limit_reached` if the host's are all taken."""
        now = unix_ms()
        args: dict[str, Any] = {"of": room_id, "at": now, "rooms_max": self._rooms_max}
        for _ in range(_TRIES_MAX):
            answer = await self._store.run_script("host_schedule", host, args, _ANSWER)
            if answer.taken:
                return
            if not answer.begun:
                args["known"] = await self._waiting(host)
                continue
            gone = await self._gone(answer.rooms, now)
            if not gone:
                break
            args["gone"] = gone
        raise CommandError(
            "limit_reached",
            f"At most {self._rooms_max} rooms of a host can wait for their start: start one, or "
            "cancel one, then make this one.",
        )

    async def free_place(self, host: str, room_id: str) -> None:
        """Give a place back; a failure is logged, as the place is found free when it is needed."""
        key = self._store.keys.host(host, "scheduled")
        try:
            async with asyncio.timeout(FREE_S_MAX):
                await asked(self._store.redis.zrem(key, room_id))
        except (CommandError, TimeoutError) as error:
            _log.warning(
                "The place of room %s among those that wait is free later: %s",
                room_id,
                error or "no answer",
            )

    async def _waiting(self, host: str) -> list[tuple[str, int]]:
        """The host's rooms that wait, of those made before places were counted; and since when."""
        listed = await asked(
            self._store.redis.zrevrange(
                self._store.keys.host(host, "rooms"), 0, ROOMS_READ_MAX - 1, withscores=True
            )
        )
        made = {raw.decode(errors="replace"): int(score) for raw, score in listed}
        phases = await self._phases(list(made))
        return [(room_id, made[room_id]) for room_id in made if phases[room_id] == b"scheduled"]

    async def _gone(self, rooms: list[str], now: int) -> list[str]:
        """Those of the rooms {id, ms, id, ms, ...} that wait no longer. One that can't be read
        keeps its place."""
        since = dict(zip(rooms[::2], map(int, rooms[1::2]), strict=True))
        phases = await self._phases(list(since))
        return [
            room_id
            for room_id, phase in phases.items()
            if phase in (b"live", b"ended")
            or (phase is None and now - since[room_id] > MAKING_MS_MAX)
        ]

    async def _phases(self, rooms: list[str]) -> dict[str, Any]:
        if not rooms:
            return {}
        pipeline = self._store.redis.pipeline(transaction=False)
        for room_id in rooms:
            pipeline.hget(self._store.keys.room(room_id, "room"), "phase")
        answers = await asked(pipeline.execute(raise_on_error=False))
        return dict(zip(rooms, answers, strict=True))
