"""The room as its audience was told it: what a newcomer between two passes is shown.

Events wait in the audience for the next pass. A newcomer who was shown them, and then was in that
pass, would meet them twice; and one who waits for the pass waits long in a full room. So the room's
snapshot is kept as it was before the first event that waits. Whoever is shown that one is in step
with all others, who have the same events still to come.
"""

from collections.abc import Iterable
from typing import NamedTuple

from server.protocol.codec import Encoding
from server.protocol.joining import Last
from server.rooms.state import RoomState


class Shown(NamedTuple):
    """A snapshot's bytes, and its place in the stream."""

    room: bytes
    seq: int

    def suits(self, last: Last | None, epoch: str) -> bool:
        """Whether a client that saw the room at `last` has not seen later events already."""
        return last is None or last.epoch != epoch or last.seq <= self.seq


class Told:
    """The snapshots from before the first event that waits, one per encoding."""

    __slots__ = ("_rooms", "_seq", "passes")

    def __init__(self) -> None:
        self.passes = -1
        """How many passes had been made when these were kept; they serve until the next."""
        self._rooms: dict[Encoding, bytes] = {}
        self._seq = 0

    def keep(self, state: RoomState, encodings: Iterable[Encoding], passes: int) -> None:
        """Keep the room as it is now: all that was published has been told."""
        self.passes, self._seq = passes, state.position.seq
        self._rooms = {encoding: state.encoded(encoding) for encoding in encodings}

    def drop(self) -> None:
        """Keep nothing: the next pass is soon."""
        self.passes = -1
        self._rooms.clear()

    def shown(self, encoding: Encoding, passes: int) -> Shown | None:
        """Return what was kept since so many passes had been made, if anything was."""
        room = self._rooms.get(encoding) if passes == self.passes else None
        return None if room is None else Shown(room, self._seq)
