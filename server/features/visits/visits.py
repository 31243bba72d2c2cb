"""Visits: writes arrivals and departures to a room's timeline in portions.

A join costs an append to a list. Each worker writes at least every `visits_interval_s` while
somebody is in a room, so that the figures know when a worker that crashed was last seen.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import msgspec

from server.access.auth import Identity
from server.background.repeating import Repeating
from server.features.visits.settings import VisitSettings
from server.hub.member import Member
from server.protocol.codes import CommandError
from server.protocol.joining import Source
from server.protocol.roles import Role
from server.settings import Settings
from server.store.room_store import RoomStore

_ANY = msgspec.msgpack.Decoder(Any)
ROOMS_AT_ONCE = 16
VISITS_PER_FACT_MAX = 50
"""Arrivals in a fact, and departures: so its bytes are bounded, see docs/timeline.md."""
UNWRITTEN_MAX = 200_000
"""Arrivals of a room kept while the store is away; later ones are not noted."""
LAST_WRITE_S = 1.0
HERE_MAX = 200_000
"""Connections of a room that the list of who is here holds; later ones are not in it."""
HERE_KEPT_MS = 1_800_000
"""How long that list outlasts the last worker with somebody in the room: more than the longest
`visits_interval_s`."""


class _Came(NamedTuple):
    """An arrival that is not written yet; `at` is the clock's."""

    conn: int
    user: str
    at: float
    source: Source | None
    guest: bool
    name: str = ""
    role: str = ""


class _Left(NamedTuple):
    """A departure that is not written yet."""

    conn: int
    at: float


class _RoomVisits:
    """The visits of one room on this worker."""

    __slots__ = ("came", "here", "left", "writing")

    def __init__(self) -> None:
        self.here: dict[Member, int] = {}
        self.came: list[_Came] = []
        self.left: list[_Left] = []
        self.writing = asyncio.Lock()


class Visits:
    """Notes visits and writes them every `visits_interval_s`. An async context manager.

    `clock` is any that never goes back, in seconds.
    """

    def __init__(
        self,
        store: RoomStore,
        settings: Settings,
        worker_id: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        # A worker that comes back under its old id must not keep the visits of the dead one open.
        self._worker = f"{worker_id}-{secrets.token_hex(4)}"
        self._clock = clock
        self._rooms: dict[str, _RoomVisits] = {}
        self._conns = 0
        interval_s = settings.section(VisitSettings).visits_interval_s
        self.stale_ms = int(max(3 * interval_s, 10) * 1000)
        """A worker that has not written of a room for so long is gone from there."""
        self._repeating = Repeating("visits", self._round, interval_s)

    async def __aenter__(self) -> Self:
        self._repeating.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._repeating.stop(LAST_WRITE_S)

    def came(self, room_id: str, member: Member, who: Identity, source: Source | None) -> None:
        """A member's join was answered."""
        visits = self._rooms.setdefault(room_id, _RoomVisits())
        if len(visits.came) >= UNWRITTEN_MAX:
            return
        self._conns += 1
        visits.here[member] = self._conns
        guest = who.role is Role.GUEST
        at, role = self._clock(), who.role.value
        visits.came.append(_Came(self._conns, who.user, at, source, guest, who.name, role))

    def left(self, room_id: str, member: Member) -> None:
        """A member is gone."""
        visits = self._rooms.get(room_id)
        if visits is None:
            return
        conn = visits.here.pop(member, None)
        if conn is not None:
            visits.left.append(_Left(conn, self._clock()))

    async def _round(self) -> None:
        """Write of the rooms that do not pause after a failure."""
        await self.write(self._repeating.troubles.may_try)

    async def write(self, now: Callable[[str], bool] = lambda _: True) -> None:
        """Write what is new of every room, and that this worker lives; only of rooms that are
        `now`."""
        gate = asyncio.Semaphore(ROOMS_AT_ONCE)
        rooms = [(room_id, of) for room_id, of in self._rooms.items() if now(room_id)]
        await asyncio.gather(*(self._write_room(room_id, of, gate) for room_id, of in rooms))
        for room_id, visits in rooms:
            if not (visits.here or visits.came or visits.left):
                self._rooms.pop(room_id, None)

    async def _write_room(self, room_id: str, visits: _RoomVisits, gate: asyncio.Semaphore) -> None:
        async with gate, visits.writing:
            try:
                await self._write_fact(room_id, visits)
                while visits.came or visits.left:
                    await self._write_fact(room_id, visits)
            except CommandError as exc:
                if exc.code == "not_found":
                    visits.came.clear()
                    visits.left.clear()
                else:
                    self._repeating.troubles.failed(exc, room_id)
            except Exception as error:
                self._repeating.troubles.failed(error, room_id)
            else:
                self._repeating.troubles.works(room_id)

    async def _write_fact(self, room_id: str, visits: _RoomVisits) -> None:
        """Write one portion. A portion whose write is in doubt is sent again; copies count once."""
        came, left = visits.came[:VISITS_PER_FACT_MAX], visits.left[:VISITS_PER_FACT_MAX]
        if len(came) < len(visits.came):
            left = []  # nobody leaves before the fact that says they came
        if not (came or left or visits.here):
            return
        now = self._clock()
        args = {
            "worker": self._worker,
            "came": [_came_args(each, now) for each in came],
            "left": [{"conn": each.conn, "ago": _ms(now - each.at)} for each in left],
            "people": [_person_args(each) for each in came if not each.guest],
            "here_max": HERE_MAX,
            "kept_ms": HERE_KEPT_MS,
        }
        await self._store.run_script("visits.add", room_id, args, _ANY)
        del visits.came[: len(came)], visits.left[: len(left)]


def _came_args(came: _Came, now: float) -> dict[str, Any]:
    args: dict[str, Any] = {"user": came.user, "conn": came.conn, "ago": _ms(now - came.at)}
    if came.source is not None:
        args["source"] = {"kind": came.source.kind, "id": came.source.id}
    if came.guest:
        args["guest"] = True
    return args


def _person_args(came: _Came) -> dict[str, Any]:
    return {"conn": came.conn, "user": came.user, "name": came.name, "role": came.role}


def _ms(seconds: float) -> int:
    return max(0, int(seconds * 1000))  # rounded up, somebody would come before they did
