"""Keeps how far endpoints are told: reads what waits in a room, and notes what became of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct, structs
from sqlalchemy import ColumnElement, and_, case, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from server.background.clock import unix_ms
from server.features.archive.tables import ENTRIES, POSITIONS, ROOMS
from server.features.ledger import ledger
from server.features.webhooks.projection import LEDGER
from server.features.webhooks.tables import DELIVERIES, ENDPOINTS, PLACES
from server.records.database import Database
from server.records.upsert import insert_into


class RoomKey(NamedTuple):
    """A room at an endpoint. An id that is made again is another room."""

    endpoint: str
    room: str
    made: int

    def is_here(self) -> ColumnElement[bool]:
        """The condition of its row."""
        place = PLACES.c
        return and_(
            place.endpoint == self.endpoint, place.room == self.room, place.made == self.made
        )


class Place(Struct, frozen=True, kw_only=True):
    """How far an endpoint is told a room, see `tables.PLACES`."""

    life: int
    n: int
    last: int
    highest: int
    since: int
    tries: int
    failing_since: int


class Waiting(NamedTuple):
    """The next lines of a room, by number; None is one that can't be read. `end` is the number up
    to which nothing else waits."""

    place: Place
    lines: list[tuple[int, Mapping[str, Any] | None]]
    end: int


class Delivery(Struct, frozen=True, kw_only=True):
    """What became of an event at an endpoint. `status` is that of HTTP, 0 without an answer."""

    event: str
    type: str
    room: str
    n: int
    state: str
    status: int
    latency_ms: int
    error: str


class Behind(Struct, frozen=True):
    """How far an endpoint is behind: rooms and lines that wait, of these rooms those that fail, and
    since when (Unix ms, 0: nothing waits) the first waits."""

    rooms: int = 0
    lines: int = 0
    failing: int = 0
    since: int = 0


_FIELDS = ("life", "n", "last", "highest", "since", "tries", "failing_since")


class PlaceBook:
    """The places of all endpoints. Everything may raise RecordsAway; `clock` gives Unix ms."""

    def __init__(self, records: Database, clock: Callable[[], int] = unix_ms) -> None:
        self._records = records
        self._clock = clock

    async def due(self, endpoint: str, most: int) -> list[RoomKey]:
        """Rooms in which something waits that may be told now, the longest due first."""
        place = PLACES.c
        asked = (
            select(place.endpoint, place.room, place.made)
            .where(place.endpoint == endpoint, place.due, place.again_at <= self._clock())
            .order_by(place.again_at, place.waits_since)
            .limit(most)
        )
        async with self._records.reading() as connection:
            return [RoomKey(*row) for row in await connection.execute(asked)]

    async def waiting(self, key: RoomKey, most: int, bytes_max: int) -> Waiting | None:
        """Read the next lines of a room, of up to `most` entries with `bytes_max` together, but
        always one; None if nothing waits there."""
        async with self._records.reading() as connection:
            asked = select(*(PLACES.c[name] for name in _FIELDS)).where(key.is_here(), PLACES.c.due)
            row = (await connection.execute(asked)).first()
            if row is None:
                return None
            place = Place(**row._asdict())
            entries = await _entries_behind(connection, place, most, bytes_max)
        lines = [
            (n, line)
            for number, body in entries
            for n, line in _lines_of(number, body)
            if n > place.n
        ]
        return Waiting(place, lines, entries[-1][0] if entries else place.last)

    async def note(
        self, key: RoomKey, before: Place, n: int, deliveries: Sequence[Delivery], **state: Any
    ) -> bool:
        """Note that a room is told up to `n`, and what was delivered, in one transaction.

        False, and nothing is noted, if the place has moved since `before` was read: by a replay, or
        by a worker that took this one for dead. `state` are further columns.
        """
        place = PLACES.c
        values = {"tries": 0, "failing_since": 0, "again_at": 0, "away": False} | state
        took = any(delivery.state == "ok" for delivery in deliveries)
        async with self._records.writing() as connection:
            if took:  # first, so that two rooms of an endpoint never wait for each other
                await self._note_ok(connection, key.endpoint)
            moved = await connection.execute(
                update(PLACES)
                .where(key.is_here(), place.n == before.n, place.since == before.since)
                .values(
                    n=n,
                    highest=case((place.highest > n, place.highest), else_=n),
                    due=place.last > n,
                    **values,
                )
            )
            if moved.rowcount:
                await self.log(connection, key.endpoint, deliveries)
                if took:
                    await self._wake_away(connection, key.endpoint)
        return bool(moved.rowcount)

    async def _note_ok(self, connection: AsyncConnection, endpoint: str) -> None:
        await connection.execute(
            update(ENDPOINTS).where(ENDPOINTS.c.id == endpoint).values(ok_at=self._clock())
        )

    async def _wake_away(self, connection: AsyncConnection, endpoint: str) -> None:
        """It takes something again: rooms that wait because it was away try at once.

        A room that another transaction holds is left out: the archive holds many in an order of
        its own. The next success wakes it, or its own time.
        """
        place = PLACES.c
        free = select(place.room, place.made).where(
            place.endpoint == endpoint, place.due, place.away
        )
        rooms = (await connection.execute(free.with_for_update(skip_locked=True))).all()
        if rooms:
            await connection.execute(
                update(PLACES)
                .where(place.endpoint == endpoint, tuple_(place.room, place.made).in_(rooms))
                .values(again_at=0, away=False)
            )

    async def log(
        self, connection: AsyncConnection, endpoint: str, deliveries: Iterable[Delivery]
    ) -> None:
        """Write deliveries to the log; a further attempt is added to the line of the event."""
        now = self._clock()
        rows = [
            {"endpoint": endpoint, "attempts": 1, "first_at": now, "at": now} | structs.asdict(each)
            for each in deliveries
        ]
        if not rows:
            return
        insert = insert_into(connection, DELIVERIES)
        changed = ("state", "status", "latency_ms", "error", "at")
        await connection.execute(
            insert.on_conflict_do_update(
                index_elements=["endpoint", "event"],
                set_={name: insert.excluded[name] for name in changed}
                | {"attempts": DELIVERIES.c.attempts + 1},
            ),
            rows,
        )

    async def log_one(self, endpoint: str, delivery: Delivery) -> None:
        """Write a delivery that is of no room to the log."""
        async with self._records.writing() as connection:
            await self.log(connection, endpoint, [delivery])

    async def replay(self, endpoint: str, since: int) -> int:
        """Have every line since a time (Unix ms) told again; return in how many rooms.

        A room that was archived last before that time has none.
        """
        place, position = PLACES.c, POSITIONS.c
        asked = (
            select(
                literal(endpoint), ROOMS.c.room, ROOMS.c.made, ROOMS.c.life, literal(0),
                position.ms, position.ms, literal(since), literal(True), literal(self._clock()),
                literal(0), literal(0), literal(0), literal(False),
            )
            .join(POSITIONS, and_(position.life == ROOMS.c.life, position.stream == LEDGER))
            .where(position.at >= since, ROOMS.c.practice.is_(False))
        )  # fmt: skip
        async with self._records.writing() as connection:
            insert = insert_into(connection, PLACES).from_select(list(place.keys()), asked)
            done = await connection.execute(
                insert.on_conflict_do_update(
                    index_elements=["endpoint", "room", "made"],
                    set_={
                        "n": 0,
                        "since": insert.excluded.since,
                        "due": True,
                        "waits_since": insert.excluded.waits_since,
                        "tries": 0,
                        "failing_since": 0,
                        "again_at": 0,
                        "away": False,
                    },
                )
            )
            return int(done.rowcount)

    async def behind(self) -> dict[str, Behind]:
        """Return how far each endpoint is behind; one to which nothing waits is not there."""
        place = PLACES.c
        asked = (
            select(
                place.endpoint,
                func.count(),
                func.sum(place.last - place.n),
                func.sum(case((place.tries > 0, 1), else_=0)),
                func.min(place.waits_since),
            )
            .where(place.due)
            .group_by(place.endpoint)
        )
        async with self._records.reading() as connection:
            rows = (await connection.execute(asked)).all()
        return {endpoint: Behind(*map(int, numbers)) for endpoint, *numbers in rows}


async def _entries_behind(
    connection: AsyncConnection, place: Place, most: int, bytes_max: int
) -> list[tuple[int, bytes]]:
    """The next entries of a room's ledger: the number of the last line of each, and its body."""
    entry = ENTRIES.c
    behind = [entry.life == place.life, entry.stream == LEDGER, entry.ms > place.n]
    sizes = select(entry.ms, func.length(entry.body)).where(*behind).order_by(entry.ms).limit(most)
    last, size = 0, 0
    for number, length in await connection.execute(sizes):
        size += length
        if last and size > bytes_max:
            break
        last = number
    asked = select(entry.ms, entry.body).where(*behind, entry.ms <= last).order_by(entry.ms)
    return [(row.ms, bytes(row.body)) for row in await connection.execute(asked)]


def _lines_of(number: int, body: bytes) -> list[tuple[int, Mapping[str, Any] | None]]:
    """The lines of an entry; one None for an entry that can't be read."""
    try:
        return list(ledger.lines_of(b"%d-0" % number, {b"e": body}))
    except Exception:
        return [(number, None)]
