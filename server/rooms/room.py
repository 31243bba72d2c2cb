"""A room as this worker has it open: its copy of the state, its audience, its place in the stream.

Each bus message is applied to the state and passed to the audience in one synchronous step. A room
never skips a must-event. When the bus may have lost messages, new ones wait until the room has read
the missing events from the stream. If the stream no longer has them, all viewers must join again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from random import Random
from typing import Any

from msgspec import Raw

from server.background.repeating import Errands
from server.hub.audience import Audience
from server.hub.crowd import Crowd
from server.hub.frame_writer import FrameWriter
from server.hub.member import Member
from server.protocol.codes import FORBIDDEN, NO_ROOM, RESYNC, Close, CommandError
from server.protocol.joining import You
from server.protocol.message import Event, RoleEvent
from server.protocol.roles import Role
from server.rooms.arrival import Arrival
from server.rooms.insiders import Insiders
from server.rooms.kept import KeptEvents
from server.rooms.naming import Host
from server.rooms.shape import StreamPage
from server.rooms.state import RoomState
from server.rooms.stored import RoomReader, StoredRoom
from server.rooms.welcome import Shown, Welcome
from server.settings import Settings
from server.store.bus import BusMessage, Position, Say
from server.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

WAITING_MESSAGES_MAX = 10_000
"""Most bus messages that wait for a fill; with more the worker can't keep up: the room closes."""
STAFF = "\x01staff"
"""The addressee of events for host and moderators only. It begins with a control character, which
no user id contains."""
FILL_RETRY_S = 0.5


class Room:
    """One open room. Made by `OpenRooms`; `load` must be awaited before anybody is admitted."""

    def __init__(
        self,
        room_id: str,
        reader: RoomReader,
        settings: Settings,
        metrics: Metrics,
        on_broken: Callable[["Room", Close], None],
        on_entered: Callable[["Room", Arrival], None],
        random: Random,
        crowd: Crowd | None = None,
        writer: FrameWriter | None = None,
        on_told: Sequence[Callable[[str, str, Event], None]] = (),
    ) -> None:
        self.room_id = room_id
        self.state: RoomState
        self.new_viewers: set[str] = set()
        """Users who joined since the last presence report."""
        self.insiders = Insiders()
        self._settings = settings
        self._shape = reader.shape
        self._stored = StoredRoom(reader, room_id, random)
        self._metrics = metrics
        self._on_broken = on_broken
        self._on_entered = on_entered
        self._on_told = on_told
        self._random = random
        self._welcome = Welcome(settings.hub.joins_per_tick_max, lambda: self.state, self._answer)
        self.audience = Audience(
            settings.hub,
            settings.edge.deflate_bytes_min,
            metrics,
            self._welcome.answer_at_pass,
            random,
            crowd,
            lambda: bool(self._expected),
            writer,
        )
        self._welcome.audience = self.audience
        self._kept = KeptEvents(settings.rooms.missed_events_max)
        self._newest: Event | None = None
        """The event at `state.position`, by which a fork of the stream is seen; None if unknown."""
        self._expected: dict[str, list[Arrival]] = {}
        self._waiting: deque[BusMessage[Any]] = deque()
        self._following = False
        self._in_doubt = False
        self._over = False
        self.is_gone = False
        """Whether this room is over because there is no such room any more."""
        self._fills = Errands("room fill")

    @property
    def host(self) -> Host:
        """The room's host; fixed when the room was made."""
        fields = self.state.fields
        return Host(fields.host, fields.host_name or fields.host)

    @property
    def is_over(self) -> bool:
        """Whether this room was closed or must be read again; it then lets nobody in."""
        return self._over

    @property
    def is_idle(self) -> bool:
        """Whether the room has no members and no joins under way."""
        return len(self.audience) == 0 and not self._expected and not self._welcome

    def now_ms(self) -> int:
        """The time by Redis' clock, as of the last load."""
        return self._stored.now_ms()

    async def load(self) -> None:
        """Read the room, then apply the bus messages that came meanwhile.

        Raises CommandError if there is no such room.
        """
        self.state = await self._stored.load()
        end = self.state.position
        after = Position(max(0, end.seq - self._settings.rooms.missed_events_max), 0)
        async for say in self._stored.events(after, end):
            self._newest = say.event
            if not say.user:
                self._kept.add(say)
        self._catch_up()

    # Joining and leaving

    def expect(self, arrival: Arrival) -> None:
        """Start to hold the arrival's private events for it."""
        self._expected.setdefault(arrival.who.user, []).append(arrival)

    def admit(self, arrival: Arrival) -> None:
        """Answer the join as soon as it can be, with a snapshot that others share."""
        self._welcome.admit(arrival)

    def forget(self, arrival: Arrival) -> None:
        """Stop holding events for an arrival that was admitted or will not be."""
        expected = self._expected.get(arrival.who.user, [])
        if arrival in expected:
            expected.remove(arrival)
            if not expected:
                del self._expected[arrival.who.user]

    def leave(self, member: Member) -> None:
        """Forget a member."""
        self.audience.remove(member)
        if not self.audience.members_of(member.user):
            self.insiders.forget(member.user)

    def turn_away(self) -> list[Member]:
        """Drop the unanswered joins; return their members."""
        return [arrival.member for arrival in self._welcome.turn_away()]

    def _answer(self, arrival: Arrival, shown: Shown) -> None:
        member, who, state = arrival.member, arrival.who, self.state
        self.forget(arrival)
        if member.transport is None:
            return
        missed, gap = self._kept.missed(
            arrival.join.last, state.epoch, shown.seq, member.variant.encoding
        )
        reply = self._shape.joined(
            ref=arrival.join.ref,
            you=You(who.user, who.name, self._role_of(arrival)),
            epoch=state.epoch,
            seq=shown.seq,
            now=self.now_ms(),
            room=Raw(),
            mine=arrival.mine,
            missed=missed,
            gap=gap,
            **self._shape.nobody | dict(arrival.beside),
        )
        member.send_joined(reply, shown.room, *arrival.owed())
        self._lend(member, who.user in state.moderators)
        self.audience.add(member)
        self.new_viewers.add(who.user)
        self._metrics.joins.inc()
        self._on_entered(self, arrival)

    def _role_of(self, arrival: Arrival) -> Role:
        role = arrival.who.role
        lent = role is Role.VIEWER and arrival.who.user in self.state.moderators
        return Role.MODERATOR if lent else role

    def _lend(self, member: Member, is_moderator: bool) -> None:
        """Give or take the moderators' view of the room; a view given by the token stays."""
        if member.lent or not member.exempt:
            member.lent = is_moderator
            self.audience.exempt(member, is_moderator)

    def has_inside(self, user: str) -> bool:
        """Whether a user who is here is known to belong to this fan group, from the cache."""
        return self._following and user in self.insiders and bool(self.audience.members_of(user))

    # The bus

    def heard(self, message: BusMessage[Any]) -> None:
        """Apply a bus message now, or after the fill that is under way."""
        if self._following:
            self._take(message)
        elif len(self._waiting) < WAITING_MESSAGES_MAX:
            self._waiting.append(message)
        else:
            self._break(f"{WAITING_MESSAGES_MAX} messages wait")

    def maybe_lost(self) -> None:
        """Compare the position with the stream, and read the missing events."""
        self.insiders.clear()
        if self._following:
            self._following = False
            self._fills.start(self._fill_hole(), self.room_id)
        else:
            self._in_doubt = True  # the fill under way may have read too early

    def _take(self, message: BusMessage[Any]) -> None:
        state = self.state
        if message.epoch != state.epoch:
            self._break("its epoch changed")
            return
        if message.deleted:
            self._vanish("deleted")
            return
        if message.before > state.position:
            self._waiting.appendleft(message)
            self.maybe_lost()
            return
        if message.comments_after is not None and not self._count(message):
            return
        for say in message.says:
            self._take_say(say)
        for user in message.left:
            self.insiders.lose(user)
        for user in message.gone:
            self._send_out(user)

    def _take_say(self, say: Say[Any]) -> None:
        if not say.user or say.user == STAFF:
            self._welcome.keep_shown()
        place = Position(say.seq, say.sub)
        if place > (0, 0):
            if place <= self.state.position:
                return
            self.state.position = place
            self._newest = say.event
        if say.user == STAFF:
            self.audience.tell_staff(say.event)
            return
        if say.user:
            if isinstance(say.event, RoleEvent):
                self._take_role(say.user, say.event)
            else:
                self.tell(say.user, say.event)
            return
        self.state.apply(say.event)
        if place > (0, 0):
            self._kept.add(say)
        self.audience.publish(say.event)

    def _take_role(self, user: str, event: RoleEvent) -> None:
        """Apply a new role. Users still joining get it from `state`."""
        is_moderator = event.role == "moderator"
        (self.state.moderators.add if is_moderator else self.state.moderators.discard)(user)
        self.insiders.lose(user)
        for member in self.audience.members_of(user):
            if member.lent or not member.exempt:  # else its own token makes it one
                self._lend(member, is_moderator)
                member.send(event)

    def users(self) -> Iterator[str]:
        """Yield the users who are here or joining."""
        return chain(self.audience.users(), self._expected)

    def tell(self, user: str, event: Event) -> bool:
        """Send to one user who is here or joining, at once; return whether there is one."""
        arrivals = self._expected.get(user, ())
        for arrival in arrivals:
            arrival.held.append(event)
        is_here = self.audience.tell(user, event) or bool(arrivals)
        if is_here:
            for hear in self._on_told:
                hear(self.room_id, user, event)
        return is_here

    def _send_out(self, user: str) -> None:
        arrivals = [arrival.member for arrival in self._expected.get(user, ())]
        for member in (*arrivals, *self.audience.members_of(user)):
            if not member.exempt:
                member.close(FORBIDDEN)

    def _count(self, message: BusMessage[Any]) -> bool:
        """Count a batch of comments and those missing before it; False if counted already."""
        assert message.comments_after is not None
        if message.comments_after <= self.state.counted:
            return False
        says = (say for say in message.says if not say.user)  # a shadow mute's are not counted
        here = sum(say.event.counted for say in says)
        lost = message.comments_after - here - self.state.counted
        self._welcome.keep_shown()
        if lost > 0:
            self.audience.count_lost(lost)
        self.state.counted = message.comments_after
        return True

    # Filling a hole

    async def _fill_hole(self) -> None:
        """Fill until nothing is missing, then apply the messages that waited."""
        while not self._over:
            self._in_doubt = False
            try:
                await self._fill_once()
                self._metrics.gap_fills.inc()
                self._catch_up()
            except CommandError as exc:
                if exc.code != "not_found":
                    await asyncio.sleep(FILL_RETRY_S)
                    continue
                self._vanish("no longer in Redis")
            except Exception:
                self._break("its stream can't be read")
                raise
            return

    async def _fill_once(self) -> None:
        """Read values outside the stream first, then the stream, which is then as new or newer."""
        loaded = await self._stored.load()
        # Staff who join from here on read all of these themselves.
        for_staff = await self._stored.for_staff() if self.audience.has_staff else []
        if loaded.epoch == self.state.epoch and loaded.counted < self.state.counted:
            await self._tell_of_fork(self.state.position)
        self._recover(loaded)
        while not self._over and await self._fill_page():
            pass
        if not self._over:
            self._take_values(loaded.values())
            for event in for_staff:
                self.audience.tell_staff(event)

    async def _fill_page(self) -> bool:
        """Apply one page of the stream; return whether more is left."""
        at = self.state.position
        page = await self._stored.page(at)
        lost = Position(page.seq, page.sub) < at or self._has_forked(page)
        if page.epoch == self.state.epoch and lost:
            await self._tell_of_fork(at)
            return False
        if page.epoch != self.state.epoch or page.gap:
            self._break("the stream no longer reaches back")
            return False
        for say in page.events:
            self._take_say(say)
        return self.state.position < Position(page.seq, page.sub)

    async def _tell_of_fork(self, at: Position) -> None:
        await self._stored.renew_epoch(self.state.epoch, at, forked=True)
        self._break("Redis has lost what viewers were told")

    def _has_forked(self, page: StreamPage) -> bool:
        """Whether Redis tells this room otherwise than its viewers were told, up to their position.

        A replica that became the primary without the last events gives their places to others; a
        position alone does not show that. The last event does: it differs, or is not there.
        """
        if self._newest is None or page.trimmed:
            return False
        return bool(page.here != self._newest)

    def _recover(self, loaded: RoomState) -> None:
        """Recover lost counted events, which are not in the stream: apply those that the room
        still shows, count the rest as lost."""
        if loaded.epoch != self.state.epoch:
            return
        lost = loaded.counted - self.state.counted
        self.state.counted = loaded.counted
        if lost <= 0:
            return
        found = self.state.recovered(loaded, lost)
        self._welcome.keep_shown()
        self._take_values(found)
        if lost > len(found):
            self.audience.count_lost(lost - len(found))

    def _take_values(self, values: Iterable[Event]) -> None:
        """Apply values that are not in the stream, such as stock and likes."""
        for event in values:
            self._welcome.keep_shown()
            self.state.apply(event)
            self.audience.publish(event)

    def _catch_up(self) -> None:
        self._following = True
        while self._waiting and self._following:
            self._take(self._waiting.popleft())
        if self._in_doubt and self._following:
            self.maybe_lost()

    def _break(self, why: str) -> None:
        if not self._over:
            log.warning("Room %s is read anew: %s.", self.room_id, why)
            self._give_up(RESYNC)

    def _vanish(self, how: str) -> None:
        if not self._over:
            log.info("Room %s is closed: it is %s.", self.room_id, how)
            self.is_gone = True
            self._give_up(NO_ROOM)

    def _give_up(self, close: Close) -> None:
        self._following = False
        self._over = True
        self._on_broken(self, close)

    def end(self) -> None:
        """Send nothing more; the members have been told to reconnect."""
        self._following = False
        self._over = True
        self.audience.close()

    async def close(self) -> None:
        """Stop, and wait for the room's background tasks."""
        self.end()
        await self._fills.aclose()
