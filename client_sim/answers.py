"""Checks that people are answered: a shop that is always `unavailable` breaks no other promise."""

from client_sim.checks import Findings
from client_sim.client.errors import RoomError
from client_sim.client.observer import Observer
from client_sim.client.state import Position
from client_sim.client.wire import Message


class Answers(Observer):
    """Watches one client; commands that came to nothing go to `findings`."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._who = "somebody"

    def joined(
        self,
        asked: Position | None,  # noqa: ARG002 - only who it is matters here
        reply: Message,
    ) -> None:
        """Learn the user's name."""
        self._who = reply["you"]["user"]

    def answered(
        self,
        command: Message,  # noqa: ARG002 - any command counts alike
        reply: Message,
        took_s: float,  # noqa: ARG002
    ) -> None:
        """Count an answer. `unavailable` is none: it is sent again, or has failed."""
        if reply["t"] == "ok" or reply["code"] not in ("unavailable", "internal"):
            self._findings.see("answered", True, self._who, "")

    def failed(self, op: str, error: RoomError) -> None:
        """Note a command that came to nothing."""
        self._findings.see("answered", False, self._who, f"`{op}` came to nothing: {error}")
