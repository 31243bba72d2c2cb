"""The interface of a client's observers: they hear everything that is sent and received."""

from .errors import RoomError
from .state import Position
from .wire import Message


class Observer:
    """Override the methods you need. Called on the loop, in order, they must not block or raise.

    Events come as they were received, before the client drops repeated ones.
    """

    def joined(self, asked: Position | None, reply: Message) -> None:
        """A `join` was answered; `asked` is the `last` it carried."""

    def event(self, event: Message) -> None:
        """An event came in. Those in the `missed` of a join's reply are not told again here."""

    def answered(self, command: Message, reply: Message, took_s: float) -> None:
        """A command got its reply, `ok` or `err`."""

    def unanswered(self, command: Message) -> None:
        """A command was sent and no reply will come."""

    def failed(self, op: str, error: RoomError) -> None:
        """A command came to nothing by no rule of the room, and will not be sent again.

        It was refused as `unavailable` or `internal`, or not answered in time; if it is one that is
        repeated, it was so to the end. What was sent once and lost with its connection is not told
        here: a network may break.
        """

    def lost(self, code: int, reason: str) -> None:
        """The connection ended: its close code (0: none came) and reason (`client.LEFT`: by us)."""


class Observers(Observer):
    """Several observers as one."""

    def __init__(self, *observers: Observer) -> None:
        self._all = observers

    def joined(self, asked: Position | None, reply: Message) -> None:
        """See Observer."""
        for observer in self._all:
            observer.joined(asked, reply)

    def event(self, event: Message) -> None:
        """See Observer."""
        for observer in self._all:
            observer.event(event)

    def answered(self, command: Message, reply: Message, took_s: float) -> None:
        """See Observer."""
        for observer in self._all:
            observer.answered(command, reply, took_s)

    def unanswered(self, command: Message) -> None:
        """See Observer."""
        for observer in self._all:
            observer.unanswered(command)

    def failed(self, op: str, error: RoomError) -> None:
        """See Observer."""
        for observer in self._all:
            observer.failed(op, error)

    def lost(self, code: int, reason: str) -> None:
        """See Observer."""
        for observer in self._all:
            observer.lost(code, reason)
