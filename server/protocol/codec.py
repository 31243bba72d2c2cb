"""Bytes in, commands out; messages in, bytes out. Two encodings, one typed vocabulary.

Each message is encoded once per encoding, however many clients get it. `Codec.encode` returns the
bytes of one message, `Codec.array` joins several into the array that one frame carries, and
`ws_frame` wraps the array into a WebSocket frame. The same frame is written to any number of
connections.
"""

import functools
import operator
import secrets
import struct
import zlib
from collections.abc import Sequence
from enum import Enum
from typing import Any, cast

import msgspec

from server.protocol.input import unknown_field
from server.protocol.joining import Joined
from server.protocol.message import Command, Event, Reply

TEXT = 0x1
BINARY = 0x2
_FIN = 0x80
_RSV1 = 0x40  # the frame is compressed, RFC 7692 section 6


class Encoding(Enum):
    """The format of messages; the value is the WebSocket subprotocol that selects it."""

    JSON = "liveroom.v1.json"
    MSGPACK = "liveroom.v1.msgpack"


_SHOWN_CHARS_MAX = 200  # a refusal quotes at most this much of the client's text


def _library(encoding: Encoding) -> Any:
    return msgspec.json if encoding is Encoding.JSON else msgspec.msgpack


SUBPROTOCOLS = {encoding.value: encoding for encoding in Encoding}


class UnreadableCommand(Exception):
    """A frame holds no valid command. `ref` is the command's `ref`, None if it is unreadable."""

    def __init__(self, msg: str, ref: int | None) -> None:
        super().__init__(msg)
        self.msg = msg
        self.ref = ref


class _Head(msgspec.Struct):
    """The fields needed to answer a command that does not decode."""

    ref: Any = None
    op: Any = None


class CommandReader:
    """Decodes commands in one encoding, and only the classes in `kinds`. Stateless."""

    def __init__(self, encoding: Encoding, kinds: Sequence[type[Command]]) -> None:
        self.encoding = encoding
        self._kinds = {str(kind.__struct_config__.tag): kind for kind in kinds}
        any_command: Any = functools.reduce(operator.or_, kinds)
        self._decode_command = _library(encoding).Decoder(any_command).decode
        self._decode_head = _library(encoding).Decoder(_Head).decode

    def decode(self, data: bytes) -> Command:
        """Decode one command from a frame's payload. Raises UnreadableCommand with a sentence."""
        try:
            return cast("Command", self._decode_command(data))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            raise self._unreadable(data, exc) from None

    def _unreadable(self, data: bytes, exc: Exception) -> UnreadableCommand:
        try:
            head = self._decode_head(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return UnreadableCommand(
                f"The frame is not one {self.encoding.name} object with `op` and `ref`.", None
            )
        ref = head.ref if type(head.ref) is int and 1 <= head.ref <= 2**53 else None
        if not isinstance(head.op, str):
            return UnreadableCommand("The command has no `op`; send one, for example `join`.", ref)
        if head.op not in self._kinds:
            return UnreadableCommand(f"There is no command `{head.op[:32]}`.", ref)
        if sentence := unknown_field(exc, self._kinds[head.op], f"`{head.op}`"):
            return UnreadableCommand(sentence, ref)
        reason = str(exc)[:_SHOWN_CHARS_MAX]
        return UnreadableCommand(f"The command `{head.op}` cannot be read: {reason}.", ref)


class Codec:
    """Writes messages in one encoding. Stateless; share one per encoding."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.opcode = TEXT if encoding is Encoding.JSON else BINARY
        self._encode = _library(encoding).Encoder().encode
        # Random per process, so that no client can send the placeholder of the snapshot.
        self._place: bytes = self._encode(secrets.token_hex(16))

    def encode(self, message: Reply | Event | msgspec.Struct) -> bytes:
        """Return the bytes of one message, for use in `array`."""
        return cast("bytes", self._encode(message))

    def array(self, parts: Sequence[bytes]) -> bytes:
        """Join encoded messages, in this order, into the payload of one frame."""
        if self.encoding is Encoding.JSON:
            return b"[" + b",".join(parts) + b"]"
        return _msgpack_array_head(len(parts)) + b"".join(parts)

    def frame(self, parts: Sequence[bytes], *, deflate_from: int | None = None) -> bytes:
        """Build a WebSocket frame; compress it if the payload has at least `deflate_from` bytes."""
        payload = self.array(parts)
        if deflate_from is not None and len(payload) >= deflate_from:
            return ws_frame(deflate(payload), self.opcode, compressed=True)
        return ws_frame(payload, self.opcode)

    def joined_frame(
        self, reply: Joined, room: bytes, others: Sequence[Event]
    ) -> tuple[bytes, bytes, bytes]:
        """Build the frame of a reply to `join` and the messages after it, in three pieces.

        The caller writes the pieces in order. The middle piece is `room`, the encoded snapshot, not
        copied: a thousand clients that join at once share one bytes object. `reply.room` is
        ignored.
        """
        before, after = self.joined_array(reply, others)
        head = _ws_head(len(before) + len(room) + len(after), _FIN | self.opcode)
        return head + before, room, after

    def joined_array(self, reply: Joined, others: Sequence[Event]) -> tuple[bytes, bytes]:
        """Encode the reply to `join` and the messages after it; return what stands before the
        encoded snapshot, and what after it. `reply.room` is ignored."""
        hollow = msgspec.structs.replace(reply, room=msgspec.Raw(self._place))
        payload = self.array([self.encode(message) for message in (hollow, *others)])
        before, after = payload.split(self._place, 1)
        return before, after


CODECS = {encoding: Codec(encoding) for encoding in Encoding}


def _msgpack_array_head(n: int) -> bytes:
    if n < 16:
        return bytes((0x90 | n,))
    if n < 0x10000:
        return b"\xdc" + n.to_bytes(2, "big")
    return b"\xdd" + n.to_bytes(4, "big")


def ws_frame(payload: bytes, opcode: int, *, compressed: bool = False) -> bytes:
    """Build one final, unmasked WebSocket frame (RFC 6455 section 5.2)."""
    return _ws_head(len(payload), _FIN | opcode | (_RSV1 if compressed else 0)) + payload


def _ws_head(size: int, first: int) -> bytes:
    if size < 126:
        return bytes((first, size))
    if size < 0x10000:
        return struct.pack("!BBH", first, 126, size)
    return struct.pack("!BBQ", first, 127, size)


def deflate(payload: bytes, packer: "zlib._Compress | None" = None) -> bytes:
    """Compress a payload for permessage-deflate (RFC 7692 section 7.2.1).

    Without a `packer` it is compressed alone: any reader can inflate it. With one, by what that has
    compressed before: by who got all of that.
    """
    packer = packer or zlib.compressobj(6, zlib.DEFLATED, -15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
