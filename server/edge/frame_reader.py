"""Reads frames from bytes and handles each before reading the next.

websockets parses all frames of a segment first and acts on a close frame at once. A command just
before that close frame would then meet a closed connection, and could not send a close code of our
own. Here each frame is handled as if it had come in a segment of its own.
"""

from collections.abc import Callable

from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol


def _ignore(_: Frame) -> None:
    """The `on_frame` until the handshake has set the real one."""


class FrameReader(ServerProtocol):
    """Calls `on_frame` with each valid frame as it is read."""

    on_frame: Callable[[Frame], None] = staticmethod(_ignore)

    def recv_frame(self, frame: Frame) -> None:
        """Check a frame, answer it by the protocol, and pass it on. Raises ProtocolError."""
        if frame.opcode is Opcode.PING and self.state is not State.OPEN:
            return  # a pong would come after our close frame
        super().recv_frame(frame)
        self.events.clear()  # `on_frame` replaces them
        self.on_frame(frame)

    def forget(self) -> None:
        """Break the cycles that would keep this, and the owner of `on_frame`, in memory."""
        self.on_frame = _ignore
        self.parser.close()
