"""Gives rooms their turns: several at the same time, each room once, in order of arrival."""

from collections.abc import Awaitable, Callable

from server.background.repeating import Errands

WAITING_MAX = 10_000
"""Rooms that wait for a turn; further ones are not taken in, and found again at the next look."""


class Turns:
    """Calls `turn(room_id)` for each room that was added, for `at_once` rooms at the same time.

    A turn that returns True has not finished its room, which then waits behind the others.
    """

    def __init__(
        self, errands: Errands, turn: Callable[[str], Awaitable[bool]], at_once: int
    ) -> None:
        self._turn = turn
        self._at_once = at_once
        self._errands = errands
        self._waiting: dict[str, None] = {}
        self._running: set[str] = set()

    @property
    def are_awaited(self) -> bool:
        """Whether a room waits for a turn."""
        return bool(self._waiting)

    def add(self, room_id: str) -> None:
        """Give a room a turn, unless it has one or waits for one already."""
        if room_id not in self._running and len(self._waiting) < WAITING_MAX:
            self._waiting[room_id] = None
            self._fill()

    async def finish(self) -> None:
        """Wait until no room has a turn or waits for one."""
        await self._errands.finish()

    async def aclose(self) -> None:
        """Cancel all turns and wait until they have ended."""
        self._waiting.clear()
        await self._errands.aclose()

    def _fill(self) -> None:
        while self._waiting and len(self._running) < self._at_once:
            room_id = next(iter(self._waiting))
            del self._waiting[room_id]
            self._running.add(room_id)
            self._errands.start(self._have_turn(room_id), room_id)

    async def _have_turn(self, room_id: str) -> None:
        unfinished = False
        try:
            unfinished = await self._turn(room_id)
        finally:
            self._running.discard(room_id)
            if unfinished:
                self._waiting[room_id] = None
            self._fill()
