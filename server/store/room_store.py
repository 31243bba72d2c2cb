"""The store of rooms and hosts: runs the Lua scripts, which alone change their state."""

import time
from collections.abc import Awaitable, Callable, Mapping
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
from server.store.script_library import LEFT, Script
from server.store.troubles import Troubles
from server.telemetry.metrics import Metrics

T = TypeVar("T")

UNAVAILABLE_RETRY_MS = 1000
RESTORES_MAX = 3
"""How often a room is brought back for one call: it may leave again meanwhile."""
DAMAGED_ROWS = "stored rows"
"""The name under which rows that can't be read are logged and counted, once a cause."""


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
        self._seconds = metrics and {
            name: metrics.script_seconds.labels(name) for name in self._scripts
        }
        if metrics is not None:
            for name in self._scripts:
                metrics.store_errors.labels(name)
        self._damaged = RowTroubles(DAMAGED_ROWS)
        self.restore: Callable[[str], Awaitable[None]] | None = None
        """Brings a room back that left Redis; set once the records are known."""
        self._refusal = msgspec.msgpack.Decoder(_Refusal)
        self._troubles: Troubles | None = getattr(redis, "troubles", None)

    async def run_script(
        self, name: str, room_id: str, args: dict[str, Any], decoder: msgspec.msgpack.Decoder[T]
    ) -> T:
        """Run a script on a room (for host scripts, on the host `room_id`) and decode its result.

        A room that left Redis is brought back first. Raises CommandError with the script's own code
        and sentence. Raises `unavailable` if Redis refused to write, or did not answer; in the
        latter case the outcome is unknown.
        """
        for _ in range(RESTORES_MAX):
            try:
                return await self._run_script(name, room_id, args, decoder)
            except RoomLeft:
                if self.restore is None:
                    raise
                await self.restore(room_id)
        raise CommandError(
            "unavailable",
            f"The room `{room_id}` is on its way to the records; nothing was written.",
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

    async def _run_script(
        self, name: str, room_id: str, args: dict[str, Any], decoder: msgspec.msgpack.Decoder[T]
    ) -> T:
        script = self._scripts[name]
        name_of = self.keys.host if script.of_host else self.keys.room
        keys = [name_of(room_id, key) for key in script.keys]
        request = UNDER_WAY.get() if script.keyed else None
        if request is not None:
            args = args | {"request": request.call_of(name)}
        packed = msgspec.msgpack.encode({"publish": self._publish, "room": room_id} | args)
        began = time.monotonic()
        raw: Any
        try:
            if script.durable and self.durability.waits:
                nudge = name_of(room_id, "nudge")
                raw = await self._eval_and_wait(script, keys, packed, nudge)
            else:
                raw = await self._eval(script, keys, packed)
        except (RedisError, OSError) as exc:
            if self._metrics:
                self._metrics.store_errors.labels(name).inc()
            raise _unavailable(exc) from exc
        finally:
            if self._seconds:
                self._seconds[name].observe(time.monotonic() - began)
        if isinstance(raw, list):
            raw, *damaged = raw
            for row, why in zip(damaged[::2], damaged[1::2], strict=True):
                self.note_damaged(room_id, _text(row), _text(why))
        if 0x80 <= raw[0] <= 0x8F:  # a small map: every refusal is one
            self._must_not_refuse(raw)
        return decoder.decode(raw)

    def _must_not_refuse(self, raw: bytes) -> None:
        refusal = self._refusal.decode(raw)
        if refusal.err == LEFT:
            raise RoomLeft(refusal.msg)
        if refusal.err is not None:
            raise CommandError(refusal.err, refusal.msg, refusal.retry_ms)

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


def _text(raw: bytes) -> str:
    """Return a text of a script, which may quote a damaged row."""
    return raw.decode(errors="backslashreplace")


def _unavailable(error: BaseException) -> CommandError:
    if refusal_of(error):
        text = f"The store takes no writes now ({words_of(error)}); nothing was written."
    else:
        text = f"The store did not answer ({type(error).__name__}); the outcome is unknown."
    return CommandError("unavailable", text, UNAVAILABLE_RETRY_MS)
