"""Checks one person's events: their order, the versions of stock, the comments that arrive.

Events must come without a gap over every reconnect; stock must not go back; and for the few who
are audited, each comment of the room must arrive or be told as left out.
"""

from collections.abc import Iterable

from loadtest.rehearsal import Rehearsal
from loadtest.wire import Message

_EDGE_MS = 1500
"""Comments this near to joining or leaving are not held against the server."""


class Witness:
    """Checks the events of `user`; faults go to the process's tally."""

    def __init__(self, rehearsal: Rehearsal, user: str, *, audited: bool) -> None:
        self.audited = audited
        self._room = rehearsal.comments
        self._tally = rehearsal.tally
        self._user = user
        self._last: tuple[str, int] | None = None
        self._versions: dict[str, int] = {}
        self._heard: set[str] = set()
        self._joined_ms = 0
        self._left_out = 0

    @property
    def last(self) -> Message | None:
        """Return this person's last position, as `join` takes it; None before the first join."""
        return None if self._last is None else {"epoch": self._last[0], "seq": self._last[1]}

    def joined(self, reply: Message) -> list[Message]:
        """The reply to a join; returns the events that were missed, now known to be contiguous."""
        self._joined_ms, self._left_out = reply["now"], 0
        self._heard.clear()
        missed: list[Message] = []
        if reply.get("gap"):
            self._tally.counts["resync"] += 1
        elif self._last is not None and self._last[0] == reply["epoch"]:
            # What was missed lies between the last seq heard and the reply's own.
            missed = reply.get("missed") or []
            for message in missed:
                self.event(message)
            if self._last[1] != reply["seq"]:
                self._tally.wrong(
                    "gap_after_resume",
                    f"{self._user} has seq {self._last[1]}, the room {reply['seq']}",
                )
        self._last = (reply["epoch"], reply["seq"])
        return missed

    def event(self, message: Message) -> None:
        """Any event but a comment."""
        if "seq" in message and self._last is not None:
            epoch, seq = self._last
            if message["seq"] != seq + 1:
                kind = "event_lost" if message["seq"] > seq else "event_twice"
                example = f"{self._user}: {message['t']} {message['seq']} after {seq}"
                self._tally.wrong(kind, example)
            self._last = (epoch, max(seq, message["seq"]))
        if message["t"] == "stock":
            sale, ver = message["sale"], message["ver"]
            if ver < self._versions.get(sale, 0):
                self._tally.wrong("stock_went_back", f"{sale}: {ver} after {self._versions[sale]}")
            self._versions[sale] = ver

    def comments(self, heard: Iterable[Message]) -> None:
        """Comments that arrived."""
        self._heard.update(comment["id"] for comment in heard)

    def left_out(self, n: int) -> None:
        """So many were told to have been left out."""
        self._left_out += n

    def leaves(self, now_ms: float) -> None:
        """At the end of a connection, check that the expected comments arrived."""
        if not self.audited:
            return
        expected = self._room.between(self._joined_ms + _EDGE_MS, int(now_ms) - _EDGE_MS)
        missing = len(expected - self._heard)
        self._tally.counts["audit.expected"] += len(expected)
        self._tally.counts["audit.missing"] += max(0, missing - self._left_out)
        self._heard.clear()
