"""One connection as the hub sees it: somewhere to write frames, and how far behind it is."""

import asyncio
from abc import ABC, abstractmethod
from typing import NamedTuple

from server.protocol.codec import CODECS, Codec, Encoding
from server.protocol.codes import Close
from server.protocol.joining import Joined
from server.protocol.message import Event, Reply


class Variant(NamedTuple):
    """What a member's frames look like on the wire; members of one variant share frames."""

    encoding: Encoding
    deflate: bool

    @property
    def codec(self) -> Codec:
        """The codec of this variant's encoding."""
        return CODECS[self.encoding]


class Member(ABC):
    """Somebody in an audience. The edge's connection is one; it adds nothing to a delivery.

    A member has no queue and no task: what could not be written stays in the transport as
    references to frames that all members share.
    """

    __slots__ = (
        "behind_since",
        "comments_missed",
        "exempt",
        "lent",
        "transport",
        "user",
        "variant",
    )

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        """Where frames go; None once the connection is closing."""
        self.variant = Variant(Encoding.JSON, False)
        """How frames are encoded for it; fixed by the handshake."""
        self.user = ""
        """Who it is; private events go to all members of a user."""
        self.exempt = False
        """Hosts and moderators see every comment: no budget, no sampling."""
        self.lent = False
        """Whether `exempt` was given by the room's host and not by the token: it can be taken."""
        self.behind_since = 0.0
        """Loop time since which its unsent bytes exceed the soft limit; 0 when it keeps up."""
        self.comments_missed = 0
        """Comments not written to it since it fell behind; told in a `gap` when it catches up."""

    def send(self, *messages: Reply | Event) -> None:
        """Write messages to this member alone, at once, as one frame."""
        if self.transport is not None:
            codec = self.variant.codec
            self.transport.write(codec.frame([codec.encode(message) for message in messages]))

    def send_joined(self, reply: Joined, room: bytes, *events: Event) -> None:
        """Write the reply to a join around the snapshot `room` that it shares with others."""
        if self.transport is not None:
            for piece in self.variant.codec.joined_frame(reply, room, events):
                self.transport.write(piece)

    @abstractmethod
    def close(self, why: Close, reconnect_ms: int | None = None) -> None:
        """Say `bye` and close; `reconnect_ms` is when to come back, None for never."""

    def abort(self) -> None:
        """Cut the connection without waiting for a reader that may be stuck."""
        if self.transport is not None:
            self.transport.abort()
