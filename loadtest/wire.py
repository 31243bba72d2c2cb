"""Commands out, frames in: a second reading of protocol v1, on `json` and `msgpack`.

Viewers of a room get the same bytes, so a frame is taken apart once in a process and what it holds
is shared by all users: that is what lets one process carry thousands of them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgpack

Message = dict[str, Any]
_CACHED_MAX = 512


@dataclass(slots=True)
class Frame:
    """The messages of one frame. A user looks at `others` one by one."""

    size: int
    comments: list[Message] = field(default_factory=list)
    others: list[Message] = field(default_factory=list)
    left_out: int = 0


class Wire:
    """One encoding. `on_new` is told of each distinct frame, once in the process."""

    def __init__(self, encoding: str, on_new: Callable[[Frame], None]) -> None:
        self.subprotocol = f"liveroom.v1.{encoding}"
        self.binary = encoding == "msgpack"
        self._on_new = on_new
        self._frames: dict[bytes, Frame] = {}

    def command(self, op: str, ref: int, fields: Message) -> bytes:
        """A command's payload."""
        command = {"op": op, "ref": ref, **fields}
        if self.binary:
            packed: bytes = msgpack.packb(command)
            return packed
        return json.dumps(command, ensure_ascii=False, separators=(",", ":")).encode()

    def frame(self, payload: bytes) -> Frame:
        """Decode a frame. Raises ValueError if the bytes are no frame of this protocol."""
        known = self._frames.get(payload)
        if known is None:
            known = self._read(payload)
            if len(self._frames) >= _CACHED_MAX:
                self._frames.clear()
            self._frames[payload] = known
            self._on_new(known)
        return known

    def _read(self, payload: bytes) -> Frame:
        try:
            messages = msgpack.unpackb(payload) if self.binary else json.loads(payload)
        except Exception as error:
            raise ValueError(f"not {self.subprotocol}: {error}") from None
        if not isinstance(messages, list) or not messages:
            raise ValueError("a frame is an array of one or more messages")
        frame = Frame(len(payload))
        for message in messages:
            kind = message["t"]
            if kind == "comment":
                frame.comments.append(message)
            elif kind == "gap":
                frame.left_out += message["comments"]
            else:
                frame.others.append(message)
        return frame
