"""The interface of the edge for its connections, so that they need not import the edge."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Protocol, TypeVar

from server.access.auth import Identity
from server.edge.deadlines import Deadlines
from server.protocol.codec import CommandReader, Encoding
from server.rooms.dispatch import Dispatch
from server.rooms.open_rooms import OpenRooms
from server.settings import Settings
from server.telemetry.metrics import Metrics

Socket = TypeVar("Socket")


class Owner(Protocol[Socket]):
    """The methods that a connection calls on the edge that owns it."""

    settings: Settings
    metrics: Metrics
    loop: asyncio.AbstractEventLoop
    readers: Mapping[Encoding, CommandReader]
    rooms: OpenRooms
    dispatch: Dispatch
    draining: bool
    waiting_for_join: Deadlines[Socket]
    closing: Deadlines[Any]

    def watch_unread(self, connection: Socket) -> None:
        """Cut the connection unless its peer reads within `edge.unread_s_max`."""

    def join_wait_ms(self) -> int:
        """0 if a viewer may join now, else the wait before a retry."""

    def identify(self, token: str | None) -> Identity:
        """Return a token's identity. Raises BadToken, UnknownKey."""

    async def identify_late(self, token: str) -> Identity:
        """The same for a token whose key must be looked for. Raises BadToken, CommandError."""

    async def known_in(self, who: Identity, room_id: str) -> Identity:
        """Return the identity with the role it has in the room."""

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a command to its end."""

    def count(self, op: str, outcome: str, began_at: float) -> None:
        """Count an answered command."""

    def forget(self, connection: Socket) -> None:
        """Drop a connection whose socket is gone."""
