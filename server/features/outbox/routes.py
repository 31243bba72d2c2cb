"""The outboxes of all rooms, over HTTP, for operators."""

import heapq
from typing import Annotated

import msgspec
from aiohttp import web

from server.features.outbox import letters
from server.features.outbox.backlog import Backlog
from server.features.outbox.letters import AllRooms, RoomLetter
from server.protocol.codes import CommandError
from server.protocol.fields import Id
from server.protocol.input import Input
from server.protocol.roles import Role
from server.store.reading import reading
from server.store.room_store import RoomStore
from server.web.body import body_of
from server.web.errors import json_response
from server.web.query import query_of
from server.web.route import Route

PAGE_MAX = 1000
PAGE = 100
Place = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,16}-[0-9]{1,16}$(?!\n)")]


class RoomOutbox(msgspec.Struct, kw_only=True):
    """A room with something to tell. `tries` posts of the entry at the place `stuck_at` failed in a
    row; the room pauses until `again_at` (Unix ms, 0: it does not)."""

    room: str
    lines_waiting: int
    lag_s: float
    dead_letters: int
    tries: int
    stuck_at: str
    again_at: int


class Outboxes(msgspec.Struct, kw_only=True):
    """The outboxes of all rooms: the sums, and the rooms that lag most. `unread` are rooms that
    could not be read."""

    lines_waiting: int
    lag_s: float
    dead_letters: int
    rooms: list[RoomOutbox]
    unread: list[str]


class OutboxQuery(Input, frozen=True):
    """How many rooms or dead letters are shown at most."""

    limit: Annotated[int, msgspec.Meta(ge=0, le=PAGE_MAX)] = PAGE


class DeadLetters(msgspec.Struct, kw_only=True):
    """The oldest dead letters of all rooms; `total` is how many there are."""

    letters: list[RoomLetter]
    total: int
    unread: list[str]


class OutboxReplay(Input, frozen=True, kw_only=True):
    """Body of `POST /v1/outbox/replay`: which dead letters; without `room` those of all rooms."""

    room: Id | None = None
    places: Annotated[list[Place], msgspec.Meta(min_length=1, max_length=PAGE_MAX)] | None = None


class Replayed(msgspec.Struct, kw_only=True):
    """Counts the dead letters that are told again, by room."""

    replayed: dict[str, int]
    unread: list[str]


class OutboxSkip(Input, frozen=True, kw_only=True):
    """Body of `POST /v1/outbox/skip`: the room that is stuck, and the place at which it is."""

    room: Id
    place: Place


class OutboxRoutes:
    """Routes under /v1/outbox."""

    def __init__(self, store: RoomStore) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        """Every route with its types."""
        path, admin = "/v1/outbox", Role.ADMIN
        return [
            Route(
                *("GET", path, "Read what waits to be told.", self.all, admin),
                result=Outboxes,
                query=OutboxQuery,
                bound="`limit` rooms, those that lag most",
            ),
            Route(
                *("GET", f"{path}/dead-letters", "List dead letters.", self.dead, admin),
                result=DeadLetters,
                query=OutboxQuery,
                bound="the oldest `limit`; what is told again leaves the list",
            ),
            Route(
                *("POST", f"{path}/replay", "Tell dead letters again.", self.replay, admin),
                *(OutboxReplay, Replayed),
                no_key="a dead letter waits once to be told again, however often it is asked for",
            ),
            Route(
                *("POST", f"{path}/skip", "Give up the entry that a room is stuck at.", self.skip),
                *(admin, OutboxSkip),
                no_key="it names the entry: sent again it is refused",
            ),
        ]

    async def all(self, request: web.Request) -> web.Response:
        """`?limit=100`: the sums over all rooms, and the rooms that lag most."""
        most, rooms = query_of(request, OutboxQuery).limit, AllRooms(self._store)
        with reading():
            backlogs = [
                backlog async for backlog in rooms.backlogs() if backlog.lines or backlog.dead
            ]
        shown = heapq.nlargest(
            most, backlogs, key=lambda backlog: (backlog.lag_s, backlog.lines, backlog.dead)
        )
        return json_response(
            Outboxes(
                lines_waiting=sum(backlog.lines for backlog in backlogs),
                lag_s=max((backlog.lag_s for backlog in backlogs), default=0.0),
                dead_letters=sum(backlog.dead for backlog in backlogs),
                rooms=[_shown(backlog) for backlog in shown],
                unread=rooms.unread[:PAGE_MAX],
            )
        )

    async def dead(self, request: web.Request) -> web.Response:
        """`?limit=100`: the dead letters of all rooms that were given up first."""
        most, rooms, total = query_of(request, OutboxQuery).limit, AllRooms(self._store), 0
        oldest: list[RoomLetter] = []
        with reading():
            async for letter in rooms.dead_letters():
                total += 1
                oldest.append(letter)
                if len(oldest) > 2 * most:
                    oldest = heapq.nsmallest(most, oldest, key=_age)
        page = heapq.nsmallest(most, oldest, key=_age)
        return json_response(DeadLetters(letters=page, total=total, unread=rooms.unread[:PAGE_MAX]))

    async def replay(self, request: web.Request) -> web.Response:
        """Have dead letters posted once more: those of one room, or of all."""
        body = await body_of(request, OutboxReplay)
        if body.room is not None:
            again = await letters.replay(self._store, body.room, body.places)
            return json_response(Replayed(replayed={body.room: again}, unread=[]))
        if body.places is not None:
            raise CommandError("bad_message", "`places` are of one room: name it in `room`.")
        rooms = AllRooms(self._store)
        with reading():
            replayed = await rooms.replay()
        return json_response(Replayed(replayed=replayed, unread=rooms.unread[:PAGE_MAX]))

    async def skip(self, request: web.Request) -> web.Response:
        """Make a dead letter of the entry that holds up a room."""
        body = await body_of(request, OutboxSkip)
        await letters.skip(self._store, body.room, body.place)
        return web.Response(status=204)


def _age(letter: RoomLetter) -> tuple[int, str, int]:
    return letter.at, letter.room, int(letter.place.split("-")[0])


def _shown(backlog: Backlog) -> RoomOutbox:
    return RoomOutbox(
        room=backlog.room_id,
        lines_waiting=backlog.lines,
        lag_s=backlog.lag_s,
        dead_letters=backlog.dead,
        tries=backlog.tries,
        stuck_at=backlog.stuck_at,
        again_at=backlog.again_at,
    )
