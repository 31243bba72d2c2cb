"""The Lua scripts: the only code that changes the state of a room.

A file in `scripts/` opens with five lines of comment: what it does, `keys:` (names of
`keys.ROOM_KEYS`), `args:`, `returns:`, `holds:` (the invariant). The `keys:` line is read here, so
that a script declares exactly the keys it uses. `uses: NAME` puts `scripts/_NAME.lua` in front. A
script with `durable: yes` is answered only when the configured promise is kept (`durability`).
One with `of: host` works on the keys of a host (`keys.HOST_KEYS`) instead of a room's.
Inside a script `K.name` is a key and `A` the table of arguments; it returns one packed value, and
`{err = code, msg = sentence}` for a refusal.
"""

import functools
import hashlib
import re
import time
from importlib.resources import files
from typing import Any, NamedTuple, TypeVar, cast

import msgspec
from redis.exceptions import NoScriptError, RedisError

from server.metrics import Metrics
from server.protocol.codes import CommandError
from server.store.cluster import Cluster
from server.store.durability import FSYNC, Durability
from server.store.keys import HOST_KEYS, ROOM_KEYS, Keys

T = TypeVar("T")

UNAVAILABLE_RETRY_MS = 1000


class Script(NamedTuple):
    """A loaded script: its text with preludes, its SHA-1, and the names of its keys in order."""

    name: str
    text: str
    sha: str
    keys: tuple[str, ...]
    durable: bool = False
    of_host: bool = False


class _Refusal(msgspec.Struct):
    """What every script may return instead of its result."""

    err: str | None = None
    msg: str = ""
    retry_ms: int | None = None


def load(name: str) -> Script:
    """Read `scripts/<name>.lua` and put its preludes in front."""
    folder = files("server.store") / "scripts"
    body = (folder / f"{name}.lua").read_text()
    head = _head(name, body)
    keys = tuple(head["keys"].replace(",", " ").split())
    of_host = head.get("of") == "host"
    unknown = [key for key in keys if key not in (HOST_KEYS if of_host else ROOM_KEYS)]
    if unknown:
        raise ValueError(f"scripts/{name}.lua declares unknown keys: {', '.join(unknown)}.")
    table = ", ".join(f"{key} = KEYS[{n}]" for n, key in enumerate(keys, 1))
    parts = [f"local K = {{ {table} }}\nlocal A = cmsgpack.unpack(ARGV[1])\n"]
    parts += [(folder / f"_{prelude}.lua").read_text() for prelude in head.get("uses", "").split()]
    text = "".join(parts) + body
    return Script(name, text, _sha(text), keys, head.get("durable") == "yes", of_host)


def _head(name: str, body: str) -> dict[str, str]:
    lines = [line[2:].strip() for line in body.splitlines() if line.startswith("--")]
    found = (re.match(r"(\w+): *(.*)", line) for line in lines)
    head = {m[1]: m[2] for m in found if m}
    if "keys" not in head:
        raise ValueError(f"scripts/{name}.lua has no `-- keys:` line.")
    return head


def _sha(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def load_all() -> dict[str, Script]:
    """Every script by name; files that start with `_` are preludes. A process reads them once."""
    return dict(_all())


@functools.cache
def _all() -> dict[str, Script]:
    names = (
        entry.name.removesuffix(".lua")
        for entry in (files("server.store") / "scripts").iterdir()
        if entry.name.endswith(".lua") and not entry.name.startswith("_")
    )
    return {name: load(name) for name in sorted(names)}


class Scripts:
    """Runs scripts on one Redis, or on the node of a Cluster that owns the room.

    `durability` is what durable scripts wait for before they are answered.
    """

    def __init__(
        self,
        redis: Any,
        keys: Keys,
        *,
        durability: Durability = FSYNC,
        metrics: Metrics | None = None,
    ) -> None:
        self.redis = redis
        self.keys = keys
        self._publish = "SPUBLISH" if isinstance(redis, Cluster) else "PUBLISH"
        self._durability = durability
        self._scripts = load_all()
        self._metrics = metrics
        self._seconds = metrics and {
            name: metrics.script_seconds.labels(name) for name in self._scripts
        }
        self._refusal = msgspec.msgpack.Decoder(_Refusal)

    async def run(
        self, name: str, room_id: str, args: dict[str, Any], decoder: msgspec.msgpack.Decoder[T]
    ) -> T:
        """Run a script on a room, or on the host `room_id`, and decode what it returns.

        Raises CommandError with the script's own code and sentence, or `unavailable` when Redis
        did not answer: then the outcome is unknown.
        """
        script = self._scripts[name]
        name_of = self.keys.host if script.of_host else self.keys.room
        keys = [name_of(room_id, key) for key in script.keys]
        packed = msgspec.msgpack.encode({"publish": self._publish, "room": room_id} | args)
        began = time.monotonic()
        try:
            if script.durable and self._durability.waits:
                raw = await self._eval_and_wait(script, keys, packed, room_id)
            else:
                raw = await self._eval(script, keys, packed)
        except (RedisError, OSError) as exc:
            if self._metrics:
                self._metrics.store_errors.labels(name).inc()
            raise CommandError(
                "unavailable",
                f"The store did not answer ({type(exc).__name__}); the outcome is unknown.",
                UNAVAILABLE_RETRY_MS,
            ) from exc
        finally:
            if self._seconds:
                self._seconds[name].observe(time.monotonic() - began)
        if 0x80 <= raw[0] <= 0x8F:  # a small map: the only shape a refusal has
            refusal = self._refusal.decode(raw)
            if refusal.err is not None:
                raise CommandError(refusal.err, refusal.msg, refusal.retry_ms)
        return decoder.decode(raw)

    async def _eval(self, script: Script, keys: list[str], packed: bytes) -> bytes:
        try:
            return cast("bytes", await self.redis.evalsha(script.sha, len(keys), *keys, packed))
        except NoScriptError:
            # A new Redis, a failover or SCRIPT FLUSH: nothing ran, so running it now is safe.
            return cast("bytes", await self.redis.eval(script.text, len(keys), *keys, packed))

    async def _eval_and_wait(
        self, script: Script, keys: list[str], packed: bytes, room_id: str
    ) -> bytes:
        """Run a script and wait, on the same connection, until its write has its copies."""
        raw, kept = await self._in_one_go(("EVALSHA", script.sha), keys, packed, room_id)
        if isinstance(raw, NoScriptError):
            raw, kept = await self._in_one_go(("EVAL", script.text), keys, packed, room_id)
        for answer in (raw, kept):
            if isinstance(answer, Exception):
                raise answer
        if not self._durability.kept(kept):
            raise CommandError(
                "unavailable",
                "Too few copies of this were confirmed in time; the outcome is unknown.",
                UNAVAILABLE_RETRY_MS,
            )
        return cast("bytes", raw)

    async def _in_one_go(
        self, call: tuple[str, str], keys: list[str], packed: bytes, room_id: str
    ) -> tuple[Any, Any]:
        pipeline = self.redis.pipeline(transaction=False)
        pipeline.execute_command(*call, len(keys), *keys, packed)
        # A repeated script writes nothing, and then WAIT would not wait for what the first one
        # wrote through another connection. This write makes it.
        pipeline.set(self.keys.room(room_id, "nudge"), 1)
        pipeline.execute_command(*self._durability.question())
        raw, _, kept = await pipeline.execute(raise_on_error=False)
        return raw, kept
