"""The joins of a room that wait for their answer, and the snapshot that each is shown.

Events wait in the audience for the next pass. A newcomer who was shown them, and then was in that
pass, would meet them twice; and one who waits for the pass waits long in a full room. So the room's
snapshot is kept as it was before the first event that waits. Whoever is shown that one is in step
with all others, who have the same events still to come.
"""

import logging
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from server.hub.audience import Audience
from server.protocol.codec import Encoding
from server.protocol.codes import INTERNAL
from server.protocol.joining import Last
from server.rooms.arrival import Arrival
from server.rooms.state import RoomState

log = logging.getLogger(__name__)

QUICK_TICK_S = 0.01
"""With a tick of at most this, newcomers wait for the pass, and no snapshot is kept for them."""
FAILED_JOIN_RETRY_MS = 5000


class Shown(NamedTuple):
    """A snapshot's bytes, and its place in the stream."""

    room: bytes
    seq: int

    def suits(self, last: Last | None, epoch: str) -> bool:
        """Whether a client that saw the room at `last` has not seen later events already."""
        return last is None or last.epoch != epoch or last.seq <= self.seq


class Welcome:
    """Answers joins at once where it can, and `at_pass_max` at most at a pass.

    `state` gives the room's copy; `answer` writes a reply and adds the member to the audience.
    """

    def __init__(
        self,
        at_pass_max: int,
        state: Callable[[], RoomState],
        answer: Callable[[Arrival, Shown], None],
    ) -> None:
        self.audience: Audience
        """Set before the first join."""
        self._at_pass_max = at_pass_max
        self._state = state
        self._answer = answer
        self._at_pass: deque[Arrival] = deque()
        """Joins to answer at the next pass."""
        self._encodings: set[Encoding] = set()
        """Those that members of this room have asked for."""
        self._kept: dict[Encoding, Shown] = {}
        self._kept_at = -1
        """How many passes had begun when these were kept; they serve until the next."""

    def __bool__(self) -> bool:
        return bool(self._at_pass)

    def admit(self, arrival: Arrival) -> None:
        """Answer a join now, or at the next pass if it must be."""
        shown = self._as_told(arrival.member.variant.encoding)
        if shown is not None and shown.suits(arrival.join.last, self._state().epoch):
            self._try_answer(arrival, shown)
        else:
            self._at_pass.append(arrival)
            self.audience.wake()

    def turn_away(self) -> list[Arrival]:
        """Drop the joins that wait, and return them."""
        turned_away = list(self._at_pass)
        self._at_pass.clear()
        return turned_away

    def keep_shown(self) -> None:
        """Keep the room as it was told, before an event changes it.

        Must be called before each event is applied. Nothing is kept where the pass is soon.
        """
        if not self.audience.is_level:
            return  # kept at the first event that waits
        self._kept.clear()
        if self.audience.tick_s() > QUICK_TICK_S:
            self._kept_at = self.audience.passes
            self._kept = {encoding: self._as_it_is(encoding) for encoding in self._encodings}

    def _as_it_is(self, encoding: Encoding) -> Shown:
        state = self._state()
        return Shown(state.encoded(encoding), state.position.seq)

    def _as_told(self, encoding: Encoding) -> Shown | None:
        """The room as its audience was told it; None if that was not kept."""
        self._encodings.add(encoding)
        if self.audience.is_level:
            return self._as_it_is(encoding)
        return self._kept.get(encoding) if self._kept_at == self.audience.passes else None

    def answer_at_pass(self) -> bool:
        """Answer joins at the start of a pass, which tells all that was published; return whether
        more wait for the next."""
        for _ in range(min(len(self._at_pass), self._at_pass_max)):
            arrival = self._at_pass.popleft()
            self._try_answer(arrival, self._as_it_is(arrival.member.variant.encoding))
        return bool(self._at_pass)

    def _try_answer(self, arrival: Arrival, shown: Shown) -> None:
        try:
            self._answer(arrival, shown)
        except Exception:
            # One newcomer's failure must not cost the others theirs, nor the events of a pass.
            log.exception("A join of %s could not be answered.", arrival.who.user)
            arrival.member.close(INTERNAL, FAILED_JOIN_RETRY_MS)
