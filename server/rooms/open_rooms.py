"""The open rooms of this worker: the first viewer opens one, and it outlives the last a while."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from random import Random
from typing import Any, Protocol, Self

from server.access.auth import Identity
from server.background.repeating import Errands
from server.background.troubles import declare
from server.hub.crowd import Crowd
from server.hub.frame_writer import FrameWriter
from server.hub.member import Member
from server.protocol.codes import Close, CommandError
from server.protocol.joining import Join, Source
from server.protocol.message import Event
from server.protocol.roles import Role
from server.rooms.arrival import Arrival
from server.rooms.own import OwnPart
from server.rooms.room import Room
from server.rooms.stored import RoomReader
from server.settings import Settings
from server.store.bus import RoomBus
from server.store.commit import GroupCommit
from server.store.reading import reading
from server.store.room_store import UNAVAILABLE_RETRY_MS
from server.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

OwnPartsOf = Callable[[str, list[str]], Awaitable[list[OwnPart]]]
LetIn = Callable[[Identity, str], Awaitable[None]]


class Visits(AbstractAsyncContextManager[Any], Protocol):
    """Records each member who enters or leaves a room."""

    def came(self, room_id: str, member: Member, who: Identity, source: Source | None) -> None:
        """Record that a member entered the room."""

    def left(self, room_id: str, member: Member) -> None:
        """Record that a member left the room."""


RECONNECT_PER_S = 2000
"""Reconnects of viewers sent away are spread so that at most so many return per second."""
OWN_OF_MAX = 200
OWN_INTERVAL_S = 0.01
"""Least time between two reads of what joining users have done in a room. Each costs as much as the
rest of several joins, so those that come meanwhile share the next; the first waits for none."""
ROOM_ANEW_RETRY_MS = 200
LINGER_S_MIN = 0.1
"""Least time an empty room stays open, so that even with a setting of 0 a viewer gets in."""


def spread_ms(viewers: int, random: Random) -> int:
    """Draw the wait before one of `viewers` reconnects: a random slot in the span for all."""
    return random.randrange(100, 600 + viewers * 1000 // RECONNECT_PER_S)


class OpenRooms:
    """Opens rooms, lets members in and out, closes rooms. An async context manager.

    `own_of(room_id, users)` reads the users' own earlier actions in the room; `must_be_let_in`
    refuses users who may not enter a room; `visits` records who enters and leaves; `told` hear each
    event for one user who is here.
    """

    def __init__(
        self,
        reader: RoomReader,
        bus: RoomBus,
        own_of: OwnPartsOf,
        must_be_let_in: LetIn,
        settings: Settings,
        metrics: Metrics,
        random: Random,
        visits: Sequence[Visits] = (),
        told: Sequence[Callable[[str, str, Event], None]] = (),
    ) -> None:
        self._reader = reader
        self._visits = visits
        self._told = told
        self._bus = bus
        self._settings = settings
        self._metrics = metrics
        self._random = random
        self._crowd = Crowd()
        self._writer = FrameWriter(batched=settings.hub.batched_writes)
        self._rooms: dict[str, Room] = {}
        self._opening: dict[str, asyncio.Task[Room]] = {}
        self._lingering: dict[str, asyncio.TimerHandle] = {}
        self._openings = Errands("room opening", answered=(CommandError,))
        self._closings = Errands("room closing")
        declare("room fill")
        self._coming: Counter[str] = Counter()
        self._must_be_let_in = must_be_let_in
        self._own: GroupCommit[str, OwnPart] = GroupCommit(
            "mine_of",
            own_of,
            metrics,
            batch_max=OWN_OF_MAX,
            waiting_max=1_000_000,
            interval_s=OWN_INTERVAL_S,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._openings.aclose()
        await self._own.aclose()
        for timer in self._lingering.values():
            timer.cancel()
        for room in list(self._rooms.values()):
            self._end(room)
        await self._closings.finish()

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def __len__(self) -> int:
        return len(self._rooms)

    def get(self, room_id: str) -> Room | None:
        """Return the room if it is open on this worker."""
        return self._rooms.get(room_id)

    async def join(
        self,
        member: Member,
        who: Identity,
        room_id: str,
        cmd: Join,
        enter: Callable[[Room], None],
    ) -> None:
        """Let a member in: the reply to its join goes out as soon as the room can say it.

        `enter` is called with the room when that reply is written. Raises CommandError when the
        room does not exist or the store does not answer.
        """
        self._coming[room_id] += 1
        try:
            room = await self._open(room_id)
            arrival = Arrival(member, who, cmd, enter)
            await self._let_in(room, arrival)
        finally:
            self._coming[room_id] -= 1
            if not self._coming[room_id]:
                del self._coming[room_id]

    def join_open(
        self,
        member: Member,
        who: Identity,
        room: Room,
        cmd: Join,
        enter: Callable[[Room], None],
        refuse: Callable[[CommandError], None],
    ) -> None:
        """Let a member into an open room that everybody may enter, without a task of its own.

        `enter` or `refuse` is called, with what `join` would raise.
        """
        arrival = Arrival(member, who, cmd, enter)
        room.expect(arrival)
        if who.role is Role.GUEST:
            room.admit(arrival)
            return

        def own_read(own: OwnPart | None, refusal: CommandError | None) -> None:
            if refusal is None and room.is_over:
                refusal = _over(room)
            if refusal is not None:
                room.forget(arrival)
                if refusal.code == "not_found":
                    room.maybe_lost()  # what said that the room was deleted
                refuse(refusal)
                return
            arrival.own = own
            room.admit(arrival)

        self._own.submit_then(room.room_id, who.user, own_read)

    def _came_in(self, room: Room, arrival: Arrival) -> None:
        for visits in self._visits:
            visits.came(room.room_id, arrival.member, arrival.who, arrival.join.source)
        arrival.enter(room)

    async def _let_in(self, room: Room, arrival: Arrival) -> None:
        room.expect(arrival)
        try:
            # From here on, a user who loses the right to be here is sent out.
            await self._must_be_let_in(arrival.who, room.room_id)
            if arrival.who.role is not Role.GUEST:
                arrival.own = await self._own.submit(room.room_id, arrival.who.user)
            _must_not_be_over(room)
        except BaseException as error:
            room.forget(arrival)
            if isinstance(error, CommandError) and error.code == "not_found":
                room.maybe_lost()  # what said that the room was deleted
            raise
        room.admit(arrival)

    def left(self, room: Room, member: Member) -> None:
        """Remove a member; after the last one leaves, the room closes in a while."""
        room.leave(member)
        for visits in self._visits:
            visits.left(room.room_id, member)
        if len(room.audience) == 0 and self._rooms.get(room.room_id) is room:
            self._linger(room)

    def _linger(self, room: Room) -> None:
        timer = self._lingering.pop(room.room_id, None)
        if timer is not None:
            timer.cancel()
        self._lingering[room.room_id] = asyncio.get_running_loop().call_later(
            max(self._settings.rooms.linger_s, LINGER_S_MIN), self._close_if_empty, room
        )

    def _close_if_empty(self, room: Room) -> None:
        if room.is_over:
            return
        self._lingering.pop(room.room_id, None)
        if room.is_idle and room.room_id not in self._coming:
            self._end(room)
        elif len(room.audience) == 0:
            self._linger(room)  # a join under way may still fail

    async def _open(self, room_id: str) -> Room:
        room = self._rooms.get(room_id)
        if room is not None:
            return room
        opening = self._opening.get(room_id)
        if opening is None:
            opening = self._opening[room_id] = self._openings.start(
                self._open_new(room_id), room_id
            )
            opening.add_done_callback(lambda _: self._opening.pop(room_id, None))
        return await asyncio.shield(opening)

    async def _open_new(self, room_id: str) -> Room:
        await self._must_exist(room_id)
        room = Room(
            room_id,
            self._reader,
            self._settings,
            self._metrics,
            self._broken,
            self._came_in,
            self._random,
            self._crowd,
            self._writer,
            self._told,
        )
        try:
            await self._bus.subscribe(room_id, room)
            await room.load()
            _must_not_be_over(room)
        except TimeoutError:
            raise CommandError(
                "unavailable",
                "The room cannot be opened: its bus does not answer.",
                UNAVAILABLE_RETRY_MS,
            ) from None
        except BaseException:
            await self._bus.unsubscribe(room_id, room)
            raise
        self._rooms[room_id] = room
        self._metrics.rooms.set(len(self._rooms))
        self._linger(room)
        return room

    async def _must_exist(self, room_id: str) -> None:
        """Check with one cheap read, so that made-up ids cost no subscription."""
        key = self._reader.store.keys.room(room_id, "room")
        with reading():
            exists = await self._reader.store.redis.exists(key)
        if not exists:
            raise _no_room(room_id)

    def _broken(self, room: Room, why: Close) -> None:
        if self._rooms.get(room.room_id) is room:
            self.send_away(room, why)
        self._end(room)

    def send_away(self, room: Room, why: Close) -> None:
        """Close every connection of a room; clients that come back do so each in a time slot of its
        own."""
        members = [*room.audience, *room.turn_away()]
        for member in members:
            back_ms = spread_ms(len(members), self._random) if why.come_back else None
            member.close(why, back_ms)

    def _end(self, room: Room) -> None:
        """Give up this open room: the next join opens it afresh."""
        if self._rooms.get(room.room_id) is room:
            del self._rooms[room.room_id]
            self._metrics.rooms.set(len(self._rooms))
            if (timer := self._lingering.pop(room.room_id, None)) is not None:
                timer.cancel()  # it would keep the room in memory
        room.end()
        self._closings.start(self._close(room), room.room_id)

    async def _close(self, room: Room) -> None:
        await room.close()
        await self._bus.unsubscribe(room.room_id, room)


def _must_not_be_over(room: Room) -> None:
    if room.is_over:
        raise _over(room)


def _no_room(room_id: str) -> CommandError:
    return CommandError("not_found", f"There is no room `{room_id}`; check its id.")


def _over(room: Room) -> CommandError:
    if room.is_gone:
        return _no_room(room.room_id)
    return CommandError(
        "unavailable", "The room is being read anew; join again.", ROOM_ANEW_RETRY_MS
    )
