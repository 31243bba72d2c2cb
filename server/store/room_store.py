"""The store of rooms and hosts: runs the Lua scripts, which alone change their state.

Workers look for due work only in rooms that are awake; these stand in one index, `Keys.awake`. A
room that has nothing pending is put to sleep: a mark in its key `asleep` makes each script that
could leave work there refuse. The store then puts the room into the index, takes the mark away, and
runs the script again. So a room without a mark is always in the index, whoever is late or dies in
between (docs/decisions/0070).
"""

import functools
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

import msgspec
from redis.exceptions import NoScriptError, RedisError

from server.background.troubles import Troubles as RowTroubles
from server.protocol.codes import CommandError
from server.store.cluster import Cluster
from server.store.durability import FSYNC, Durability
from server.store.keys import Keys
from server.store.refusals import is_a_replica, refusal_of, words_of
from server.store.request_key import UNDER_WAY
from server.store.script_library import ALL, ASLEEP, HOST, LEFT, Script
from server.store.troubles import Troubles
from server.telemetry.metrics import Metrics

T = TypeVar("T")

UNAVAILABLE_RETRY_MS = 1000
TRIES_MAX = 8
"""How often a script is run for one call: its room may sleep, or leave Redis, again meanwhile."""
UNINDEXED_MAX = 10_000
"""Rooms remembered that were changed while the index could not be reached."""
MARKED_MAX = 10_000
"""Rooms remembered in which this worker may have left due work; others are found by a lap."""
DAMAGED_ROWS = "stored rows"
"""The name under which rows that can't be read are logged and counted, once a cause."""

_ANY = msgspec.msgpack.Decoder(Any)


class DamagedRow(Exception):
    """A stored row can't be read, so that its work waits; the text says why."""


class RoomLeft(Exception):
    """The room is not in Redis, and this store brings no room back."""


class _Refusal(msgspec.Struct):
    """A refusal, which every script may return instead of its result."""

    err: str | None = None
    msg: str = ""
    retry_ms: int | None = None


class RoomStore:
    """Runs scripts on one Redis, or on the node of a Cluster that owns the room.

    `library` has all scripts by name (see `script_library`); `durability` is the promise that
    durable scripts wait for.
    """

    def __init__(
        self,
        redis: Any,
        keys: Keys,
        library: Mapping[str, Script],
        *,
        durability: Durability = FSYNC,
        metrics: Metrics | None = None,
    ) -> None:
        self.redis = redis
        self.keys = keys
        self._publish = "SPUBLISH" if isinstance(redis, Cluster) else "PUBLISH"
        self.durability = durability
        self._scripts = library
        self._metrics = metrics
        if metrics is not None:
            metrics.before_first_reading(functools.partial(_begin_at_zero, metrics, library))
        self._damaged = RowTroubles(DAMAGED_ROWS)
        self._unindexed = RowTroubles("awake rooms")
        self.unindexed: dict[str, None] = {}
        """Rooms that this worker changed though they could not be put into the index."""
        self.marked: set[str] = set()
        """Rooms in which this worker may have left due work since `take_marked`."""
        self._marking: frozenset[str] = frozenset()
        self.restore: Callable[[str], Awaitable[None]] | None = None
        """Brings a room back that left Redis; set once the records are known."""
        self._refusal = msgspec.msgpack.Decoder(_Refusal)
        self._troubles: Troubles | None = getattr(redis, "troubles", None)

    def mark_work_in(self, keys: frozenset[str]) -> None:
        """From now on mark each room on which a script runs that uses one of these keys."""
        self._marking = frozenset(
            name for name, script in self._scripts.items() if not keys.isdisjoint(script.keys)
        )

    def take_marked(self) -> set[str]:
        """Return the rooms that are marked, and mark them no longer."""
        marked, self.marked = self.marked, set()
        return marked

    async def run_script(
        self, name: str, room_id: str, args: dict[str, Any], decoder: msgspec.msgpack.Decoder[T]
    ) -> T:
        """Run a script on a room (for host scripts, on the host `room_id`) and decode its result.

        A room that left Redis is brought back first. Raises CommandError with the script's own code
        and sentence. Raises `unavailable` if Redis refused to write, or did not answer; in the
        latter case the outcome is unknown.
        """
        script = self._scripts[name]
        if name in self._marking and len(self.marked) < MARKED_MAX:
            self.marked.add(room_id)
        keys = [self._name_of(script, room_id, key) for key in script.keys]
        request = UNDER_WAY.get() if script.keyed else None
        if request is not None:
            args = args | {"request": request.call_of(name)}
        args = {"publish": self._publish, "room": room_id} | args
        for _ in range(TRIES_MAX):
            raw = await self._answer_of(script, room_id, keys, msgspec.msgpack.encode(args))
            if not 0x80 <= raw[0] <= 0x8F:  # a small map: every refusal is one
                return decoder.decode(raw)
            refusal = self._refusal.decode(raw)
            if refusal.err is None:
                return decoder.decode(raw)
            if refusal.err == LEFT:
                if self.restore is None:
                    raise RoomLeft(refusal.msg)
                await self.restore(room_id)
            elif refusal.err == ASLEEP:
                args["awake"] = not await self.wake_from(room_id, refusal.msg)
            else:
                raise CommandError(refusal.err, refusal.msg, refusal.retry_ms)
        raise CommandError(
            "unavailable",
            f"The room `{room_id}` is on its way to the records, or to sleep; nothing was written.",
            UNAVAILABLE_RETRY_MS,
        )

    async def must_be_here(self, room_id: str) -> bool:
        """Bring a room back if it left Redis; whether that was done.

        Whoever reads a room without a script asks this *after* reading, and reads again if it had:
        what was there before it left, it has read. Raises RedisError or OSError.
        """
        if self.restore is None:
            return False
        left = await self.redis.hexists(self.keys.room(room_id, "room"), LEFT)
        if left:
            await self.restore(room_id)
        return bool(left)

    def _name_of(self, script: Script, room_id: str, key: str) -> str:
        if script.of == ALL:
            return self.keys.shared(key)
        return self.keys.host(room_id, key) if script.of == HOST else self.keys.room(room_id, key)

    async def _answer_of(
        self, script: Script, room_id: str, keys: list[str], packed: bytes
    ) -> bytes:
        """Run a script once; tell of the rows that it could not read. Raises CommandError."""
        began = time.monotonic()
        raw: Any
        try:
            if script.durable and self.durability.waits:
                nudge = self._name_of(script, room_id, "nudge")
                raw = await self._eval_and_wait(script, keys, packed, nudge)
            else:
                raw = await self._eval(script, keys, packed)
        except (RedisError, OSError) as exc:
            if self._metrics:
                self._metrics.store_errors.labels(script.name).inc()
            raise _unavailable(exc) from exc
        finally:
            if self._metrics:
                self._metrics.script_seconds.labels(script.name).observe(time.monotonic() - began)
        if isinstance(raw, list):
            raw, *damaged = raw
            for row, why in zip(damaged[::2], damaged[1::2], strict=True):
                self.note_damaged(room_id, _text(row), _text(why))
        return cast("bytes", raw)

    async def wake(self, rooms: Sequence[str]) -> None:
        """Put rooms into the index of those that are awake. Raises CommandError.

        Whoever creates or restores a room does this first, or leaves it asleep.
        """
        await self.run_script("rooms_wake", "", {"rooms": list(rooms)}, _ANY)

    async def wake_from(self, room_id: str, mark: str) -> bool:
        """Wake a room that sleeps under a mark; False if the index can't be reached, on a Cluster.

        The order counts: first the index, then the mark, and only this mark. Without the index the
        room's own shard still works, so the work goes on; the room is remembered, and a full lap
        finds it should this worker end. Raises CommandError.
        """
        try:
            await self.wake([room_id])
        except CommandError as error:
            if not isinstance(self.redis, Cluster):
                raise
            self._unindexed.failed(error)
            if len(self.unindexed) < UNINDEXED_MAX:
                self.unindexed[room_id] = None
            return False
        await self.run_script("room_awake", room_id, {"mark": mark}, _ANY)
        return True

    async def wake_unindexed(self) -> None:
        """Put into the index what could not be put there before. Raises CommandError."""
        for room_id in list(self.unindexed):
            await self.wake([room_id])
            self.unindexed.pop(room_id, None)
            self._unindexed.works()

    def note_damaged(self, room_id: str, row: str, why: str) -> None:
        """Tell the operator of a stored row that can't be read and was left aside."""
        self._damaged.failed(DamagedRow(why), f"{room_id} {row}")

    async def _eval(self, script: Script, keys: list[str], packed: bytes) -> bytes:
        try:
            return cast("bytes", await self.redis.evalsha(script.sha, len(keys), *keys, packed))
        except NoScriptError:
            # After a restart, failover or SCRIPT FLUSH: nothing ran, so it can safely run now.
            return cast("bytes", await self.redis.eval(script.text, len(keys), *keys, packed))

    async def _eval_and_wait(
        self, script: Script, keys: list[str], packed: bytes, nudge: str
    ) -> bytes:
        """Run a script; wait on the same connection until its write has enough copies."""
        raw, kept = await self._in_one_go(("EVALSHA", script.sha), keys, packed, nudge)
        if isinstance(raw, Exception) and is_a_replica(raw):
            # Nothing was written, and the next connection will lead to the primary.
            raw, kept = await self._in_one_go(("EVALSHA", script.sha), keys, packed, nudge)
        if isinstance(raw, NoScriptError):
            raw, kept = await self._in_one_go(("EVAL", script.text), keys, packed, nudge)
        for answer in (raw, *kept):
            if isinstance(answer, Exception):
                if self._troubles is not None:
                    self._troubles.note(answer)
                raise answer
        if not self.durability.kept(kept[-1]):
            raise CommandError(
                "unavailable",
                "Too few copies of this were confirmed in time; the outcome is unknown.",
                UNAVAILABLE_RETRY_MS,
            )
        return cast("bytes", raw)

    async def _in_one_go(
        self, call: tuple[str, str], keys: list[str], packed: bytes, nudge: str
    ) -> tuple[Any, list[Any]]:
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.execute_command(*call, len(keys), *keys, packed)
        # A repeated script writes nothing, and WAIT covers only writes of its own connection: it
        # would not wait for the first run's write on another one. So this adds a write.
        pipeline.set(nudge, 1)
        for question in self.durability.questions():
            pipeline.execute_command(*question)
        raw, _, *kept = await pipeline.execute(raise_on_error=False)
        return raw, kept


def _begin_at_zero(metrics: Metrics, scripts: Iterable[str]) -> None:
    for name in scripts:
        metrics.script_seconds.labels(name)
        metrics.store_errors.labels(name)


def _text(raw: bytes) -> str:
    """Return a text of a script, which may quote a damaged row."""
    return raw.decode(errors="backslashreplace")


def _unavailable(error: BaseException) -> CommandError:
    if refusal_of(error):
        text = f"The store takes no writes now ({words_of(error)}); nothing was written."
    else:
        text = f"The store did not answer ({type(error).__name__}); the outcome is unknown."
    return CommandError("unavailable", text, UNAVAILABLE_RETRY_MS)
