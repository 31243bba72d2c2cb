"""Takes rooms out of Redis that nobody needs any more.

A room that ended `records.retire_after_s` ago leaves if nothing in it is due and no feature has a
reason against it: everything is copied to the archive, told to the other system, and audited equal.
All its keys go to the records as one snapshot; in Redis stays its hash, a tombstone, so that lists
still show it. Whoever needs the room brings it back (`rooms.restoring`), so that every answer is
the same as before.

While a room leaves, its scripts refuse, and whoever runs one wakes it: then nothing has happened.
"""

import contextlib
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Self

from msgspec import Struct, msgpack

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.protocol.codes import CommandError
from server.records.database import Database
from server.records.errors import RecordsAway
from server.records.forgotten import gone_in, half_done, note_rewritten, strike_off
from server.records.lease import take_lease
from server.records.retired import (
    Part,
    drop_older,
    due_rooms,
    enter,
    note_away,
    write_parts,
)
from server.rooms.awake_rooms import REST
from server.rooms.forgetting import Forgets, Rewrites, people_in
from server.rooms.packing import Unpackable, pack
from server.rooms.pseudonyms import Pseudonyms
from server.settings import Settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)

TASK = "retiring"
LEFT_ALREADY = "it has left already"
"""What `retire_begin.lua` says of a tombstone."""
LEASE_S = 60.0
ROOMS_A_ROUND = 50
AHEAD_MS = 3_600_000
"""How far ahead it is asked whether any room may leave."""

Stays = Callable[[RoomStore, str], Awaitable[str]]
"""(store, room) -> why the room must stay in Redis for now, or ''. The store wakes no room."""
Ended = Callable[[Any, int, int], Awaitable[Sequence[str]]]
"""(connection, before, count) -> rooms in the records that ended before a time (ms), by that."""


class _Begun(Struct):
    why: str


class _Left(Struct):
    left: bool


_BEGUN = msgpack.Decoder(_Begun)
_LEFT = msgpack.Decoder(_Left)
_ANY = msgpack.Decoder(Any)


class _OthersToForget(Exception):
    """Somebody is to be forgotten in a room since it was packed."""


class Outcome(NamedTuple):
    """What became of an attempt: the room left, or `why` it stays."""

    left: bool
    why: str = ""
    bytes: int = 0


class Retirer:
    """Retires rooms while the context is open, if this worker holds the lease.

    `store` must wake no room: `RoomStore.restore` is None. `pending_args` is what the features'
    parts of `room_rest` are told of the settings; None: they are not asked. `ended` finds rooms in
    the records.
    `forgets` and `shapes` take people out of a room that leaves (`rooms.forgetting`).
    """

    def __init__(
        self,
        store: RoomStore,
        records: Database,
        settings: Settings,
        worker_id: str,
        pending_args: Mapping[str, Any] | None,
        stays: Sequence[Stays],
        ended: Ended | None,
        metrics: Metrics,
        clock: Callable[[], int] = unix_ms,
        *,
        forgets: Sequence[Forgets] = (),
        shapes: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._forgets = forgets
        self._shapes = shapes
        self._store = store
        self._records = records
        self._settings = settings.records
        self._worker_id = worker_id
        self._pending_args = pending_args
        self._quiet_until = 0
        """Until then (ms) no room can be due: what ends or comes back from now on is due later."""
        self._stays = stays
        self._ended = ended
        self._metrics = metrics
        self._clock = clock
        self._repeating = Repeating("retiring", self._round, self._settings.retire_interval_s)
        self._troubles = self._repeating.troubles

    async def __aenter__(self) -> Self:
        if self._ended is not None:
            self._repeating.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._repeating.stop()

    async def _round(self) -> None:
        now = self._clock()
        async with self._records.writing() as connection:
            lease_ms = int(LEASE_S * 1000)
            if not await take_lease(connection, TASK, self._worker_id, now, lease_ms):
                return
        await self._finish_forgetting()
        for room in await self._candidates(now):
            if self._troubles.may_try(room):
                await self._try(room)

    async def _candidates(self, now: int) -> list[str]:
        assert self._ended is not None
        if now < self._quiet_until:
            return []
        after_ms = int(self._settings.retire_after_s * 1000)
        before, ahead = now - after_ms, min(after_ms, AHEAD_MS)
        async with self._records.reading() as connection:
            # The question costs more the more rooms ever left, so it is asked for a while ahead.
            if ahead and not await self._ended(connection, before + ahead, 1):
                self._quiet_until = now + ahead
                return []
            ended = await self._ended(connection, before, ROOMS_A_ROUND)
            return await due_rooms(connection, ended, before)

    async def _try(self, room: str) -> None:
        try:
            outcome = await self.retire(room)
        except RecordsAway:
            raise
        except Exception as error:  # the other rooms leave all the same
            self._troubles.failed(error, room)
            return
        self._troubles.works(room)
        if not outcome.left:
            _log.debug("Room %s stays in Redis: %s.", room, outcome.why)

    async def retire(
        self, room: str, *, at_once: bool = False, rewrites: Sequence[Rewrites] = ()
    ) -> Outcome:
        """Take a room out of Redis; `at_once` asks nothing of the time since its end.

        `rewrites` go over its snapshot, then over the archive.

        Raises CommandError, RecordsAway, RedisError or OSError; then the room is still there, and
        the next script wakes it.
        """
        token = secrets.token_hex(8)
        after_ms = 0 if at_once else int(self._settings.retire_after_s * 1000)
        args = {"token": token, "ended_before": self._clock() - after_ms}
        begun = await self._store.run_script("retire_begin", room, args, _BEGUN)
        if begun.why:
            if begun.why == LEFT_ALREADY:
                await self._note_away(room)  # whoever took it out died before it could
            return Outcome(False, begun.why)
        try:
            outcome = await self._leave_if_settled(room, token, rewrites)
        except BaseException:
            with contextlib.suppress(CommandError):  # then the next script wakes it
                await self._wake(room)
            raise
        if not outcome.left:
            await self._wake(room)
        return outcome

    async def _leave_if_settled(
        self, room: str, token: str, rewrites: Sequence[Rewrites]
    ) -> Outcome:
        if why := await self._why_it_stays(room, token):
            return Outcome(False, why)
        try:
            return await self._leave(room, token, rewrites)
        except Unpackable as unpackable:
            return Outcome(False, str(unpackable))
        except _OthersToForget:
            return Outcome(False, "somebody is to be forgotten in it since a moment ago")

    async def _note_away(self, room: str) -> None:
        async with self._records.writing() as connection:
            await note_away(connection, room, self._clock())

    async def _why_it_stays(self, room: str, token: str) -> str:
        if by := await self._pending_by(room, token):
            return f"something in it is still to be done, now or later ({by})"
        for stays in self._stays:
            if why := await stays(self._store, room):
                return why
        return ""

    async def _pending_by(self, room: str, token: str) -> str:
        """The features with something pending in the room: what keeps it awake keeps it here."""
        if self._pending_args is None:
            return ""
        args = {**self._pending_args, "leaving": token}
        return (await self._store.run_script("room_rest", room, args, REST)).by

    async def _leave(self, room: str, token: str, rewrites: Sequence[Rewrites]) -> Outcome:
        snapshot = secrets.token_hex(12)
        parts = pack(self._store.redis, self._keys_of(room))
        for each in rewrites:
            parts = each.over(parts)
        people = await people_in(self._records, room, self._shapes)
        if people is not None:
            parts = people.over(parts)
            host = await self._store.redis.hget(self._store.keys.room(room, "room"), "host")
            if host and host.decode() in people.gone:
                # They tell the room's settings, with ids made of the host's; nobody resumes here.
                parts = _without(parts, "events")
        stored = await write_parts(self._records, room, snapshot, parts)
        made, entries, timeline = await self._facts(room)
        async with self._records.writing() as connection:
            if await gone_in(connection, room) != (people.gone if people else {}):
                raise _OthersToForget
            await enter(connection, room, made, snapshot, stored, self._clock())
            await note_rewritten(connection, room, snapshot)
        args = {"token": token, "snapshot": snapshot, "entries": entries, "timeline": timeline}
        left = await self._store.run_script("retire_end", room, args, _LEFT)
        if not left.left:
            return Outcome(False, "somebody came back to it meanwhile")
        await self._note_away(room)
        if people is not None:
            await self._forget(room, people, snapshot)
        for each in rewrites:
            for forgets in self._forgets:
                await forgets.rewrite(self._records, room, each)
        if rewrites:
            await self._drop_older(room, snapshot)
            await self._tell_workers(room)
        self._metrics.records_retired_rooms.inc()
        return Outcome(True, "", stored.bytes)

    async def _forget(self, room: str, people: Pseudonyms, snapshot: str) -> None:
        """Take people out of the records of a room whose snapshot names them no more.

        Only now: while Redis had the old entries, the archive would have copied them again.
        """
        for host, pseudonym in people.gone.items():
            args = {"host": host, "pseudonym": pseudonym}
            await self._store.run_script("room_rehost", room, args, _ANY)
        async with self._records.writing() as connection:
            for forgets in self._forgets:
                await forgets.forget(connection, room, people)
            await strike_off(connection, room, people.gone, snapshot)
        await self._tell_workers(room)

    async def _tell_workers(self, room: str) -> None:
        """Let workers that have a rewritten room open still, though nobody counts as in it, read it
        anew: newcomers would be shown what was taken out."""
        await self._store.run_script("room_anew", room, {}, _ANY)

    async def _drop_older(self, room: str, snapshot: str) -> None:
        """Drop the snapshots that still have what was taken out."""
        async with self._records.writing() as connection:
            await drop_older(connection, room, snapshot)

    async def _finish_forgetting(self) -> None:
        """Do what a process left undone that died when its room had just left."""
        async with self._records.reading() as connection:
            rooms = await half_done(connection)
        for room, snapshot in rooms:
            key = self._store.keys.room(room, "room")
            if await self._store.redis.hget(key, "left") == snapshot.encode():
                people = await people_in(self._records, room, self._shapes)
                if people is not None:
                    await self._forget(room, people, snapshot)

    def _keys_of(self, room: str) -> Iterable[tuple[str, str]]:
        keys = self._store.keys
        apart = ("room", "bus", "restoring")  # the tombstone; a channel; ours
        return [(name, keys.room(room, name)) for name in keys.room_keys if name not in apart]

    async def _facts(self, room: str) -> tuple[int, int, str]:
        """Return when the room was made, and how far its ledger and timeline go."""
        keys = self._store.keys
        pipeline = self._store.redis.pipeline(transaction=False)
        pipeline.hget(keys.room(room, "room"), "created")
        pipeline.hget(keys.room(room, "stats"), "entries")
        pipeline.xrevrange(keys.room(room, "timeline"), count=1)
        created, entries, newest = await pipeline.execute()
        return int(created or 0), int(entries or 0), newest[0][0].decode() if newest else ""

    async def _wake(self, room: str) -> None:
        """End an attempt that did not come to its end."""
        args = {"token": "", "lock_ms": 1}
        await self._store.run_script("restore_begin", room, args, msgpack.Decoder(dict[str, Any]))


async def _without(batches: AsyncIterator[list[Part]], key: str) -> AsyncIterator[list[Part]]:
    """Yield the same parts, except those of a key."""
    async for parts in batches:
        yield [part for part in parts if part.key != key]
