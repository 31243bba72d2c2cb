"""What every connection of the edge has, whether it speaks WebSocket or listens by HTTP."""

import asyncio
from abc import abstractmethod
from typing import Any, cast

from server.access.auth import Identity
from server.edge.owner import Owner
from server.hub.frame_writer import descriptor_of
from server.hub.member import Member
from server.protocol.joining import Source
from server.rooms.room import Room


class Seat(Member, asyncio.Protocol):
    """A member's socket: who sits there, in which room, and how far behind with reading.

    `_wire` is the transport until it is really gone; `transport` becomes None as soon as we close.
    """

    __slots__ = ("_edge", "_wire", "address", "room", "room_id", "source", "who")

    def __init__(self, edge: Owner[Any], address: str) -> None:
        super().__init__()
        self._edge = edge
        self._wire: asyncio.Transport | None = None
        self.address = address
        """The peer's IP address; `connections_per_address_max` limits connections per address."""
        self.room_id = ""
        """The room id in the path; only the join finds out whether the room exists."""
        self.room: Room | None = None
        """Set once the join was answered."""
        self.who: Identity | None = None
        """Set while joining and after."""
        self.source: Source | None = None
        """The source that brought the viewer here, as given in the join."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports only look like asyncio's.
        self.transport = self._wire = cast("asyncio.Transport", transport)
        soft = self._edge.settings.hub.unsent_soft_bytes
        self.transport.set_write_buffer_limits(high=soft, low=soft // 2)
        self.descriptor = descriptor_of(transport)

    def connection_lost(self, _exc: Exception | None) -> None:
        self.transport = self._wire = None
        self.descriptor = -1
        self._edge.forget(self)
        if self.room is not None:
            self._edge.rooms.left(self.room, self)
            self.room = None

    def pause_writing(self) -> None:
        self.behind_since = self._edge.loop.time()
        if self.room is not None:
            self.room.audience.fell_behind(self)
        else:  # a room watches the unread bytes of its members itself
            self._edge.watch_unread(self)

    def resume_writing(self) -> None:
        self.behind_since = 0.0
        if self.room is not None:
            self.room.audience.caught_up(self)

    def unread_is_due(self) -> None:
        """Cut the connection if the peer has been behind with reading for the whole wait."""
        bound_s = self._edge.settings.edge.unread_s_max
        if self.behind_since and self._edge.loop.time() - self.behind_since >= bound_s * 0.99:
            self._edge.metrics.closed.labels("unread").inc()
            self.cut()

    def cut(self) -> None:
        """End the socket at once: the peer did not answer our close, or reads nothing."""
        if self._wire is not None:
            self._wire.abort()

    @abstractmethod
    def is_silent_since(self, oldest: float) -> bool:
        """Whether nothing came from the peer since then (loop time), though something had to."""

    @abstractmethod
    def ping(self) -> None:
        """Write something small, so that proxies and the peer see that the connection lives."""
