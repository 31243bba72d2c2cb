"""Frames, read and written with `json` and `msgpack`: the second implementation of the protocol.

Messages are plain dicts here. What is absent on the wire is absent in the dict.
"""

import json
from enum import Enum
from typing import Any

import msgpack

from .errors import WireError

Message = dict[str, Any]


class Wire(Enum):
    """A way to exchange messages; for the first two the value is the WebSocket subprotocol."""

    JSON = "liveroom.v1.json"
    MSGPACK = "liveroom.v1.msgpack"
    STREAM = "text/event-stream"
    """JSON by HTTP: a stream of events, and commands by POST."""

    def pack(self, command: Message) -> str | bytes:
        """One command as the payload of a text frame or POST (JSON) or a binary frame (msgpack)."""
        if self is not Wire.MSGPACK:
            return json.dumps(command, ensure_ascii=False, separators=(",", ":"))
        packed: bytes = msgpack.packb(command)
        return packed

    def unpack(self, payload: str | bytes) -> list[Message]:
        """The messages of one frame, in order. Raises WireError."""
        kind = bytes if self is Wire.MSGPACK else str
        if not isinstance(payload, kind):
            raise WireError(f"The server sent a {type(payload).__name__} frame on {self.value}.")
        try:
            messages = msgpack.unpackb(payload) if kind is bytes else json.loads(payload)
        except (ValueError, msgpack.UnpackException) as exc:
            raise WireError(f"The server sent a frame that is not {self.name}: {exc}.") from None
        if not isinstance(messages, list) or not messages:
            raise WireError("The server sent a frame that is not an array of messages.")
        for message in messages:
            if not isinstance(message, dict) or not isinstance(message.get("t"), str):
                raise WireError(f"The server sent a message without `t`: {message!r:.80}.")
        return messages
