"""Decides when an order counts as stored: the promise behind `redis.durability`.

`fsync`       Redis answers after its log is on disk (appendfsync always): nothing to wait for here.
`memory`      Redis answers at once: a crash of Redis may lose the last second, or all.
`replicas:N`  N replicas have it in memory (WAIT).
`aof:N`       it is on the disk of this Redis and of N replicas (WAITAOF: Redis 7.2, Valkey).

docs/durability.md says what each can lose.
"""

from typing import Any, NamedTuple, Self

from redis.exceptions import RedisError, ResponseError

from server.store.release import Release, Releases

# The longest wait for copies; it must stay below redis.command_timeout_s. A disk that is synced
# every second may be two seconds behind.
_WAIT_MS = {"replicas": 1000, "aof": 2000}
_SLICE_MS = 100
_KNOW_WAITAOF = Releases(redis=(7, 2), valkey=(7, 2))


class NotDurable(Exception):
    """The Redis does not keep the configured promise; the text says what to change."""


class Durability(NamedTuple):
    """A promise: `kind` is fsync, memory, replicas or aof; `copies` is the N of the last two."""

    kind: str
    copies: int = 0
    wait_ms: int = 0

    @classmethod
    def parse(cls, text: str, wait_ms: int | None = None) -> Self:
        """Parse `redis.durability` into a promise that waits up to `wait_ms` for copies."""
        kind, _, copies = text.partition(":")
        return cls(kind, int(copies or 0), _WAIT_MS.get(kind, 0) if wait_ms is None else wait_ms)

    def __str__(self) -> str:
        return f"{self.kind}:{self.copies}" if self.copies else self.kind

    @property
    def waits(self) -> bool:
        """Whether each write is followed by a command that waits for its copies."""
        return self.copies > 0

    def questions(self) -> list[tuple[str | int, ...]]:
        """Return the commands that wait until every earlier write of the connection has its copies.

        They are sent together with the write, right after it; the answer to the last one counts.
        """
        if self.kind != "aof":
            return [("WAIT", self.copies, self.wait_ms)]
        # A replica reports the state of its disk when asked, and otherwise once a second. If it
        # is asked together with the write, it still has the write in memory only, and the answer
        # takes a second. So it is asked once it has the write, and again after growing pauses.
        asked: list[tuple[str | int, ...]] = [("WAIT", self.copies, _SLICE_MS)]
        part_ms, left_ms = _SLICE_MS, self.wait_ms
        while left_ms > 0:
            asked.append(("WAITAOF", 1, self.copies, min(part_ms, left_ms)))
            part_ms, left_ms = part_ms * 2, left_ms - part_ms
        return asked

    def kept(self, answer: Any) -> bool:
        """Whether the answer to the last of `questions` reports enough copies."""
        if self.kind == "aof":
            local, replicas = answer
            return int(local) >= 1 and int(replicas) >= self.copies
        return int(answer) >= self.copies

    async def check(self, redis: Any) -> None:
        """Check that Redis can keep the promise. Raises NotDurable that says what to change."""
        if self.kind == "fsync":
            await _check_fsync(redis)
        elif self.kind == "aof":
            await _check_aof(redis)
        if self.waits:
            connected = int((await redis.info("replication")).get("connected_slaves", 0))
            if connected < self.copies:
                raise NotDurable(
                    f"redis.durability = {self.kind}:{self.copies}, but this Redis has {connected} "
                    "replicas connected; add replicas or ask for fewer."
                )


FSYNC = Durability("fsync")


async def _check_fsync(redis: Any) -> None:
    wanted = {
        "appendonly": "yes",
        "appendfsync": "always",
        # With `yes`, Redis stops syncing while it rewrites the log.
        "no-appendfsync-on-rewrite": "no",
    }
    found = await _config(redis, "fsync", tuple(wanted))
    wrong = [name for name, value in wanted.items() if found[name] != value]
    if wrong:
        change = ", ".join(f"{name} {wanted[name]}" for name in wrong)
        raise NotDurable(
            f"redis.durability = fsync, but this Redis does not sync each write: set {change} in "
            "it, or choose redis.durability = memory and accept that orders can be lost."
        )


async def _check_aof(redis: Any) -> None:
    release = Release.told_by(await redis.info("server"))
    if not _KNOW_WAITAOF.include(release):
        raise NotDurable(
            f"redis.durability = aof:N needs {_KNOW_WAITAOF} (WAITAOF); this one is {release}."
        )
    if (await _config(redis, "aof", ("appendonly",)))["appendonly"] != "yes":
        raise NotDurable("redis.durability = aof:N needs appendonly yes in Redis.")


async def _config(redis: Any, kind: str, names: tuple[str, ...]) -> dict[str, str]:
    try:
        found: dict[Any, Any] = {}
        for name in names:  # only Redis 7 and newer take several in one call
            found |= await redis.config_get(name)
    except ResponseError as error:
        raise NotDurable(
            f"redis.durability = {kind}, but this Redis does not let its settings be read "
            f"({error}); allow CONFIG GET, or choose replicas:N or memory."
        ) from None
    except RedisError as error:
        raise NotDurable(f"Redis did not answer CONFIG GET: {error}.") from error
    return {_text(name): _text(value) for name, value in found.items()}


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
