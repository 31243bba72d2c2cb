"""Closes connections that have outlived their tokens for too long."""

import asyncio
import math
from collections.abc import Callable, Collection

from server.background.clock import unix_ms
from server.background.repeating import Repeating
from server.edge.seat import Seat
from server.settings.jwt import Jwt

LOOK_S = 1.0
"""How often it is asked whether a token's time is over: so much later a connection may end."""
SLICE = 500
"""Connections that are looked at before other work on the loop gets a turn."""


class Expiry:
    """Calls `end(connection)` once `jwt.outlive_s` have passed since its token expired.

    All connections are looked at only once the first of them is due.
    """

    def __init__(
        self,
        settings: Jwt,
        connections: Collection[Seat],
        end: Callable[[Seat], None],
        now_ms: Callable[[], int] = unix_ms,
    ) -> None:
        # Until the leeway is over the token itself would still let its user in again.
        self._outlive_ms = (settings.outlive_s + settings.leeway_s) * 1000
        self._connections = connections
        self._end = end
        self._now_ms = now_ms
        self._next_ms: float = math.inf
        """When the first connection is due (Unix ms), or earlier."""
        self._repeating = Repeating("token ends", self.look, LOOK_S)

    def start(self) -> None:
        """Begin to look."""
        self._repeating.start()

    async def stop(self) -> None:
        """Look no more."""
        await self._repeating.stop()

    def note(self, expires_ms: int) -> None:
        """Take note that a connection has a token that expires then (Unix ms)."""
        self._next_ms = min(self._next_ms, expires_ms + self._outlive_ms)

    async def look(self) -> None:
        """End the connections that are due."""
        now = self._now_ms()
        if now < self._next_ms:
            return
        self._next_ms = math.inf
        connections = list(self._connections)
        for start in range(0, len(connections), SLICE):
            for connection in connections[start : start + SLICE]:
                self._look_at(connection, now)
            await asyncio.sleep(0)

    def _look_at(self, connection: Seat, now: int) -> None:
        who = connection.who
        if who is None or not who.expires_ms:
            return
        if who.expires_ms + self._outlive_ms > now:
            self.note(who.expires_ms)
            return
        try:
            self._end(connection)
        except Exception as error:  # the others must still end
            self._repeating.troubles.failed(error, connection.address)
            connection.cut()
