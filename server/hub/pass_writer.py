"""Writes a tick to the members of an audience, group by group and in slices.

The members of a group, of one variant and one share, get the same frame, but for those who are
behind or for whom comments are meant that the others are not shown.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence

from server.hub.frame_writer import FrameWriter
from server.hub.member import Member, Variant
from server.hub.shared_window import Packed, SharedWindows
from server.hub.tick import Share, Tick
from server.settings.sections import Hub
from server.telemetry.metrics import Metrics

HURRIED_SLICE = 50
"""Viewers written to in a turn of the loop while somebody joins: about 0.3 ms. A join takes six
turns. Smaller slices cost a pass some percent more, so it has them only then."""


class PassWriter:
    """The writing half of one audience's passes."""

    def __init__(
        self,
        settings: Hub,
        metrics: Metrics,
        writer: FrameWriter,
        members_of: Callable[[str], Sequence[Member]],
        is_hurried: Callable[[], bool],
    ) -> None:
        """`members_of` returns the members of a user; `is_hurried`, see `Audience`."""
        self._settings, self._metrics, self._writer = settings, metrics, writer
        self._members_of, self._is_hurried = members_of, is_hurried
        self._windows = SharedWindows()
        self._loop = asyncio.get_running_loop()

    def write(self, tick: Tick, served: list[tuple[Variant, bool, list[Member]]]) -> Iterator[None]:
        """Write the tick to all members; yields to let other work on the loop run."""
        left_out = tick.users_left_out()
        for variant, exempt, members in served:
            share = Share.ALL if exempt else Share.BUDGET
            # The staff are few; and what they alone are told shares no window with a viewer's text.
            packed = None if exempt else self._windows.pack(tick, variant, len(members))
            shown, comments = tick.comments_shown(share), tick.comments_of(exempt=exempt)
            special = set() if exempt else self._with_own(tick, variant, left_out, members)
            start = 0
            while start < len(members):
                end = start + self._slice_viewers()
                ready = self._ready(tick, members[start:end], special)
                start = end
                written = self._write_alike(tick, variant, share, ready, packed)
                self._metrics.delivered.inc(written * shown)
                self._metrics.sampled_out.inc(written * (comments - shown))
                yield

    def note_left(self, variant: Variant, viewers: int) -> None:
        """Note that a viewer left, of a variant that so many still have."""
        self._windows.forget_if_few(variant, viewers)

    def _slice_viewers(self) -> int:
        """Return how many viewers the next slice of a pass writes to."""
        most = self._settings.slice_viewers_max
        return min(most, HURRIED_SLICE) if self._is_hurried() else most

    def _ready(self, tick: Tick, members: list[Member], special: set[Member]) -> list[Member]:
        """Return the members who take the frame of all; write to those who are behind."""
        ready: list[Member] = []
        for member in members:
            if member.transport is None or member in special:
                continue
            if member.behind_since:
                self._write_behind(tick, member)
            else:
                ready.append(member)
        return ready

    def _write_alike(
        self, tick: Tick, variant: Variant, share: Share, ready: list[Member], packed: Packed | None
    ) -> int:
        """Write the tick to these members; return how many it has something for: all or none."""
        if tick.is_empty(share):
            return 0
        alone = ready
        if packed is not None:
            followers, alone = packed.part(ready)
            self._write_frame(followers, packed.frame)
            packed.note_written(followers)
        if alone:
            if variant.window:
                for member in alone:
                    member.packed = 0
            self._write_frame(alone, tick.frame(variant, share))
        return len(ready)

    def _write_frame(self, members: list[Member], frame: bytes) -> None:
        self._writer.write(members, frame)
        self._metrics.frames.inc(len(members))
        self._metrics.bytes_out.inc(len(members) * len(frame))

    def _with_own(
        self, tick: Tick, variant: Variant, users: set[str], members: list[Member]
    ) -> set[Member]:
        """Write to the `members` who are among these users: what is meant for them is put back.
        Return them."""
        done: set[Member] = set()
        if not users:
            return done
        served = set(members)  # members added since have this tick in their snapshot
        for user in users:
            mine = served.intersection(self._members_of(user))
            frame = tick.frame_with_own(variant, user) if mine else b""
            for member in mine:
                if not member.behind_since and member.transport is not None:
                    member.packed = 0
                    member.transport.write(frame)
                    done.add(member)
        return done

    def _write_behind(self, tick: Tick, member: Member) -> None:
        member.comments_missed += tick.comments_of(exempt=member.exempt)
        frame = tick.frame(member.variant, Share.MUST)
        if frame and member.transport is not None:
            member.packed = 0
            member.transport.write(frame)
        self.cut_if_stuck(member)

    def cut_if_stuck(self, member: Member) -> None:
        """Cut a member's connection if too many bytes wait for it, or for too long."""
        transport = member.transport
        if transport is None:
            return
        too_much = transport.get_write_buffer_size() > self._settings.unsent_hard_bytes
        too_long = self._loop.time() - member.behind_since > self._settings.behind_s_max
        if too_much or too_long:
            self._metrics.cut_behind.inc()
            member.abort()
