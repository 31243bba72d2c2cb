"""Members with a real socket and somebody at its other end, or with a transport that only notes."""

import asyncio
import json
import socket
import zlib
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec

from server.features.comments.messages import CommentEvent
from server.features.notices.messages import NoticeEvent
from server.hub.audience import Audience
from server.hub.frame_writer import descriptor_of
from server.hub.member import Member, Variant
from server.protocol.codec import Encoding
from server.protocol.codes import Close
from server.protocol.joining import Joined
from server.protocol.message import Event

Message = dict[str, Any]
JSON = Variant(Encoding.JSON, False)


def comment(n: int | str, user: str = "someone", text: str = "hi") -> CommentEvent:
    """A comment with the id `c<n>`."""
    return CommentEvent(id=f"c{n}", user=user, name=user, role="viewer", text=text, ts=1)


def notice(seq: int, text: str = "") -> NoticeEvent:
    """A must-event."""
    return NoticeEvent(seq=seq, text=text)


class Frames:
    """Takes bytes, gives the messages of whole server frames.

    With `window` it inflates as one who keeps the window of compressed frames (RFC 7692 section
    7.2.2), else each frame alone.
    """

    def __init__(self, *, window: bool = False) -> None:
        self._data = b""
        self._window = zlib.decompressobj(-15) if window else None
        self.packed_bytes = 0
        """Bytes of the payloads that came compressed."""
        self.arrays: list[list[Message]] = []
        """The messages of each frame, in order."""

    def feed(self, data: bytes) -> None:
        self._data += data
        while (frame := self._cut_off_one()) is not None:
            self.arrays.append(frame)

    @property
    def messages(self) -> list[Message]:
        return [message for array in self.arrays for message in array]

    def _cut_off_one(self) -> list[Message] | None:
        data = self._data
        if len(data) < 2:
            return None
        start, n = 2, data[1]
        if n >= 126:
            start = 4 if n == 126 else 10
            n = int.from_bytes(data[2:start], "big")
        if len(data) < start + n or len(data) < start:
            return None
        payload, self._data = data[start : start + n], data[start + n :]
        if data[0] & 0x40:
            self.packed_bytes += len(payload)
            inflater = self._window or zlib.decompressobj(-15)
            payload = inflater.decompress(payload + b"\x00\x00\xff\xff")
        if data[0] & 0x0F == 1:
            return cast("list[Message]", json.loads(payload))
        return cast("list[Message]", msgspec.msgpack.decode(payload))


class SentFrames(Frames):
    """Takes bytes, gives the messages of whole server-sent events; holds each id to its word."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        """The ids of the events that have one."""

    def feed(self, data: bytes) -> None:
        *events, self._data = (self._data + data).split(b"\n\n")
        for event in events:
            lines = [line.decode().partition(": ") for line in event.split(b"\n")]
            fields = {name: value for name, _, value in lines}
            if "data" in fields:
                messages = json.loads(fields["data"])
                self.arrays.append(messages)
                if said := [m["seq"] for m in messages if "seq" in m]:
                    self.ids.append(fields["id"])
                    assert fields["id"].endswith(f":{max(said)}"), event
                else:
                    assert "id" not in fields, event


class Listener(Member, asyncio.Protocol):
    """A member of an audience over one end of a socket pair, as the edge's connection is one."""

    def __init__(self, audience: Audience, soft_bytes: int) -> None:
        super().__init__()
        self._audience = audience
        self._soft_bytes = soft_bytes
        self.lost = asyncio.Event()
        self.closed_with: Close | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(high=self._soft_bytes, low=self._soft_bytes // 2)
        self.descriptor = descriptor_of(transport)

    def connection_lost(self, _: Exception | None) -> None:
        self.transport, self.descriptor = None, -1
        self._audience.remove(self)
        self.lost.set()

    def pause_writing(self) -> None:
        self.behind_since = asyncio.get_running_loop().time()
        self._audience.fell_behind(self)

    def resume_writing(self) -> None:
        self.behind_since = 0.0
        self._audience.caught_up(self)

    def close(self, why: Close, reconnect_ms: int | None = None, msg: str = "") -> None:
        self.closed_with = why


class Person:
    """Who sits at the other end: reads when asked to, and only then."""

    def __init__(self, member: Listener, sock: socket.socket) -> None:
        self.member = member
        variant = member.variant
        self.frames = SentFrames() if variant.epoch else Frames(window=variant.window)
        self._sock = sock

    async def read(self, most: int = 65_536) -> bool:
        """Take some bytes; False at the end."""
        try:
            data = await asyncio.get_running_loop().sock_recv(self._sock, most)
        except ConnectionResetError:
            return False
        self.frames.feed(data)
        return bool(data)

    async def until(self, wanted: Callable[[Message], bool], most: int = 65_536) -> list[Message]:
        """Read, `most` bytes at a time, until such a message; all there were, from the first."""
        while not any(map(wanted, self.frames.messages)):
            assert await self.read(most), "the connection ended"
        return self.frames.messages

    async def until_seq(self, seq: int, most: int = 65_536) -> list[Message]:
        """Read up to the must-event with this seq."""
        return await self.until(lambda m: m.get("seq") == seq, most)

    async def until_the_end(self) -> list[Message]:
        """Read until the connection is gone."""
        while await self.read():
            pass
        return self.frames.messages

    async def leave(self) -> None:
        """Close this end, and wait until the member has noticed."""
        self._sock.close()
        self.member.abort()
        await self.member.lost.wait()


async def sit_down(
    audience: Audience,
    user: str,
    *,
    variant: Variant = JSON,
    exempt: bool = False,
    soft_bytes: int = 8192,
    kernel_bytes: int | None = 8192,
) -> Person:
    """A new member over a socket pair; `kernel_bytes` bounds what the kernel holds for it."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    if kernel_bytes is not None:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, kernel_bytes)
    member = Listener(audience, soft_bytes)
    member.user, member.variant, member.exempt = user, variant, exempt
    await asyncio.get_running_loop().create_connection(lambda: member, sock=ours)
    audience.add(member)
    return Person(member, theirs)


class Notes:
    """Stands in for a transport where only the writes matter."""

    def __init__(self, *, window: bool = False) -> None:
        self.writes: list[bytes] = []
        self.frames = Frames(window=window)
        self.news = asyncio.Event()

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        self.frames.feed(data)
        self.news.set()

    def writelines(self, pieces: Iterable[bytes]) -> None:
        for piece in pieces:
            self.write(piece)

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        """Nothing to cut."""


class Noter(Member):
    """A member whose transport only notes; `fall_behind` and `catch_up` are told by hand.

    With `by_http` it listens to server-sent events, as the edge's stream does.
    """

    def __init__(
        self,
        user: str,
        *,
        exempt: bool = False,
        variant: Variant = JSON,
        by_http: bool = False,
    ) -> None:
        super().__init__()
        self.user, self.exempt, self.variant = user, exempt, variant
        self.notes = Notes(window=variant.window)
        self.by_http = by_http or bool(variant.epoch)
        if self.by_http:
            self.notes.frames = SentFrames()
        self.transport = cast("asyncio.Transport", self.notes)

    @property
    def messages(self) -> list[Message]:
        return self.notes.frames.messages

    async def until(self, wanted: Callable[[Message], bool]) -> list[Message]:
        """Wait for such a message; all there were, from the first."""
        while not any(map(wanted, self.messages)):
            self.notes.news.clear()
            await self.notes.news.wait()
        return self.messages

    async def until_seq(self, seq: int) -> list[Message]:
        """Wait for the must-event with this seq."""
        return await self.until(lambda message: message.get("seq") == seq)

    def send_joined(self, reply: Joined, room: bytes, *events: Event) -> None:
        if self.by_http:
            self.variant = self.variant._replace(epoch=reply.epoch)
        super().send_joined(reply, room, *events)

    def fall_behind(self, audience: Audience) -> None:
        self.behind_since = asyncio.get_running_loop().time()
        audience.fell_behind(self)

    def catch_up(self, audience: Audience) -> None:
        self.behind_since = 0.0
        audience.caught_up(self)

    def close(self, why: Close, reconnect_ms: int | None = None, msg: str = "") -> None:
        self.transport = None


def ids(messages: Iterable[Message]) -> list[str]:
    """The ids of the comments among the messages."""
    return [message["id"] for message in messages if message["t"] == "comment"]


def gaps(messages: Iterable[Message]) -> int:
    """The comments that all `gap`s among the messages confess to."""
    return sum(message["comments"] for message in messages if message["t"] == "gap")


def seqs(messages: Iterable[Message]) -> list[int]:
    """The seqs of the must-events among the messages."""
    return [message["seq"] for message in messages if "seq" in message]


async def settle(audience: Audience) -> None:
    """Let all passes end."""
    while audience._timer is not None or audience._passing is not None:
        await asyncio.sleep(0)
