"""Frames out of bytes, each handled before the next is read.

websockets parses all frames of a segment first and acts on a close frame at once. A command that
came before that close frame would then find the connection closed: our own close code could not be
sent. Here a frame is handled as if it had come in a segment of its own.
"""

from collections.abc import Callable

from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol


def _ignore(_: Frame) -> None:
    """Before the handshake has said whose frames these are."""


class FrameReader(ServerProtocol):
    """Calls `on_frame` with each valid frame as it is read."""

    on_frame: Callable[[Frame], None] = staticmethod(_ignore)

    def recv_frame(self, frame: Frame) -> None:
        """Check a frame, answer it as the protocol wants, and hand it on. Raises ProtocolError."""
        if frame.opcode is Opcode.PING and self.state is not State.OPEN:
            return  # a pong would come after our close frame
        super().recv_frame(frame)
        self.events.clear()  # `on_frame` takes their place
        self.on_frame(frame)
