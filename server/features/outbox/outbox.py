"""Tells another system every line of the ledgers, by HTTP.

If `outbox.url` is set, every worker looks for rooms with something to tell. Rooms are told in
parallel, each by one worker at a time, its entries in the order of its ledger: those behind a
failed entry wait for it. So a room that fails pauses alone, with a growing pause. An entry that
fails for `retry_for_s` becomes a dead letter, which an operator can read and have told again.
Delivery is at least once: the other system recognises copies by `room` and `n`.
"""

import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self

from msgspec import Struct, json, msgpack

from server.access.signing import HEADER, sign
from server.background.repeating import Errands, Repeating
from server.features.ledger import ledger
from server.features.outbox.backlog import Backlog, backlogs_of
from server.features.outbox.settings import OutboxSettings
from server.features.outbox.turns import Turns
from server.protocol.codes import CommandError
from server.rooms.awake_rooms import AwakeRooms
from server.settings import Settings
from server.store.room_store import RoomStore
from server.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)
_PAUSE_S_MAX = 300.0
_LEASE_BEYOND_POST_S = 10.0
"""Time that a lease lasts beyond the longest post. When a worker is killed, others wait for it."""
_WHY_CHARS_MAX = 300

Post = Callable[[str, bytes, dict[str, str]], Awaitable[int]]
"""Posts a body with headers to a URL and gives the HTTP status; raises OSError if it could not."""


class _Taken(Struct):
    """What a room has to tell next: (place, packed lines) of each entry."""

    entries: list[tuple[str, bytes]]
    tries: int
    replayed: bool


class _GivenUp(Struct):
    given_up: bool


class _Noted(Struct):
    noted: bool


_TAKEN = msgpack.Decoder(_Taken)
_GIVEN_UP = msgpack.Decoder(_GivenUp)
_NOTED = msgpack.Decoder(_Noted)
_ANY = msgpack.Decoder(Any)


class Outbox:
    """Tells the ledgers of all rooms. An async context manager around its tasks."""

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        worker_id: str,
        post: Post,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._settings = settings.section(OutboxSettings)
        self._worker = worker_id
        self._post = post
        self._metrics = metrics or Metrics()
        self._repeating = Repeating("outbox", self._round, self._settings.interval_s, first_s=0.0)
        self._troubles = self._repeating.troubles
        self._rooms = AwakeRooms(store, self._troubles)
        self._turns = Turns(Errands("outbox room"), self._turn, self._settings.rooms_at_once)
        self._held: set[str] = set()
        """Rooms of which this worker holds the lease."""
        self._told = 0

    async def __aenter__(self) -> Self:
        if self._settings.url:
            self._repeating.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._repeating.stop()
        await self._turns.aclose()
        for room_id in list(self._held):
            with contextlib.suppress(CommandError):  # then the lease runs out by itself
                await self._store.run_script(
                    "outbox.leave", room_id, {"worker": self._worker}, _ANY
                )

    async def _round(self) -> None:
        """Look at all rooms that are awake; give a turn to those with something to tell."""
        seen: list[Backlog] = []
        async for page in self._rooms.pages():
            backlogs = await backlogs_of(self._store, page, self._troubles)
            for backlog in backlogs:
                if backlog.is_due(self._worker):
                    self._turns.add(backlog.room_id)
                else:
                    self._troubles.works(backlog.room_id)
            seen += [backlog for backlog in backlogs if backlog.lines or backlog.dead]
        self._show(seen)

    def _show(self, backlogs: Sequence[Backlog]) -> None:
        """Show what waits in all rooms; every worker sees, and so tells, the same."""
        self._metrics.outbox_lines.set(sum(backlog.lines for backlog in backlogs))
        self._metrics.outbox_lag_seconds.set(
            max((backlog.lag_s for backlog in backlogs), default=0.0)
        )
        self._metrics.outbox_rooms_failing.set(sum(backlog.tries > 0 for backlog in backlogs))
        self._metrics.outbox_dead_letters.set(sum(backlog.dead for backlog in backlogs))

    async def deliver_all(self) -> int:
        """Tell what waits in any room, and wait for it; return how many entries were told."""
        before = self._told
        await self._round()
        await self._turns.finish()
        return self._told - before

    async def _turn(self, room_id: str) -> bool:
        """Tell what waits in a room; True if more does, and other rooms wait for a turn."""
        try:
            while await self.deliver(room_id):
                if self._turns.are_awaited:
                    return True
        except Exception as error:
            self._troubles.failed(error, room_id)
        else:
            self._troubles.works(room_id)
        return False

    async def deliver(self, room_id: str) -> int:
        """Post the next entries of a room; return how many were told, or given up.

        0 if nothing waits, another worker is telling, or the room pauses. Raises CommandError.
        """
        args = {
            "worker": self._worker,
            "lease_ms": int((self._settings.timeout_s + _LEASE_BEYOND_POST_S) * 1000),
            "batch_max": self._settings.batch_max,
            "bytes_max": self._settings.post_bytes_max,
        }
        taken = await self._store.run_script("outbox.take", room_id, args, _TAKEN)
        if not taken.entries:
            return 0
        self._held.add(room_id)
        told = await self._tell(room_id, taken)
        self._held.discard(room_id)
        return told

    async def _tell(self, room_id: str, taken: _Taken) -> int:
        body, number, damage = _body(room_id, taken.entries)
        if not number:
            return await self._failed(room_id, taken, damage, give_up=True)
        why = await self._send(room_id, body)
        if why:
            return await self._failed(room_id, taken, why, posted=number)
        args = {
            "worker": self._worker,
            "place": taken.entries[number - 1][0],
            "replayed": taken.replayed,
        }
        if not (await self._store.run_script("outbox.delivered", room_id, args, _NOTED)).noted:
            return 0
        self._told += number
        return number

    async def _failed(
        self, room_id: str, taken: _Taken, why: str, *, posted: int = 1, give_up: bool = False
    ) -> int:
        place = taken.entries[0][0]
        args = {
            "worker": self._worker,
            "place": place,
            "why": why,
            "replayed": taken.replayed,
            "last": taken.entries[posted - 1][0],
            "give_up": give_up,
            "pause_ms": int(self._settings.retry_s * 1000),
            "pause_ms_max": int(max(_PAUSE_S_MAX, self._settings.retry_s) * 1000),
            "tries_max": self._settings.tries_max,
            "retry_for_ms": int(self._settings.retry_for_s * 1000),
        }
        failed = await self._store.run_script("outbox.failed", room_id, args, _GIVEN_UP)
        if failed.given_up:
            _log.error("Ledger entry %s of room %s is given up: %s.", place, room_id, why)
        elif not taken.tries:
            _log.warning("Ledger entry %s of room %s is tried again: %s.", place, room_id, why)
        return int(failed.given_up)

    async def _send(self, room_id: str, body: bytes) -> str:
        """Post a body; return why that failed, empty if it did not."""
        headers = {"Content-Type": "application/json"}
        if self._settings.secret is not None:
            secret = self._settings.secret.get_secret_value().encode()
            headers[HEADER] = sign(secret, int(time.time()), body)
        try:
            status = await self._post(self._settings.url, body, headers)
        except (OSError, TimeoutError) as error:
            self._metrics.outbox_posts.labels("unanswered").inc()
            return _words_of(error)
        except Exception as error:  # one that nobody expects makes the room pause like any other
            self._metrics.outbox_posts.labels("unanswered").inc()
            self._troubles.failed(error, f"{room_id} post")
            return _words_of(error)
        if 200 <= status < 300:
            self._metrics.outbox_posts.labels("ok").inc()
            return ""
        self._metrics.outbox_posts.labels("refused").inc()
        return f"answered {status}"


def _body(room_id: str, entries: list[tuple[str, bytes]]) -> tuple[bytes, int, str]:
    """Return the body of a post with the entries up to the first that can't be read; how many these
    are; and what is wrong with that one."""
    parts: list[bytes] = []
    damage = ""
    for place, packed in entries:
        try:
            lines = [line | {"n": n} for n, line in ledger.lines_of(place.encode(), {b"e": packed})]
            parts.append(json.encode(lines)[1:-1])
        except Exception as error:  # it must not hold up those behind it
            damage = _words_of(error)
            break
    head = b'{"room":' + json.encode(room_id) + b',"lines":['
    return head + b",".join(parts) + b"]}", len(parts), damage


def _words_of(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")[:_WHY_CHARS_MAX]
