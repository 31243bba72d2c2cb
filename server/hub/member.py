"""A connection as the hub sees it: a transport for frames, and how far behind its reader is."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

from server.protocol.codec import CODECS, Codec, Encoding
from server.protocol.codes import Close
from server.protocol.joining import Joined
from server.protocol.message import Event, Reply
from server.protocol.sent_events import EVENT_END, event_head, sent_event


class Variant(NamedTuple):
    """The wire format of a member's frames; members of one variant share frames."""

    encoding: Encoding
    deflate: bool
    epoch: str = ""
    """The epoch that the ids of its frames name, for one who listens by HTTP and gets server-sent
    events; empty for one on a WebSocket."""
    window: bool = False
    """Whether its reader keeps the window of compressed frames, so that they may refer to earlier
    ones, see `shared_window`."""

    @property
    def codec(self) -> Codec:
        """The codec of this variant's encoding."""
        return CODECS[self.encoding]

    def frame(
        self, parts: Sequence[bytes], *, seq: int | None = None, deflate_from: int | None = None
    ) -> bytes:
        """Build the frame of encoded messages. `seq` is the place in the room's story after them,
        None if no must-event to the room is among them; it and `deflate_from` may go unused."""
        if self.epoch:
            return sent_event(self.codec.array(parts), self.epoch, seq)
        return self.codec.frame(parts, deflate_from=deflate_from)

    def joined_frame(
        self, reply: Joined, room: bytes, others: Sequence[Event]
    ) -> tuple[bytes, bytes, bytes]:
        """Build the frame of a reply to a join around the snapshot `room`, in three pieces."""
        if self.epoch:
            before, after = self.codec.joined_array(reply, others)
            return event_head(self.epoch, reply.seq) + before, room, after + EVENT_END
        return self.codec.joined_frame(reply, room, others)


class Member(ABC):
    """A receiver in an audience; the edge's `Connection` is a subclass.

    A member has no queue and no task: unwritten frames stay in the transport, as references to
    bytes that all members share.
    """

    __slots__ = (
        "behind_since",
        "comments_missed",
        "descriptor",
        "exempt",
        "lent",
        "packed",
        "transport",
        "user",
        "variant",
    )

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        """The transport that takes frames; None once the connection is closing."""
        self.descriptor = -1
        """The descriptor of its socket, if frames may go there past the transport, which has to be
        empty then; else -1."""
        self.variant = Variant(Encoding.JSON, False)
        """The format of its frames; fixed before it is in an audience."""
        self.user = ""
        """The user id; private events go to all members of a user."""
        self.exempt = False
        """Whether it sees every comment, without budget or sampling, as hosts and moderators do."""
        self.lent = False
        """Whether the room's host, not the token, gave `exempt`; the host can then take it back."""
        self.behind_since = 0.0
        """Loop time at which its unsent bytes went over the soft limit; 0 while it keeps up."""
        self.comments_missed = 0
        """Comments not written to it since it fell behind; sent as a `gap` when it catches up."""
        self.packed = 0
        """The number of the last compressed frame it got, if a shared window packed that; else 0.
        A frame compressed alone is in its reader's window, too, but in no shared one."""

    def send(self, *messages: Reply | Event) -> None:
        """Write messages to this member only, at once, as one frame."""
        if self.transport is not None:
            encode = self.variant.codec.encode
            self.transport.write(self.variant.frame([encode(message) for message in messages]))

    def send_joined(self, reply: Joined, room: bytes, *events: Event) -> None:
        """Write the reply to a join around the snapshot `room`, which other joins share."""
        if self.transport is not None:
            self.transport.writelines(self.variant.joined_frame(reply, room, events))

    @abstractmethod
    def close(self, why: Close, reconnect_ms: int | None = None, msg: str = "") -> None:
        """Send `bye` and close; `reconnect_ms` is the wait before a reconnect, None for never."""

    def abort(self) -> None:
        """Cut the connection at once, since the reader may be stuck."""
        if self.transport is not None:
            self.transport.abort()
