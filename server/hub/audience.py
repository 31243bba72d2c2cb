"""A room's audience on this worker: its members, the events waiting for them, and the pass that
writes the events.

Events are gathered for a tick and then written to all members in one pass, one write per member. In
a quiet room an event goes out at once. The tick grows with the load, because fan-out costs one
system call per viewer and write (see `governor`). A pass runs in slices, so that replies on the
same loop never wait long. Nothing here awaits: a pass only hands bytes to transports.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from random import Random

from server.hub.crowd import Crowd
from server.hub.frame_writer import FrameWriter
from server.hub.member import Member, Variant
from server.hub.pass_writer import PassWriter
from server.hub.sampling import Budget
from server.hub.waiting import Waiting
from server.protocol.message import Event, GapEvent
from server.settings.sections import Hub
from server.telemetry.metrics import Metrics

log = logging.getLogger(__name__)


LONE_TICKS = 2.0
"""Ticks that a pass with a single comment is counted as, on a worker that has time. Two comments
would have shared it, so every so often one waits for company."""


class Audience:
    """The members of one room on one worker."""

    def __init__(
        self,
        settings: Hub,
        deflate_from: int,
        metrics: Metrics,
        before_pass: Callable[[], bool],
        random: Random,
        crowd: Crowd | None = None,
        is_hurried: Callable[[], bool] = lambda: False,
        writer: FrameWriter | None = None,
    ) -> None:
        """`before_pass` is called when the pass's frames hold exactly the events published so far:
        the moment to give newcomers a snapshot and add them. It returns whether more newcomers wait
        for the next pass. `is_hurried` tells whether something short waits for turns of the loop.
        """
        self._settings = settings
        self._metrics = metrics
        self._before_pass = before_pass
        self._loop = asyncio.get_running_loop()
        budget = Budget(settings.sample_per_s_max, self._loop.time(), random)
        self._waiting = Waiting(budget, deflate_from, metrics.conflated)
        self._groups: dict[tuple[Variant, bool], dict[Member, None]] = {}
        self._by_user: dict[str, tuple[Member, ...]] = {}
        self._size = 0
        self._crowd = crowd or Crowd()
        self._pass_writer = PassWriter(
            settings,
            metrics,
            writer or FrameWriter(batched=settings.batched_writes),
            self.members_of,
            is_hurried,
        )
        self._behind: set[Member] = set()
        self._timer: asyncio.Handle | None = None
        self._patrol: asyncio.Handle | None = None
        self._passing: Iterator[None] | None = None
        self._passed_at = 0.0
        self.passes = 0
        """How many passes have begun."""
        self._due = 0.0
        """Loop time from which on the next pass may begin."""
        self._holding = False
        """Whether a lone comment whose tick is over waits for company."""
        self._woken = 0
        """How often a pass was asked for since the last one."""
        self._more = False
        self._closed = False

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Member]:
        for group in self._groups.values():
            yield from list(group)

    # Members

    def add(self, member: Member) -> None:
        """Add a member, who gets everything published from now on."""
        self._groups.setdefault((member.variant, member.exempt), {})[member] = None
        self._by_user[member.user] = (*self._by_user.get(member.user, ()), member)
        self._size += 1
        self._crowd.size += 1
        if member.behind_since:
            self.fell_behind(member)

    def remove(self, member: Member) -> None:
        """Remove a member; does nothing if it is not here."""
        group = self._groups.get((member.variant, member.exempt), {})
        if member not in group:
            return
        del group[member]
        others = tuple(m for m in self._by_user[member.user] if m is not member)
        if others:
            self._by_user[member.user] = others
        else:
            del self._by_user[member.user]
        if not member.exempt:
            self._pass_writer.note_left(member.variant, len(group))
        self._behind.discard(member)
        self._size -= 1
        self._crowd.size -= 1
        if member.exempt:
            self._forget_staff_if_gone()

    def exempt(self, member: Member, exempt: bool) -> None:
        """Set whether a member sees every comment and the staff's events."""
        if member.exempt is exempt:
            return
        group = self._groups.get((member.variant, member.exempt), {})
        is_here = member in group
        if is_here:
            del group[member]
            if exempt:
                self._pass_writer.note_left(member.variant, len(group))
        member.exempt = exempt
        if is_here:
            self._groups.setdefault((member.variant, exempt), {})[member] = None
            self._forget_staff_if_gone()

    @property
    def is_level(self) -> bool:
        """Whether the passes, one under way included, tell everything published so far."""
        return not self._waiting

    @property
    def has_staff(self) -> bool:
        """Whether a host or moderator is here."""
        return any(exempt and group for (_, exempt), group in self._groups.items())

    def _forget_staff_if_gone(self) -> None:
        if not self.has_staff:
            self._waiting.forget_staff()

    def fell_behind(self, member: Member) -> None:
        """Send the member must-events only: its unsent bytes went over the soft limit."""
        self._behind.add(member)
        if self._patrol is None:
            self._patrol = self._loop.call_later(1.0, self._check_behind)

    def caught_up(self, member: Member) -> None:
        """Resume a member whose unsent bytes were read: send what it missed and the newest values.

        These are the newest values that a pass has sent: one that still waits would overtake the
        pass under way.
        """
        if member not in self._behind:
            return
        self._behind.discard(member)
        missed, member.comments_missed = member.comments_missed, 0
        owed: list[Event] = list(self._waiting.told(staff=member.exempt))
        if missed:
            owed.insert(0, GapEvent(comments=missed))
        if owed:
            member.send(*owed)

    # Publishing

    def publish(self, event: Event) -> None:
        """Send an event to all members, by the rules of its delivery class."""
        if self._waiting.add(event):
            self.wake()

    def users(self) -> Iterator[str]:
        """Yield each user who is here once."""
        return iter(self._by_user)

    def members_of(self, user: str) -> tuple[Member, ...]:
        """Return the members of one user."""
        return self._by_user.get(user, ())

    def tell(self, user: str, event: Event) -> bool:
        """Send an event to one user's members at once; return whether there are any."""
        members = self.members_of(user)
        for member in members:
            member.send(event)
        return bool(members)

    def tell_staff(self, event: Event) -> None:
        """Send an event to host and moderators only, by the rules of its delivery class.

        It must be a latest- or a sample-event. With no staff connected it is dropped.
        """
        if self.has_staff:
            self._waiting.add_for_staff(event)
            self.wake()

    def count_lost(self, comments: int) -> None:
        """Count comments that never reached this worker; all members learn of them in their next
        `gap`."""
        self._waiting.add_lost(comments)
        self.wake()

    # The pass

    def wake(self) -> None:
        """Schedule a pass: now if the last one is at least a tick ago, else when it will be."""
        self._woken += 1
        if self._passing is not None:
            self._more = True  # a join during a pass must not wait for the next event
        elif self._holding:
            self._schedule_pass()
        elif self._timer is None and not self._closed:
            if self._due <= self._loop.time():
                self._schedule_pass()
            else:
                self._timer = self._loop.call_at(self._due, self._tick_is_over)

    def _schedule_pass(self) -> None:
        self._holding = False
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_soon(self._start_pass)

    def tick_s(self) -> float:
        """Return the seconds over which messages are gathered now, see `governor`.

        The size of this audience alone does not matter: a hundred small rooms cost as much as one
        large one.
        """
        return self._crowd.tick_s(self._settings, self._size)

    @property
    def gathering(self) -> float:
        """The part of `bus.publish_interval_ms` over which comments are gathered now."""
        return self._crowd.governor.gathering

    def _tick_is_over(self) -> None:
        """Begin the pass, or let a lone comment wait for company: a tick more at most, and never
        longer than the head count's tick."""
        tick_s, longest_s = self.tick_s(), self._crowd.bounds(self._settings).longest_s
        last_call = min(self._due + tick_s, self._passed_at + longest_s)
        if self._woken > 1 or not self._waiting.is_lone or last_call <= self._loop.time():
            self._start_pass()
        else:
            self._holding = True
            self._timer = self._loop.call_at(last_call, self._start_pass)

    def _note_begin(self, now: float) -> None:
        """Set from when on the next pass may begin.

        On a worker that has time, a pass that comes late gives the next one so much more freedom,
        a tick at most: what counts is how many passes there are.
        """
        tick_s, longest_s = self.tick_s(), self._crowd.bounds(self._settings).longest_s
        if tick_s < longest_s:
            ticks = LONE_TICKS if self._waiting.is_lone else 1.0
            self._due = max(self._due, now - tick_s) + ticks * tick_s
        else:
            self._due = now + tick_s
        self._passed_at, self._woken, self._holding = now, 0, False
        self._metrics.tick_seconds.set(tick_s)
        self._metrics.pass_member_seconds.set(self._crowd.governor.member_s)
        self._metrics.other_work_ratio.set(self._crowd.governor.rest)

    def _start_pass(self) -> None:
        self._timer = None
        if self._passing is not None:
            return
        now = self._loop.time()
        self._note_begin(now)
        self.passes += 1
        tick = self._waiting.take_tick(now)
        viewers_too = tick is not None and not tick.for_staff_alone
        served = [
            (variant, exempt, list(group))
            for (variant, exempt), group in self._groups.items()
            if group and (exempt or viewers_too)
        ]
        self._more = self._before_pass()
        if tick is not None:
            self._crowd.begin_pass(self, sum(len(members) for _, _, members in served))
            self._passing = self._pass_writer.write(tick, served)
            self._continue_pass()
        elif self._more:
            self.wake()

    def _continue_pass(self) -> None:
        if self._passing is None:
            return
        try:
            next(self._passing)
        except StopIteration:
            self._end_pass()
        except Exception:
            log.exception("A pass over an audience failed; the next one goes on.")
            self._end_pass()
        else:
            self._loop.call_soon(self._continue_pass)

    def _end_pass(self) -> None:
        self._passing = None
        self._crowd.end_pass()
        self._metrics.pass_seconds.observe(self._loop.time() - self._passed_at)
        if self._waiting or self._more:
            self.wake()

    def _check_behind(self) -> None:
        self._patrol = None
        for member in list(self._behind):
            if member.transport is None:
                self._behind.discard(member)
            else:
                self._pass_writer.cut_if_stuck(member)
        if self._behind:
            self._patrol = self._loop.call_later(1.0, self._check_behind)

    def close(self) -> None:
        """Stop for good; nothing more is sent."""
        self._closed = True
        for handle in (self._timer, self._patrol):
            if handle is not None:
                handle.cancel()
        if self._passing is not None:
            self._crowd.end_pass()
        self._timer = self._patrol = self._passing = None
