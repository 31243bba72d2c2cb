"""The errors of a client, in one tree."""


class RoomError(Exception):
    """The base of all errors of this package."""


class CommandRefused(RoomError):
    """The server refused a command; nothing was changed, unless `code` is `unavailable`.

    `code` stands in the table of errors of docs/protocol.md; `retry_ms` says when to try again, if
    ever.
    """

    def __init__(self, code: str, msg: str, retry_ms: int | None = None) -> None:
        super().__init__(f"{msg} ({code})")
        self.code = code
        self.msg = msg
        self.retry_ms = retry_ms


class Unanswered(RoomError):
    """No reply came: the connection was lost or the time was up. The outcome is unknown.

    `lost` says that it was the connection.
    """

    def __init__(self, msg: str, *, lost: bool = False) -> None:
        super().__init__(msg)
        self.lost = lost


class RoomClosed(RoomError):
    """The connection is over and the client will not come back by itself.

    `code` is the close code of the WebSocket (docs/protocol.md) or the HTTP status that says so, 0
    if there is none. `left` says that the client was left by its user: the only end that is none of
    the server or the network, and after which `events()` ends without an error.
    """

    def __init__(self, code: int, reason: str, *, left: bool = False) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.left = left


class WireError(RoomError):
    """The server sent something that is not a frame of this protocol."""
