"""Reads what rooms have to tell: a few reads each, a page of rooms in one round trip."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from server.background.troubles import Troubles
from server.store.room_store import RoomStore

_FIELDS = ("told", "owner", "until", "again_at", "head_at", "dead", "replays", "tries", "stuck")


class Backlog(NamedTuple):
    """What a room has to tell. Times in Unix ms by the clock of Redis; 0 where there is none."""

    room_id: str
    now: int
    lines: int
    """Ledger lines that wait to be told."""
    head_at: int
    """When the first of them was written, as far as it is known."""
    dead: int
    """Dead letters."""
    replays: int
    """Dead letters that wait to be told again."""
    tries: int
    """Posts of the first entry that failed in a row."""
    stuck_at: str
    """The place of that entry; empty if its last post did not fail."""
    again_at: int
    """When a room that pauses goes on."""
    owner: str
    """The worker that is telling now; empty if none."""

    @property
    def lag_s(self) -> float:
        """How old the first waiting line is, in seconds."""
        return max(0, self.now - self.head_at) / 1000 if self.lines and self.head_at else 0.0

    def is_due(self, worker: str) -> bool:
        """Whether this worker may tell something now."""
        waits = self.lines > 0 or self.replays > 0
        return waits and self.again_at <= self.now and self.owner in ("", worker)


async def backlogs_of(store: RoomStore, rooms: Sequence[str], troubles: Troubles) -> list[Backlog]:
    """Read the backlogs of rooms that do not pause; one that can't be read pauses.

    Raises RedisError or OSError when Redis does not answer at all.
    """
    rooms = [room_id for room_id in rooms if troubles.may_try(room_id)]
    pipeline = store.redis.pipeline(transaction=False)
    for room_id in rooms:
        pipeline.xlen(store.keys.room(room_id, "ledger"))  # refused if it is no stream
        pipeline.hget(store.keys.room(room_id, "stats"), "entries")
        pipeline.hmget(store.keys.room(room_id, "outbox"), *_FIELDS)
    pipeline.time()
    *answers, time_now = await pipeline.execute(raise_on_error=False)
    if isinstance(time_now, Exception):
        raise time_now
    now = time_now[0] * 1000 + time_now[1] // 1000
    return list(_readable(rooms, answers, now, troubles))


def _readable(
    rooms: Sequence[str], answers: list[Any], now: int, troubles: Troubles
) -> Iterator[Backlog]:
    for room_id, *found in zip(rooms, answers[0::3], answers[1::3], answers[2::3], strict=True):
        try:
            for answer in found:
                if isinstance(answer, Exception):
                    raise answer
            yield _backlog(room_id, now, *found)
        except Exception as error:  # a shard that is away, or damaged data: the others go on
            troubles.failed(error, room_id)


def _backlog(room_id: str, now: int, length: int, entries: bytes | None, raw: list[Any]) -> Backlog:
    told = dict(zip(_FIELDS, raw, strict=True))
    last, done = int(entries or 0), int((told["told"] or b"0-0").split(b"-")[0])
    if done > last:  # the ledger was lost and began anew
        done = 0
    return Backlog(
        room_id,
        now,
        lines=last - done if length else 0,
        head_at=int(told["head_at"] or 0),
        dead=int(told["dead"] or 0),
        replays=int(told["replays"] or 0),
        tries=int(told["tries"] or 0),
        stuck_at=(told["stuck"] or b"").decode(),
        again_at=int(told["again_at"] or 0),
        owner=(told["owner"] or b"").decode() if int(told["until"] or 0) > now else "",
    )
